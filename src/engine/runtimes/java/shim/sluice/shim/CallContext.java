package sluice.shim;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.Credentials;
import com.aliyun.fc.runtime.FunctionComputeLogger;
import com.aliyun.fc.runtime.FunctionParam;
import com.aliyun.fc.runtime.OpenTracing;
import com.aliyun.fc.runtime.Service;
import java.util.HashMap;
import java.util.Map;

/** The context of one call (runtimes.md §4, §7), with the cloud's own interfaces. */
final class CallContext implements Context, Credentials, FunctionParam, Service, OpenTracing {
    /**
     * The cloud's interface has no place to say that a call is a probe of a release, so that the function may leave out
     * what costs. Tracing baggage is what callers tell the called by.
     */
    private static final String PROBE_BAGGAGE = "probe";

    private final Settings settings;
    private final CallHeader head;
    private final FunctionComputeLogger logger;

    CallContext(Settings settings, CallHeader head, Output output) {
        this.settings = settings;
        this.head = head;
        this.logger = new CallLogger(output, head.call, head.requestId);
    }

    @Override
    public String getRequestId() {
        return head.requestId;
    }

    @Override
    public Credentials getExecutionCredentials() {
        return this;
    }

    @Override
    public FunctionParam getFunctionParam() {
        return this;
    }

    @Override
    public Service getService() {
        return this;
    }

    @Override
    public FunctionComputeLogger getLogger() {
        return logger;
    }

    @Override
    public OpenTracing getTracing() {
        return this;
    }

    @Override
    public int getRetryCount() {
        return head.retryCount;
    }

    @Override
    public String getAccessKeyId() {
        return settings.accessKeyId;
    }

    @Override
    public String getAccessKeySecret() {
        return settings.accessKeySecret;
    }

    @Override
    public String getSecurityToken() {
        return settings.securityToken;
    }

    @Override
    public String getFunctionName() {
        return settings.functionName;
    }

    @Override
    public String getFunctionHandler() {
        return settings.handler;
    }

    @Override
    public String getFunctionInitializer() {
        return settings.initializer;
    }

    @Override
    public int getExecTimeLimitInMillis() {
        return settings.timeoutMs;
    }

    @Override
    public int getMemoryLimitInMB() {
        return settings.memoryMb;
    }

    @Override
    public String getName() {
        return settings.serviceName;
    }

    @Override
    public String getLogProject() {
        return settings.logProject;
    }

    @Override
    public String getLogStore() {
        return settings.logStore;
    }

    @Override
    public String getQualifier() {
        return head.qualifier;
    }

    @Override
    public String getVersionId() {
        return settings.versionId;
    }

    @Override
    public String getSpanContext() {
        return head.tracing == null ? "" : (String) head.tracing.get("openTracingSpanContext");
    }

    @Override
    @SuppressWarnings("unchecked")
    public Map<String, String> getSpanBaggages() {
        Map<String, String> baggages = new HashMap<>();
        if (head.tracing != null)
            baggages.putAll((Map<String, String>) head.tracing.get("openTracingSpanBaggages"));
        if (head.isProbe) baggages.put(PROBE_BAGGAGE, "true");
        return baggages;
    }

    @Override
    public String getJaegerEndpoint() {
        return head.tracing == null ? "" : (String) head.tracing.get("jaegerEndpoint");
    }
}
