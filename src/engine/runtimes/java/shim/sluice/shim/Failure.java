package sluice.shim;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Error documents of runtimes.md §11. */
final class Failure extends Exception {
    private static final long serialVersionUID = 1L;
    /** Error texts longer than this are cut (characters). */
    private static final int MAX_TEXT = 256 * 1024;
    private static final int MAX_FRAMES = 200;
    private static final String OWN = Failure.class.getPackage().getName() + ".";

    private final String type;

    /** The code cannot be used as it is configured; `type` is the document's errorType. */
    Failure(String type, String message, Throwable cause) {
        super(message, cause);
        this.type = type;
    }

    byte[] document() {
        StringBuilder json = new StringBuilder("{\"errorMessage\":");
        Json.quote(json, cut(getMessage()));
        json.append(",\"errorType\":");
        Json.quote(json, type);
        if (getCause() != null) appendStack(json, getCause());
        return json.append('}').toString().getBytes(UTF_8);
    }

    /** The document of anything that the function threw. */
    static byte[] document(Throwable thrown) {
        StringBuilder json = new StringBuilder("{\"errorMessage\":");
        Json.quote(json, cut(messageOf(thrown)));
        json.append(",\"errorType\":");
        Json.quote(json, thrown.getClass().getName());
        json.append(",\"errorCause\":");
        Json.quote(json, cut(messageOf(rootOf(thrown))));
        appendStack(json, thrown);
        return json.append('}').toString().getBytes(UTF_8);
    }

    /** From the innermost frame to the last one that is the function's own. */
    private static void appendStack(StringBuilder json, Throwable thrown) {
        json.append(",\"stackTrace\":[");
        int written = 0;
        for (StackTraceElement frame : thrown.getStackTrace()) {
            if (written == MAX_FRAMES || frame.getClassName().startsWith(OWN)) break;
            if (written > 0) json.append(',');
            Json.quote(json, text(frame));
            written += 1;
        }
        json.append(']');
    }

    /** `pkg.Class.method(File.java:n)`; Java's own text has module and loader in front since Java 9. */
    private static String text(StackTraceElement frame) {
        String file = frame.getFileName();
        String place = frame.isNativeMethod() ? "Native Method" : file == null ? "Unknown Source" : file;
        if (file != null && frame.getLineNumber() >= 0) place = file + ":" + frame.getLineNumber();
        return frame.getClassName() + "." + frame.getMethodName() + "(" + place + ")";
    }

    private static String messageOf(Throwable thrown) {
        try {
            String message = thrown.getMessage();
            return message == null ? thrown.getClass().getName() : message;
        } catch (RuntimeException broken) {
            return thrown.getClass().getName();
        }
    }

    private static Throwable rootOf(Throwable thrown) {
        Throwable root = thrown;
        // Bounded: a cause may lead back to where it began.
        for (int depth = 0; depth < 100 && root.getCause() != null; depth += 1) root = root.getCause();
        return root;
    }

    private static String cut(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "...[cut]" : text;
    }
}
