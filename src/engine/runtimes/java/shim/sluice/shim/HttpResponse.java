package sluice.shim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.servlet.ServletOutputStream;
import javax.servlet.WriteListener;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletResponse;

/**
 * The response of an HTTP handler: collected here and sent whole when the handler returns, so it is never committed
 * before. Text is UTF-8 unless the function says otherwise.
 */
final class HttpResponse implements HttpServletResponse {
    private final Answer body;
    private final BodyStream stream = new BodyStream();
    /** Name in lower case → pairs of the name as given and a value. */
    private final Map<String, List<String[]>> headers = new LinkedHashMap<>();
    private int status = SC_OK;
    private String encoding;
    private Locale locale = Locale.getDefault();
    private PrintWriter writer;

    HttpResponse(int maxBytes) {
        this.body = new Answer(maxBytes);
    }

    /** Writes out what the writer holds; the body may be larger than the limit. */
    Answer finish() {
        if (writer != null) writer.flush();
        return body;
    }

    /** The head as the protocol wants it. */
    byte[] head() {
        StringBuilder json = new StringBuilder("{\"status\":").append(status).append(",\"headers\":[");
        String separator = "";
        for (List<String[]> pairs : headers.values())
            for (String[] pair : pairs) {
                json.append(separator).append('[');
                Json.quote(json, pair[0]);
                json.append(',');
                Json.quote(json, pair[1]);
                json.append(']');
                separator = ",";
            }
        return json.append("]}").toString().getBytes(UTF_8);
    }

    @Override
    public void setStatus(int code) {
        status = code;
    }

    @Override
    @Deprecated
    public void setStatus(int code, String message) {
        status = code;
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public void sendError(int code, String message) {
        reset();
        status = code;
        setContentType("text/plain; charset=utf-8");
        byte[] bytes = message.getBytes(UTF_8);
        body.write(bytes, 0, bytes.length);
    }

    @Override
    public void sendError(int code) {
        reset();
        status = code;
    }

    @Override
    public void sendRedirect(String location) {
        resetBuffer();
        status = SC_FOUND;
        setHeader("Location", location);
    }

    /** A null value takes the header away. */
    @Override
    public void setHeader(String name, String value) {
        headers.remove(name.toLowerCase(Locale.ROOT));
        addHeader(name, value);
    }

    @Override
    public void addHeader(String name, String value) {
        if (value == null) return;
        String key = name.toLowerCase(Locale.ROOT);
        if (key.equals("content-type")) {
            headers.remove(key);
            if (MediaType.charsetOf(value) != null) encoding = MediaType.charsetOf(value);
        }
        headers.computeIfAbsent(key, each -> new ArrayList<>()).add(new String[] {name, value});
    }

    @Override
    public void setDateHeader(String name, long timeMs) {
        setHeader(name, HttpDate.format(timeMs));
    }

    @Override
    public void addDateHeader(String name, long timeMs) {
        addHeader(name, HttpDate.format(timeMs));
    }

    @Override
    public void setIntHeader(String name, int value) {
        setHeader(name, Integer.toString(value));
    }

    @Override
    public void addIntHeader(String name, int value) {
        addHeader(name, Integer.toString(value));
    }

    @Override
    public boolean containsHeader(String name) {
        return headers.containsKey(name.toLowerCase(Locale.ROOT));
    }

    @Override
    public String getHeader(String name) {
        List<String[]> pairs = headers.get(name.toLowerCase(Locale.ROOT));
        return pairs == null ? null : pairs.get(0)[1];
    }

    @Override
    public Collection<String> getHeaders(String name) {
        List<String> values = new ArrayList<>();
        List<String[]> pairs = headers.get(name.toLowerCase(Locale.ROOT));
        if (pairs != null) for (String[] pair : pairs) values.add(pair[1]);
        return values;
    }

    @Override
    public Collection<String> getHeaderNames() {
        Collection<String> names = new LinkedHashSet<>();
        for (List<String[]> pairs : headers.values()) names.add(pairs.get(0)[0]);
        return Collections.unmodifiableCollection(names);
    }

    @Override
    public void addCookie(Cookie cookie) {
        StringBuilder text = new StringBuilder(cookie.getName()).append('=').append(cookie.getValue());
        if (cookie.getPath() != null) text.append("; Path=").append(cookie.getPath());
        if (cookie.getDomain() != null) text.append("; Domain=").append(cookie.getDomain());
        if (cookie.getMaxAge() >= 0) text.append("; Max-Age=").append(cookie.getMaxAge());
        if (cookie.getSecure()) text.append("; Secure");
        if (cookie.isHttpOnly()) text.append("; HttpOnly");
        addHeader("Set-Cookie", text.toString());
    }

    @Override
    public String encodeURL(String url) {
        return url;
    }

    @Override
    public String encodeRedirectURL(String url) {
        return url;
    }

    @Override
    @Deprecated
    public String encodeUrl(String url) {
        return url;
    }

    @Override
    @Deprecated
    public String encodeRedirectUrl(String url) {
        return url;
    }

    @Override
    public String getCharacterEncoding() {
        return encoding == null ? UTF_8.name() : encoding;
    }

    @Override
    public void setCharacterEncoding(String name) {
        encoding = name;
        String type = getContentType();
        if (type != null) setHeader("Content-Type", MediaType.typeOf(type) + "; charset=" + name);
    }

    @Override
    public String getContentType() {
        return getHeader("content-type");
    }

    /** A charset that was set before is added, as the standard says. */
    @Override
    public void setContentType(String type) {
        boolean isOpen = type != null && encoding != null && MediaType.charsetOf(type) == null;
        setHeader("Content-Type", isOpen ? type + "; charset=" + encoding : type);
    }

    @Override
    public ServletOutputStream getOutputStream() {
        return stream;
    }

    @Override
    public PrintWriter getWriter() {
        if (writer == null)
            writer = new PrintWriter(new OutputStreamWriter(stream, Charset.forName(getCharacterEncoding())));
        return writer;
    }

    /** The engine counts the body itself. */
    @Override
    public void setContentLength(int length) {}

    @Override
    public void setContentLengthLong(long length) {}

    @Override
    public void setBufferSize(int size) {}

    @Override
    public int getBufferSize() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void flushBuffer() {
        if (writer != null) writer.flush();
    }

    @Override
    public void resetBuffer() {
        flushBuffer();
        body.clear();
    }

    @Override
    public boolean isCommitted() {
        return false;
    }

    @Override
    public void reset() {
        resetBuffer();
        headers.clear();
        status = SC_OK;
    }

    @Override
    public void setLocale(Locale value) {
        locale = value;
        setHeader("Content-Language", value.toLanguageTag());
    }

    @Override
    public Locale getLocale() {
        return locale;
    }

    private final class BodyStream extends ServletOutputStream {
        @Override
        public void write(int value) {
            body.write(value);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            body.write(bytes, from, length);
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new IllegalStateException("a function has no asynchronous requests");
        }
    }
}
