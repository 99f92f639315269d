package sluice.shim;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.aliyun.fc.runtime.FunctionInitializer;
import com.aliyun.fc.runtime.HttpRequestHandler;
import com.aliyun.fc.runtime.PojoRequestHandler;
import com.aliyun.fc.runtime.PreFreezeHandler;
import com.aliyun.fc.runtime.PreStopHandler;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Entry of a Java instance: takes frames from the engine on descriptor 3, runs the function, answers. Each call has a
 * thread of its own while it runs; the main thread only reads, and ends the instance when the engine goes away.
 */
public final class Main {
    private static final int PROTOCOL_VERSION = 1;
    private static final int START = 0x01;
    private static final int INITIALIZE = 0x02;
    private static final int INVOKE = 0x03;
    private static final int HTTP = 0x04;
    private static final int HOOK = 0x05;
    private static final byte[] EMPTY = new byte[0];

    private final Channel channel;
    private final Settings settings;
    private final Output output;
    private final UserCode code;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private Main(Channel channel, Settings settings) throws IOException {
        this.channel = channel;
        this.settings = settings;
        this.output = new Output(channel);
        this.code = new UserCode(settings.codeFolder);
        output.install();
    }

    public static void main(String[] arguments) throws Exception {
        Channel channel = new Channel(3);
        try {
            Channel.Frame first = channel.read();
            Settings settings = new Settings(new String(first.payload, UTF_8));
            if (first.type != START || settings.protocol != PROTOCOL_VERSION) Runtime.getRuntime().halt(1);
            Main main = new Main(channel, settings);
            main.output.write(0, "FunctionCompute java runtime inited.\n");
            channel.send(Channel.READY, 0, "{}".getBytes(UTF_8));
            while (true) main.take(channel.read());
        } catch (IOException closed) {
            Runtime.getRuntime().halt(0);
        }
    }

    private void take(Channel.Frame frame) {
        if (frame.type < INITIALIZE || frame.type > HOOK) Runtime.getRuntime().halt(1);
        CallHeader head = new CallHeader(frame);
        threads.execute(() -> run(frame.type, head));
    }

    private void run(int type, CallHeader head) {
        output.enter(head.call);
        try {
            Thread.currentThread().setContextClassLoader(code.loader());
            CallContext context = new CallContext(settings, head, output);
            if (type == HTTP) serve(head, context);
            else if (type == INVOKE) invoke(head, context);
            else if (type == HOOK) hook(head, context);
            else initialize(head, context);
        } catch (Failure failure) {
            channel.send(Channel.UNHANDLED, head.call, failure.document());
        } catch (Throwable thrown) {
            channel.send(Channel.UNHANDLED, head.call, Failure.document(thrown));
        }
    }

    private void initialize(CallHeader head, CallContext context) throws Throwable {
        Object object = code.find(settings.initializer, FunctionInitializer.class);
        ((FunctionInitializer) object).initialize(context);
        channel.send(Channel.RESULT, head.call, EMPTY);
    }

    private void hook(CallHeader head, CallContext context) throws Throwable {
        if (head.text(head.payload.remaining()).equals("preStop"))
            ((PreStopHandler) code.find(settings.preStop, PreStopHandler.class)).preStop(context);
        else ((PreFreezeHandler) code.find(settings.preFreeze, PreFreezeHandler.class)).preFreeze(context);
        channel.send(Channel.RESULT, head.call, EMPTY);
    }

    @SuppressWarnings("unchecked")
    private void invoke(CallHeader head, CallContext context) throws Throwable {
        Object object = code.find(settings.handler, StreamRequestHandler.class, PojoRequestHandler.class);
        byte[] event = head.bytes(head.payload.remaining());
        if (object instanceof StreamRequestHandler) {
            Answer answer = new Answer(settings.maxPayloadBytes);
            ((StreamRequestHandler) object).handleRequest(new ByteArrayInputStream(event), answer, context);
            if (answer.size() > settings.maxPayloadBytes) channel.sendTooLarge(head.call, answer.size());
            else channel.send(Channel.RESULT, head.call, answer.bytes());
            return;
        }
        byte[] answer = Pojo.call((PojoRequestHandler<Object, Object>) object, event, context);
        if (answer.length > settings.maxPayloadBytes) channel.sendTooLarge(head.call, answer.length);
        else channel.send(Channel.RESULT, head.call, answer);
    }

    /** The response goes out whole, so that what fails half-way is still an error and not half a page. */
    private void serve(CallHeader head, CallContext context) throws Throwable {
        Object object = code.find(settings.handler, HttpRequestHandler.class);
        HttpRequest request = new HttpRequest(Json.object(head.text(head.payload.getInt())), head.bytes(head.payload.remaining()));
        HttpResponse response = new HttpResponse(settings.maxPayloadBytes);
        ((HttpRequestHandler) object).handleRequest(request, response, context);
        Answer body = response.finish();
        if (body.size() > settings.maxPayloadBytes) channel.sendTooLarge(head.call, body.size());
        else channel.sendResponse(head.call, response.head(), body.bytes());
    }
}
