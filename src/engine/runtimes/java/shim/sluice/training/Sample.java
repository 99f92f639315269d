package sluice.training;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.HttpRequestHandler;
import com.aliyun.fc.runtime.PojoRequestHandler;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** A function whose two calls show the JVM what an instance loads, once per JRE (class-sharing.ts). */
public final class Sample implements PojoRequestHandler<Sample.Bean, Map<String, Object>>, HttpRequestHandler {
    /** What the event holds. */
    public static final class Bean {
        private String name;

        public String getName() {
            return name;
        }

        public void setName(String name) {
            this.name = name;
        }
    }

    private final CountDownLatch invoked = new CountDownLatch(1);

    @Override
    public Map<String, Object> handleRequest(Bean input, Context context) {
        context.getLogger().info("trained");
        System.out.println("trained");
        // Ends the process in the orderly way: only then is the archive written.
        Thread end = new Thread(
                () -> {
                    try {
                        invoked.await();
                        Thread.sleep(200);
                    } catch (InterruptedException early) {
                        Thread.currentThread().interrupt();
                    }
                    System.exit(0);
                });
        end.start();
        return Collections.<String, Object>singletonMap("name", input.getName());
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) throws IOException {
        response.setContentType("text/plain");
        response.getWriter().write(request.getMethod() + request.getParameterMap().size());
        invoked.countDown();
    }
}
