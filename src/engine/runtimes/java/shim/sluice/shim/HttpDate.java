package sluice.shim;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/** Dates of HTTP headers (RFC 9110, IMF-fixdate). */
final class HttpDate {
    private HttpDate() {}

    static String format(long timeMs) {
        // The standard wants two digits for the day and GMT, where RFC_1123 has one or two.
        return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
                .format(Instant.ofEpochMilli(timeMs).atOffset(ZoneOffset.UTC));
    }

    /** Milliseconds since 1970. Throws IllegalArgumentException for what is no date, as Servlet wants it. */
    static long parse(String text) {
        try {
            return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant().toEpochMilli();
        } catch (DateTimeParseException wrong) {
            throw new IllegalArgumentException("not a date of HTTP: " + text);
        }
    }
}
