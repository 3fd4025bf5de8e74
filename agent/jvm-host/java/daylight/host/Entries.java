// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.app.Activity;
import android.content.Context;
import android.content.res.AssetManager;
import android.content.res.Resources;
import android.graphics.Bitmap;
import android.net.Uri;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.robolectric.Robolectric;

/** The methods of the app that take a picture: makes who has them, and what they want. */
final class Entries {
    private static final int MAX_DEPTH = 4;

    /** A picture as the app may want it. */
    record Picture(String path, byte[] file, Bitmap bitmap) {}

    private final Context context;
    private final List<Entry> entries = new ArrayList<>();
    private final Harness harness = new Harness(this);
    private Activity activity;

    Entries(Context context) {
        this.context = context;
    }

    /** One method with its receiver. */
    final class Entry {
        final Method method;
        final String descriptor;
        final List<Object> constants;
        final Object receiver;
        final List<?> words;  // of a harness on the arguments; null without

        Entry(Map<?, ?> plan) throws Throwable {
            Class<?> owner = typeOf((String) plan.get("class"));
            constants = new ArrayList<>();
            for (Object each : (List<?>) plan.get("args")) constants.add(((Map<?, ?>) each).get("const"));
            method = find(owner, (String) plan.get("method"), (String) plan.get("descriptor"));
            descriptor = Calls.signatureOf(method);
            method.setAccessible(true);
            words = (List<?>) plan.get("words");
            if (plan.get("before") instanceof List<?> before) {
                for (Object each : before) harness.value(each, Object.class, null);
            }
            receiver = Modifier.isStatic(method.getModifiers()) ? null : plan.get("maker") == null ? make(owner) : harness.value(plan.get("maker"), owner, null);
        }

        Object call(Picture picture) throws Throwable {
            Class<?>[] types = method.getParameterTypes();
            Object[] values = words == null ? new Object[types.length] : harness.values(words, types, picture);
            for (int i = 0; words == null && i < types.length; ++i) values[i] = argument(types[i], i < constants.size() ? constants.get(i) : null, picture, 0);
            Object token = Calls.enterEntry(method.getDeclaringClass(), method.getName(), descriptor, values);
            try {
                Object result = method.invoke(receiver, values);
                Calls.leave(token, result);
                return result;
            } catch (InvocationTargetException wrapped) {
                Calls.threw(token, wrapped.getCause());
                throw wrapped.getCause();
            }
        }
    }

    /** As the plan has it, or what the user wrote: class, method, descriptor (may be empty), args. */
    Entry add(Map<?, ?> plan) throws Throwable {
        Entry added = new Entry(plan);
        entries.add(added);
        return added;
    }

    Entry get(int i) {
        return entries.get(i);
    }

    Context context() {
        return context;
    }

    static Class<?> typeOf(String descriptor) throws ClassNotFoundException {
        String name = descriptor.startsWith("L") && descriptor.endsWith(";") ? descriptor.substring(1, descriptor.length() - 1) : descriptor;
        return Class.forName(name.replace('/', '.'), true, Entries.class.getClassLoader());
    }

    private static Method find(Class<?> owner, String name, String descriptor) throws NoSuchMethodException {
        for (Class<?> type = owner; type != null; type = type.getSuperclass()) {
            for (Method method : type.getDeclaredMethods()) {
                if (!method.getName().equals(name) || method.isBridge()) continue;
                if (descriptor.isEmpty() || descriptor.equals(Calls.signatureOf(method))) return method;
            }
        }
        throw new NoSuchMethodException(owner.getName() + "." + name + descriptor);
    }

    /** By its simplest constructor whose arguments can be made. */
    Object make(Class<?> type) throws Throwable {
        if (Activity.class.isAssignableFrom(type)) return Robolectric.buildActivity(type.asSubclass(Activity.class)).get();
        Constructor<?>[] constructors = type.getDeclaredConstructors();
        Arrays.sort(constructors, Comparator.comparingInt(Constructor::getParameterCount));
        Throwable why = new InstantiationException(type.getName() + " has no constructor");
        for (Constructor<?> constructor : constructors) {
            try {
                return make(constructor, 0);
            } catch (InvocationTargetException thrown) {
                why = thrown.getCause();
            } catch (ReflectiveOperationException | RuntimeException unfit) {
                why = unfit;
            }
        }
        throw why;
    }

