package sluice.shim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON of the protocol's own messages, which the engine writes and which are therefore well formed: maps, lists, texts,
 * Double, Boolean, null. Users' objects go through Jackson (`Pojo`); loading it for these few would double a start.
 */
final class Json {
    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        return (Map<String, Object>) new Json(text).value();
    }

    private Object value() {
        space();
        char first = text.charAt(at);
        if (first == '{') return members();
        if (first == '[') return elements();
        if (first == '"') return string();
        int start = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at += 1;
        String word = text.substring(start, at);
        if (word.equals("true")) return Boolean.TRUE;
        if (word.equals("false")) return Boolean.FALSE;
        return word.equals("null") ? null : (Object) Double.valueOf(word);
    }

    private Map<String, Object> members() {
        Map<String, Object> map = new LinkedHashMap<>();
        at += 1;
        while (hasNext('}')) {
            String name = string();
            space();
            at += 1;
            map.put(name, value());
        }
        return map;
    }

    private List<Object> elements() {
        List<Object> list = new ArrayList<>();
        at += 1;
        while (hasNext(']')) list.add(value());
        return list;
    }

    /** Steps over a comma to the next member, or over the end of the object or list. */
    private boolean hasNext(char end) {
        space();
        if (text.charAt(at) == end) {
            at += 1;
            return false;
        }
        if (text.charAt(at) == ',') at += 1;
        space();
        return true;
    }

    private String string() {
        StringBuilder result = new StringBuilder();
        for (at += 1; text.charAt(at) != '"'; at += 1) {
            char next = text.charAt(at);
            if (next != '\\') {
                result.append(next);
                continue;
            }
            at += 1;
            char escape = text.charAt(at);
            int known = "nrtbf".indexOf(escape);
            if (escape == 'u') {
                result.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                at += 4;
            } else result.append(known < 0 ? escape : "\n\r\t\b\f".charAt(known));
        }
        at += 1;
        return result.toString();
    }

    private void space() {
        while (Character.isWhitespace(text.charAt(at))) at += 1;
    }

    /** Appends a text with its quotes; null as `null`. */
    static void quote(StringBuilder target, String value) {
        if (value == null) {
            target.append("null");
            return;
        }
        target.append('"');
        for (int index = 0; index < value.length(); index += 1) {
            char next = value.charAt(index);
            if (next == '"' || next == '\\') target.append('\\').append(next);
            // Half a surrogate pair has no UTF-8.
            else if (next < 0x20 || Character.isSurrogate(next) && !paired(value, index))
                target.append(String.format("\\u%04x", (int) next));
            else target.append(next);
        }
        target.append('"');
    }

    private static boolean paired(String text, int at) {
        char one = text.charAt(at);
        if (Character.isHighSurrogate(one))
            return at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1));
        return at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
    }
}
