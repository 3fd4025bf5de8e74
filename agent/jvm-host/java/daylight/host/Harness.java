// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;

/** Makes the values that a user's harness file names (docs/formats/harness.md); what it leaves open goes by type, as in Entries. */
final class Harness {
    private final Entries entries;

    Harness(Entries entries) {
        this.entries = entries;
    }

    /** One value for a place of that type; without words on it, by the type. */
    Object value(Object words, Class<?> type, Entries.Picture picture) throws Throwable {
        if (!(words instanceof Map<?, ?> value)) return entries.argument(type, null, picture, 0);
        if (value.containsKey("const")) return constant(value.get("const"), type);
        if (value.containsKey("picture")) return picture(value.get("picture"), type, picture);
        if (value.containsKey("context")) return entries.contextAs(type == Object.class ? android.content.Context.class : type);
        if (value.containsKey("assets")) return entries.context().getAssets();
        if (value.get("new") instanceof String name) return make(name, (List<?>) value.get("args"), picture);
        if (value.get("call") instanceof String name) return call(name, value.get("on"), (List<?>) value.get("args"), picture);
        if (value.get("field") instanceof String name) return field(name);
        return entries.argument(type, null, picture, 0);
    }

    /** The values of a method's parameters. */
    Object[] values(List<?> words, Class<?>[] types, Entries.Picture picture) throws Throwable {
        Object[] out = new Object[types.length];
        for (int i = 0; i < types.length; ++i) out[i] = value(words != null && i < words.size() ? words.get(i) : null, types[i], picture);
        return out;
    }

    private static Object constant(Object constant, Class<?> type) {
        if (type.isPrimitive()) return Entries.primitive(type, constant);
        if (constant instanceof Number number) {
            if (type == Integer.class) return number.intValue();
            if (type == Long.class) return number.longValue();
            if (type == Float.class) return number.floatValue();
            if (type == Short.class) return number.shortValue();
            if (type == Byte.class) return number.byteValue();
        }
        return constant;
    }

    private static Object picture(Object words, Class<?> type, Entries.Picture picture) throws ReflectiveOperationException {
        if (picture == null) throw new IllegalArgumentException("a picture is only there for the entry's own arguments");
        Entries.Picture shown = picture;
        if (words instanceof Map<?, ?> size) {
            int width = ((Number) size.get("width")).intValue();
            int height = ((Number) size.get("height")).intValue();
            shown = new Entries.Picture(picture.path(), picture.file(), Bitmap.createScaledBitmap(picture.bitmap(), width, height, true));
        }
        Object given = Entries.pictureAs(type, shown);
        if (given == null) throw new IllegalArgumentException("no picture fits " + type.getName());
        return given;
    }

    private Object make(String name, List<?> words, Entries.Picture picture) throws Throwable {
        Class<?> owner = Entries.typeOf(name);
        for (Constructor<?> each : owner.getDeclaredConstructors()) {
            if (words == null || each.getParameterCount() == words.size()) return invoke(each, null, words, picture);
        }
        throw new NoSuchMethodException(name + " has no constructor of " + words.size() + " arguments");
    }

    /** "com.app.Model.create", static or of what "on" gives. */
    private Object call(String name, Object on, List<?> words, Entries.Picture picture) throws Throwable {
        int dot = name.lastIndexOf('.');
        if (dot < 1) throw new NoSuchMethodException(name);
        Class<?> owner = Entries.typeOf(name.substring(0, dot));
        for (Class<?> type = owner; type != null; type = type.getSuperclass()) {
            for (Method each : type.getDeclaredMethods()) {
                boolean fits = each.getName().equals(name.substring(dot + 1)) && !each.isBridge() && (words == null || each.getParameterCount() == words.size());
                if (!fits) continue;
                Object receiver = Modifier.isStatic(each.getModifiers()) ? null : on == null ? entries.make(owner) : value(on, owner, picture);
                return invoke(each, receiver, words, picture);
            }
        }
        throw new NoSuchMethodException(name);
    }

    private Object invoke(Executable member, Object receiver, List<?> words, Entries.Picture picture) throws Throwable {
        ((AccessibleObject) member).setAccessible(true);
        Object[] values = values(words, member.getParameterTypes(), picture);
        try {
            return member instanceof Method method ? method.invoke(receiver, values) : ((Constructor<?>) member).newInstance(values);
        } catch (InvocationTargetException wrapped) {
            throw wrapped.getCause();
        }
    }

    /** "com.app.Mode.FAST": a static field, also a constant of an enum. */
    private static Object field(String name) throws ReflectiveOperationException {
        int dot = name.lastIndexOf('.');
        if (dot < 1) throw new NoSuchFieldException(name);
        Field found = Entries.typeOf(name.substring(0, dot)).getDeclaredField(name.substring(dot + 1));
        found.setAccessible(true);
        return found.get(null);
    }
}
