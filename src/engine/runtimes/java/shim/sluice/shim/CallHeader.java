package sluice.shim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * The head of a call: u32 retry count with the probe and tracing bits, then request id, qualifier and, of a traced call,
 * JSON, each with a u16 length.
 * `payload` stands behind it afterwards, at the event, the HTTP head or the hook's name.
 */
final class CallHeader {
    final int call;
    final int retryCount;
    final boolean isProbe;
    final String requestId;
    final String qualifier;
    /** `CallTracing` of contract.ts; null: the call is not traced. */
    final Map<String, Object> tracing;
    final ByteBuffer payload;

    CallHeader(Channel.Frame frame) {
        this.call = frame.call;
        this.payload = ByteBuffer.wrap(frame.payload);
        int first = payload.getInt();
        this.retryCount = first & 0x3fffffff;
        this.isProbe = first < 0;
        this.requestId = text(payload.getShort() & 0xffff);
        this.qualifier = text(payload.getShort() & 0xffff);
        this.tracing = (first & 0x40000000) == 0 ? null : Json.object(text(payload.getShort() & 0xffff));
    }

    /** The next `length` bytes as text. */
    String text(int length) {
        return new String(bytes(length), UTF_8);
    }

    /** The next `length` bytes. */
    byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        payload.get(bytes);
        return bytes;
    }
}
