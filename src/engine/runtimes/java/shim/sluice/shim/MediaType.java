package sluice.shim;

import java.util.Locale;

/** The parts of a content-type header. */
final class MediaType {
    private static final String CHARSET = "charset=";

    private MediaType() {}

    /** `type/subtype` in lower case; null for null. */
    static String typeOf(String header) {
        return header == null ? null : header.split(";", 2)[0].trim().toLowerCase(Locale.ROOT);
    }

    /** The charset's name as it is written; null where there is none. */
    static String charsetOf(String header) {
        if (header == null) return null;
        for (String part : header.split(";")) {
            String parameter = part.trim();
            if (!parameter.toLowerCase(Locale.ROOT).startsWith(CHARSET)) continue;
            String name = parameter.substring(CHARSET.length()).replace("\"", "").trim();
            return name.isEmpty() ? null : name;
        }
        return null;
    }
}
