package sluice.shim;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;

/**
 * The framed socket to the engine (runtimes/README.md): u32 length, u8 type, u32 call, payload; big endian. One thread
 * reads; any thread writes, and waits while the socket is full, so that log output never piles up here.
 */
final class Channel {
    static final int READY = 0x81;
    static final int RESULT = 0x82;
    static final int UNHANDLED = 0x84;
    static final int TOO_LARGE = 0x85;
    static final int LOG = 0x86;
    static final int HTTP_HEAD = 0x87;
    static final int HTTP_BODY = 0x88;
    static final int HTTP_END = 0x89;

    /** Longest log payload, and longest piece of a response's body, in bytes. */
    static final int MAX_PIECE_BYTES = 256 * 1024;

    private static final int HEADER_BYTES = 9;
    /** Payloads up to this size are copied behind their header instead of being written apart. */
    private static final int INLINE_BYTES = 32 * 1024;
    private static final byte[] EMPTY = new byte[0];

    /** A frame from the engine. */
    static final class Frame {
        final int type;
        final int call;
        final byte[] payload;

        Frame(int type, int call, byte[] payload) {
            this.type = type;
            this.call = call;
            this.payload = payload;
        }
    }

    private final DataInputStream in;
    private final FileOutputStream out;
    private final Object writing = new Object();

    /**
     * Java 8 opens no Unix socket, and `/proc/self/fd/3` of a socket cannot be opened, so the descriptor itself is put
     * into the class that stands for one. Newer Javas want `--add-opens java.base/java.io=ALL-UNNAMED` for it.
     */
    Channel(int number) throws ReflectiveOperationException {
        FileDescriptor descriptor = new FileDescriptor();
        Field field = FileDescriptor.class.getDeclaredField("fd");
        field.setAccessible(true);
        field.setInt(descriptor, number);
        this.in = new DataInputStream(new BufferedInputStream(new FileInputStream(descriptor), 64 * 1024));
        this.out = new FileOutputStream(descriptor);
    }

    /** The next frame; waits for it. Throws EOFException when the engine has closed the socket. */
    Frame read() throws IOException {
        byte[] payload = new byte[in.readInt()];
        int type = in.readUnsignedByte();
        int call = in.readInt();
        in.readFully(payload);
        return new Frame(type, call, payload);
    }

    void send(int type, int call, byte[] payload) {
        send(type, call, payload, 0, payload.length);
    }

    private void send(int type, int call, byte[] payload, int from, int length) {
        boolean inline = length <= INLINE_BYTES;
        byte[] frame = new byte[HEADER_BYTES + (inline ? length : 0)];
        putHeader(frame, 0, type, call, length);
        if (inline) System.arraycopy(payload, from, frame, HEADER_BYTES, length);
        synchronized (writing) {
            write(frame, 0, frame.length);
            if (!inline) write(payload, from, length);
        }
    }

    /** `size` is what the answer would have had, in bytes. */
    void sendTooLarge(int call, long size) {
        byte[] payload = new byte[4];
        putInt(payload, 0, (int) Math.min(size, 0xffffffffL));
        send(TOO_LARGE, call, payload);
    }

    /** Log output of any length. */
    void sendLog(int call, byte[] bytes, int from, int length) {
        for (int at = 0; at < length; at += MAX_PIECE_BYTES)
            send(LOG, call, bytes, from + at, Math.min(MAX_PIECE_BYTES, length - at));
    }

    /** The whole response of an HTTP call: head, pieces and end; one write where it is small. */
    void sendResponse(int call, byte[] head, byte[] body) {
        if (head.length + body.length > INLINE_BYTES) {
            send(HTTP_HEAD, call, head);
            for (int at = 0; at < body.length; at += MAX_PIECE_BYTES)
                send(HTTP_BODY, call, body, at, Math.min(MAX_PIECE_BYTES, body.length - at));
            send(HTTP_END, call, EMPTY);
            return;
        }
        int pieces = body.length > 0 ? 3 : 2;
        byte[] frames = new byte[pieces * HEADER_BYTES + head.length + body.length];
        int at = putFrame(frames, 0, HTTP_HEAD, call, head);
        if (body.length > 0) at = putFrame(frames, at, HTTP_BODY, call, body);
        putFrame(frames, at, HTTP_END, call, EMPTY);
        synchronized (writing) {
            write(frames, 0, frames.length);
        }
    }

    private void write(byte[] bytes, int from, int length) {
        try {
            out.write(bytes, from, length);
        } catch (IOException gone) {
            // Without its engine an instance has no purpose.
            Runtime.getRuntime().halt(1);
        }
    }

    private static int putFrame(byte[] target, int at, int type, int call, byte[] payload) {
        putHeader(target, at, type, call, payload.length);
        System.arraycopy(payload, 0, target, at + HEADER_BYTES, payload.length);
        return at + HEADER_BYTES + payload.length;
    }

    private static void putHeader(byte[] target, int at, int type, int call, int length) {
        putInt(target, at, length);
        target[at + 4] = (byte) type;
        putInt(target, at + 5, call);
    }

    private static void putInt(byte[] target, int at, int value) {
        target[at] = (byte) (value >>> 24);
        target[at + 1] = (byte) (value >>> 16);
        target[at + 2] = (byte) (value >>> 8);
        target[at + 3] = (byte) value;
    }
}
