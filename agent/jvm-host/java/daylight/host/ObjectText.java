// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;

/** An object as JSON: its fields by reflection, lists, maps and arrays, within limits. None of the object's own code runs. Use once. */
final class ObjectText {
    private static final int MAX_DEPTH = 6;
    private static final int MAX_PARTS = 4096;
    private static final int MAX_ELEMENTS = 256;

    private final StringBuilder out = new StringBuilder();
    private final IdentityHashMap<Object, Boolean> above = new IdentityHashMap<>();
    private int parts = 0;

    String of(Object value) {
        write(value, 0);
        return out.toString();
    }

    private void write(Object value, int depth) {
        if (value == null) {
            out.append("null");
        } else if (value instanceof Float || value instanceof Double) {
            // Not all of them are numbers to JSON.
            double number = ((Number) value).doubleValue();
            out.append(Double.isFinite(number) ? value.toString() : Json.quoted(value.toString()));
        } else if (value instanceof Number || value instanceof Boolean) {
            out.append(Json.isOwnNumber(value) ? value.toString() : Json.quoted(value.getClass().getName()));
        } else if (value instanceof String || value instanceof Character) {
            out.append(Json.quoted(value.toString()));
        } else if (value instanceof Enum<?> constant) {
            out.append(Json.quoted(constant.name()));
        } else if (value instanceof Class<?> type) {
            out.append(Json.quoted(type.getName()));
        } else if (++parts > MAX_PARTS || depth >= MAX_DEPTH || above.put(value, true) != null) {
            out.append(Json.quoted("..."));
        } else {
            writeWhole(value, depth);
            above.remove(value);
        }
    }

    private void writeWhole(Object value, int depth) {
        if (value instanceof Bitmap picture) {
            out.append(Json.quoted("Bitmap " + picture.getWidth() + "x" + picture.getHeight()));
        } else if (value.getClass().isArray()) {
            writeArray(value, depth);
        } else if (value instanceof Collection<?> list && isPlatform(value)) {
            writeArray(list.toArray(), depth);
        } else if (value instanceof Map<?, ?> map && isPlatform(value)) {
            writeMap(map, depth);
        } else if (isPlatform(value)) {
            out.append(Json.quoted(value.getClass().getName()));
        } else {
            writeFields(value, depth);
        }
    }

    /** Classes of Java and Android: their insides say nothing about the app. */
    private static boolean isPlatform(Object value) {
        String name = value.getClass().getName();
        return name.startsWith("java.") || name.startsWith("android.") || name.startsWith("jdk.") || name.startsWith("sun.");
    }

    private void writeArray(Object array, int depth) {
        int length = Array.getLength(array);
        out.append('[');
        for (int i = 0; i < Math.min(length, MAX_ELEMENTS); ++i) {
            if (i > 0) out.append(',');
            write(Array.get(array, i), depth + 1);
        }
        if (length > MAX_ELEMENTS) out.append(",\"... ").append(length).append(" in all\"");
        out.append(']');
    }

    private void writeMap(Map<?, ?> map, int depth) {
        out.append('{');
        int written = 0;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (written == MAX_ELEMENTS) break;
            if (written++ > 0) out.append(',');
            Object key = entry.getKey();
            boolean plain = key instanceof String || Json.isOwnNumber(key);
            out.append(Json.quoted(plain ? key.toString() : key == null ? "null" : key.getClass().getName())).append(':');
            write(entry.getValue(), depth + 1);
        }
        out.append('}');
    }

    private void writeFields(Object value, int depth) {
        out.append("{\"class\":").append(Json.quoted(value.getClass().getName()));
        for (Class<?> type = value.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || parts > MAX_PARTS) continue;
                try {
                    field.setAccessible(true);
                    Object part = field.get(value);
                    out.append(',').append(Json.quoted(field.getName())).append(':');
                    write(part, depth + 1);
                } catch (ReflectiveOperationException | RuntimeException closed) {
                    // A field that the platform keeps to itself.
                    continue;
                }
            }
        }
        out.append('}');
    }
}
