// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as daylight sends it: maps, lists, texts, Double, Boolean, null. */
final class Json {
    private static final int MAX_DEPTH = 64;

    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    /** IllegalArgumentException for what is none. */
    static Object parse(String text) {
        Json json = new Json(text);
        Object out = json.value(0);
        json.space();
        if (json.at != text.length()) throw json.bad();
        return out;
    }

    static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); ++i) {
            char unit = text.charAt(i);
            boolean loneSurrogate = Character.isSurrogate(unit)
                    && !(Character.isHighSurrogate(unit) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1)))
                    && !(Character.isLowSurrogate(unit) && i > 0 && Character.isHighSurrogate(text.charAt(i - 1)));
            if (unit == '"' || unit == '\\') {
                out.append('\\').append(unit);
            } else if (unit < 0x20 || unit == 0x7f || loneSurrogate) {
                out.append(loneSurrogate ? "\\ufffd" : String.format("\\u%04x", (int) unit));
            } else {
                out.append(unit);
            }
        }
        return out.append('"').toString();
    }

    /** Whether its text is a number of JSON, and made by Java itself. */
    static boolean isOwnNumber(Object value) {
        return value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte || value instanceof Boolean;
    }

    private IllegalArgumentException bad() {
        return new IllegalArgumentException("not JSON at " + at);
    }

    private void space() {
        while (at < text.length() && text.charAt(at) <= ' ') ++at;
    }

    private char peek() {
        space();
        if (at >= text.length()) throw bad();
        return text.charAt(at);
    }

    private void expect(char wanted) {
        if (peek() != wanted) throw bad();
        ++at;
    }

    private Object value(int depth) {
        if (depth > MAX_DEPTH) throw bad();
        char first = peek();
        if (first == '{') return object(depth);
        if (first == '[') return list(depth);
        if (first == '"') return string();
        if (text.startsWith("true", at)) return word("true", true);
        if (text.startsWith("false", at)) return word("false", false);
        if (text.startsWith("null", at)) return word("null", null);
        return number();
    }

    private Object word(String word, Object meaning) {
        at += word.length();
        return meaning;
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> out = new LinkedHashMap<>();
        expect('{');
        while (peek() != '}') {
            if (!out.isEmpty()) expect(',');
            if (peek() != '"') throw bad();
            String key = string();
            expect(':');
            out.put(key, value(depth + 1));
        }
        ++at;
        return out;
    }

    private List<Object> list(int depth) {
        List<Object> out = new ArrayList<>();
        expect('[');
        while (peek() != ']') {
            if (!out.isEmpty()) expect(',');
            out.add(value(depth + 1));
        }
        ++at;
        return out;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        expect('"');
        while (at < text.length() && text.charAt(at) != '"') {
            char unit = text.charAt(at++);
            if (unit != '\\') {
                out.append(unit);
                continue;
            }
            if (at >= text.length()) throw bad();
            char escaped = text.charAt(at++);
            int plain = "\"\\/bfnrt".indexOf(escaped);
            if (plain >= 0) {
                out.append("\"\\/\b\f\n\r\t".charAt(plain));
            } else if (escaped == 'u' && at + 4 <= text.length()) {
                out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                at += 4;
            } else {
                throw bad();
            }
        }
        if (at >= text.length()) throw bad();
        ++at;
        return out.toString();
    }

    private Double number() {
        int begin = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) ++at;
        if (begin == at) throw bad();
        return Double.parseDouble(text.substring(begin, at));
    }
}
