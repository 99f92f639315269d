package sluice.shim;

import java.util.Map;

/** The `start` message (StartMessage in protocol.ts): what is the same for all calls of an instance. */
final class Settings {
    final int protocol;
    final String handler;
    final String initializer;
    final String preFreeze;
    final String preStop;
    final int maxPayloadBytes;
    final String codeFolder;
    final String accessKeyId;
    final String accessKeySecret;
    final String securityToken;
    final String functionName;
    final int memoryMb;
    final int timeoutMs;
    final String serviceName;
    final String logProject;
    final String logStore;
    final String versionId;

    Settings(String json) {
        Map<String, Object> message = Json.object(json);
        this.protocol = (int) number(message, "protocol");
        this.handler = text(message, "handler");
        this.initializer = text(message, "initializer");
        Map<String, Object> hooks = member(message, "hooks");
        this.preFreeze = text(hooks, "preFreeze");
        this.preStop = text(hooks, "preStop");
        this.maxPayloadBytes = (int) number(message, "maxPayloadBytes");
        this.codeFolder = text(message, "codeFolder");
        Map<String, Object> context = member(message, "context");
        Map<String, Object> credentials = member(context, "credentials");
        this.accessKeyId = text(credentials, "accessKeyId");
        this.accessKeySecret = text(credentials, "accessKeySecret");
        this.securityToken = text(credentials, "securityToken");
        Map<String, Object> function = member(context, "function");
        this.functionName = text(function, "name");
        this.memoryMb = (int) number(function, "memory");
        this.timeoutMs = (int) Math.round(number(function, "timeout") * 1000);
        Map<String, Object> service = member(context, "service");
        this.serviceName = text(service, "name");
        this.logProject = text(service, "logProject");
        this.logStore = text(service, "logStore");
        this.versionId = text(service, "versionId");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> member(Map<String, Object> object, String name) {
        return (Map<String, Object>) object.get(name);
    }

    private static String text(Map<String, Object> object, String name) {
        return (String) object.get(name);
    }

    private static double number(Map<String, Object> object, String name) {
        return (Double) object.get(name);
    }
}
