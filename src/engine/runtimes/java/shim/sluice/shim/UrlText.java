package sluice.shim;

import java.io.UnsupportedEncodingException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Percent-encoded text: paths, queries and forms. What is no proper encoding stays as it came. */
final class UrlText {
    private UrlText() {}

    static String decodePath(String path) {
        // A plus is a plus outside of queries.
        return decode(path.replace("+", "%2B"), path);
    }

    /** Values by name, those of the query before those of the form's body. */
    static Map<String, String[]> parameters(String query, String form) {
        Map<String, List<String>> found = new LinkedHashMap<>();
        for (String pair : (query + "&" + form).split("&")) {
            if (pair.isEmpty()) continue;
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            found.computeIfAbsent(decode(name, name), each -> new ArrayList<>()).add(decode(value, value));
        }
        Map<String, String[]> parameters = new LinkedHashMap<>();
        found.forEach((name, values) -> parameters.put(name, values.toArray(new String[0])));
        return Collections.unmodifiableMap(parameters);
    }

    private static String decode(String text, String otherwise) {
        try {
            return URLDecoder.decode(text, "UTF-8");
        } catch (IllegalArgumentException | UnsupportedEncodingException wrong) {
            return otherwise;
        }
    }
}
