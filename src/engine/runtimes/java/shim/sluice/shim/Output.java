package sluice.shim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;

/** What a function prints, counted to the call whose thread (or whose thread's child) prints it. */
final class Output {
    private final Channel channel;
    private final InheritableThreadLocal<Integer> current = new InheritableThreadLocal<>();

    Output(Channel channel) {
        this.channel = channel;
    }

    /** Replaces the standard streams; what child processes and native code write still goes to the pipes. */
    void install() throws UnsupportedEncodingException {
        System.setOut(new PrintStream(new CallStream(), true, "UTF-8"));
        System.setErr(new PrintStream(new CallStream(), true, "UTF-8"));
    }

    /** What this thread prints from now on belongs to `call`. */
    void enter(int call) {
        current.set(call);
    }

    void write(int call, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        channel.sendLog(call, bytes, 0, bytes.length);
    }

    private final class CallStream extends OutputStream {
        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            Integer call = current.get();
            channel.sendLog(call == null ? 0 : call, bytes, from, length);
        }
    }
}
