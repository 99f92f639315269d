package sluice.shim;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.UnsupportedEncodingException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.servlet.ReadListener;
import javax.servlet.ServletInputStream;
import javax.servlet.http.Cookie;

/** The request of an HTTP handler: the protocol's head, read by Servlet 3.1's rules (runtimes.md §4). */
final class HttpRequest extends BareRequest {
    private final Map<String, Object> head;
    private final byte[] body;
    /** By name in lower case, as the engine sends them. */
    private final Map<String, List<String>> headers = new LinkedHashMap<>();
    private final Map<String, Object> attributes = new LinkedHashMap<>();
    private final BodyStream stream;
    private Map<String, String[]> parameters;
    private BufferedReader reader;
    private String encoding;

    HttpRequest(Map<String, Object> head, byte[] body) {
        this.head = head;
        this.body = body;
        this.stream = new BodyStream(body);
        for (Object pair : (List<?>) head.get("headers")) {
            List<?> both = (List<?>) pair;
            headers.computeIfAbsent((String) both.get(0), name -> new ArrayList<>()).add((String) both.get(1));
        }
        attributes.put("FC_REQUEST_PATH", text("path"));
        attributes.put("FC_REQUEST_URI", text("uri"));
        attributes.put("FC_REQUEST_CLIENT_IP", text("clientIp"));
        this.encoding = MediaType.charsetOf(getContentType());
    }

    private String text(String name) {
        return (String) head.get(name);
    }

    @Override
    public Object getAttribute(String name) {
        return attributes.get(name);
    }

    @Override
    public Enumeration<String> getAttributeNames() {
        return Collections.enumeration(new ArrayList<>(attributes.keySet()));
    }

    @Override
    public void setAttribute(String name, Object value) {
        if (value == null) attributes.remove(name);
        else attributes.put(name, value);
    }

    @Override
    public void removeAttribute(String name) {
        attributes.remove(name);
    }

    @Override
    public String getMethod() {
        return text("method");
    }

    @Override
    public String getContextPath() {
        return text("base");
    }

    @Override
    public String getServletPath() {
        return "";
    }

    @Override
    public String getPathInfo() {
        return UrlText.decodePath(text("path"));
    }

    /** Undecoded and without the query, as the standard wants it; `FC_REQUEST_URI` has the query. */
    @Override
    public String getRequestURI() {
        String uri = text("uri");
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    @Override
    public StringBuffer getRequestURL() {
        String host = getHeader("host");
        return new StringBuffer(getScheme() + "://" + (host == null ? getServerName() : host) + getRequestURI());
    }

    @Override
    public String getQueryString() {
        String query = text("query");
        return query.isEmpty() ? null : query;
    }

    @Override
    public String getHeader(String name) {
        List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
        return values == null ? null : values.get(0);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
        return Collections.enumeration(values == null ? Collections.<String>emptyList() : values);
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        return Collections.enumeration(headers.keySet());
    }

    @Override
    public int getIntHeader(String name) {
        String value = getHeader(name);
        return value == null ? -1 : Integer.parseInt(value.trim());
    }

    @Override
    public long getDateHeader(String name) {
        String value = getHeader(name);
        return value == null ? -1 : HttpDate.parse(value);
    }

    @Override
    public Cookie[] getCookies() {
        List<Cookie> cookies = new ArrayList<>();
        for (String line : Collections.list(getHeaders("cookie")))
            for (String pair : line.split(";")) {
                int equals = pair.indexOf('=');
                if (equals <= 0) continue;
                try {
                    cookies.add(new Cookie(pair.substring(0, equals).trim(), pair.substring(equals + 1).trim()));
                } catch (IllegalArgumentException reserved) {
                    // Names that the standard does not know as cookies, "path" or "$Version".
                }
            }
        return cookies.isEmpty() ? null : cookies.toArray(new Cookie[0]);
    }

    @Override
    public String getParameter(String name) {
        String[] values = getParameterMap().get(name);
        return values == null ? null : values[0];
    }

    @Override
    public Enumeration<String> getParameterNames() {
        return Collections.enumeration(getParameterMap().keySet());
    }

    @Override
    public String[] getParameterValues(String name) {
        return getParameterMap().get(name);
    }

    /** Those of the query, then those of a form's body. */
    @Override
    public Map<String, String[]> getParameterMap() {
        if (parameters == null) {
            boolean isForm = "application/x-www-form-urlencoded".equals(MediaType.typeOf(getContentType()));
            parameters = UrlText.parameters(text("query"), isForm ? new String(body, ISO_8859_1) : "");
        }
        return parameters;
    }

    @Override
    public String getCharacterEncoding() {
        return encoding;
    }

    @Override
    public void setCharacterEncoding(String name) throws UnsupportedEncodingException {
        if (!Charset.isSupported(name)) throw new UnsupportedEncodingException(name);
        encoding = name;
    }

    @Override
    public int getContentLength() {
        return body.length;
    }

    @Override
    public long getContentLengthLong() {
        return body.length;
    }

    @Override
    public String getContentType() {
        return getHeader("content-type");
    }

    @Override
    public ServletInputStream getInputStream() {
        return stream;
    }

    @Override
    public BufferedReader getReader() {
        if (reader == null)
            reader = new BufferedReader(new InputStreamReader(stream, encoding == null ? UTF_8 : Charset.forName(encoding)));
        return reader;
    }

    @Override
    public String getProtocol() {
        return "HTTP/1.1";
    }

    @Override
    public String getScheme() {
        return "http";
    }

    @Override
    public boolean isSecure() {
        return false;
    }

    @Override
    public String getServerName() {
        String host = getHeader("host");
        return host == null ? "localhost" : host.replaceFirst(":\\d+$", "");
    }

    @Override
    public int getServerPort() {
        String host = getHeader("host");
        int colon = host == null ? -1 : host.lastIndexOf(':');
        return colon < 0 || host.endsWith("]") ? 80 : Integer.parseInt(host.substring(colon + 1));
    }

    @Override
    public String getRemoteAddr() {
        return text("clientIp");
    }

    @Override
    public String getRemoteHost() {
        return text("clientIp");
    }

    @Override
    public int getRemotePort() {
        return 0;
    }

    @Override
    public String getLocalName() {
        return getServerName();
    }

    @Override
    public String getLocalAddr() {
        return "127.0.0.1";
    }

    @Override
    public int getLocalPort() {
        return getServerPort();
    }

    @Override
    public Locale getLocale() {
        return getLocales().nextElement();
    }

    /** The caller's languages, most wanted first. */
    @Override
    public Enumeration<Locale> getLocales() {
        List<Locale> locales = new ArrayList<>();
        String header = getHeader("accept-language");
        try {
            if (header != null)
                for (Locale.LanguageRange range : Locale.LanguageRange.parse(header))
                    if (!range.getRange().equals("*")) locales.add(Locale.forLanguageTag(range.getRange()));
        } catch (IllegalArgumentException wrong) {
            locales.clear();
        }
        if (locales.isEmpty()) locales.add(Locale.getDefault());
        return Collections.enumeration(locales);
    }

    private static final class BodyStream extends ServletInputStream {
        private final ByteArrayInputStream bytes;

        BodyStream(byte[] body) {
            this.bytes = new ByteArrayInputStream(body);
        }

        @Override
        public int read() {
            return bytes.read();
        }

        @Override
        public int read(byte[] target, int from, int length) {
            return bytes.read(target, from, length);
        }

        @Override
        public int available() {
            return bytes.available();
        }

        @Override
        public boolean isFinished() {
            return bytes.available() == 0;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new IllegalStateException("a function has no asynchronous requests");
        }
    }
}