    private Object make(Constructor<?> constructor, int depth) throws ReflectiveOperationException {
        constructor.setAccessible(true);
        Class<?>[] types = constructor.getParameterTypes();
        Object[] values = new Object[types.length];
        for (int i = 0; i < types.length; ++i) values[i] = argument(types[i], null, null, depth + 1);
        return constructor.newInstance(values);
    }

    Object argument(Class<?> type, Object constant, Picture picture, int depth) throws ReflectiveOperationException {
        if (type.isPrimitive()) return primitive(type, constant);
        if (type == String.class) return constant instanceof String ? constant : picture == null ? null : picture.path;
        if (picture != null) {
            Object given = pictureAs(type, picture);
            if (given != null) return given;
        }
        if (Context.class.isAssignableFrom(type)) return contextAs(type);
        if (type == AssetManager.class) return context.getAssets();
        if (type == Resources.class) return context.getResources();
        if (type == List.class || type == Iterable.class || type == java.util.Collection.class) return new ArrayList<>();
        if (type == Map.class) return new HashMap<>();
        if (type.isEnum()) return type.getEnumConstants()[0];
        if (type.isArray()) return Array.newInstance(type.getComponentType(), 0);
        if (type.isInterface()) return listener(type);
        if (depth >= MAX_DEPTH || Modifier.isAbstract(type.getModifiers())) return null;
        Constructor<?>[] constructors = type.getDeclaredConstructors();
        Arrays.sort(constructors, Comparator.comparingInt(Constructor::getParameterCount));
        return constructors.length == 0 ? null : make(constructors[0], depth);
    }

    static Object primitive(Class<?> type, Object constant) {
        double number = constant instanceof Number n ? n.doubleValue() : constant instanceof Boolean b ? (b ? 1 : 0) : 0;
        if (type == boolean.class) return number != 0;
        if (type == float.class) return (float) number;
        if (type == double.class) return number;
        if (type == long.class) return (long) number;
        if (type == int.class) return (int) number;
        if (type == short.class) return (short) number;
        if (type == byte.class) return (byte) number;
        return (char) number;
    }

    /** Null where the type is none of a picture's. */
    static Object pictureAs(Class<?> type, Picture picture) {
        if (type == Bitmap.class) return picture.bitmap;
        if (type == byte[].class) return picture.file;
        if (type == ByteBuffer.class) return ByteBuffer.wrap(picture.file);
        if (type == InputStream.class) return new ByteArrayInputStream(picture.file);
        if (type == Uri.class) return Uri.fromFile(new java.io.File(picture.path));
        if (type != int[].class) return null;
        Bitmap bitmap = picture.bitmap;
        int[] pixels = new int[bitmap.getWidth() * bitmap.getHeight()];
        bitmap.getPixels(pixels, 0, bitmap.getWidth(), 0, 0, bitmap.getWidth(), bitmap.getHeight());
        return pixels;
    }

    Object contextAs(Class<?> type) {
        if (type.isInstance(context)) return context;
        if (activity == null) activity = Robolectric.buildActivity(Activity.class).get();
        return type.isInstance(activity) ? activity : null;
    }

    /** Something that hears what the app calls back, and writes it down. */
    private static Object listener(Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, values) -> {
            Natives.note(Natives.INFO, "callback " + method, values == null ? "[]" : new ObjectText().of(values));
            Class<?> result = method.getReturnType();
            if (method.getName().equals("equals") && values != null && values.length == 1) return self == values[0];
            if (method.getName().equals("hashCode") && values == null) return System.identityHashCode(self);
            return result.isPrimitive() && result != void.class ? primitive(result, null) : null;
        });
    }
}
