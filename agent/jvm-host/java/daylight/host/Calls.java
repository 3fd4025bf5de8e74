// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the wrappers of native methods call before and after (see NativeWrapper). Thread safe. */
public final class Calls {
    static final String PREFIX = "daylight$";

    private record Key(Class<?> owner, String name, String signature) {}

    /** A call under way. */
    private record Open(long call, int method, String signature, Object[] arguments) {}

    private static final Map<Key, Integer> methods = new ConcurrentHashMap<>();
    private static final Map<Class<?>, Integer> bound = new ConcurrentHashMap<>();

    private Calls() {}

    /** Before a native method of the app runs. */
    public static Object enter(Class<?> owner, String name, String signature, Object self, Object[] arguments) {
        bind(owner);
        int method = methods.computeIfAbsent(new Key(owner, name, signature), key -> Natives.method(true, selector("jni:", key), key.signature));
        return begin(method, signature, arguments);
    }

    /** Before a method of the app that daylight calls by itself. */
    static Object enterEntry(Class<?> owner, String name, String signature, Object[] arguments) {
        int method = methods.computeIfAbsent(new Key(owner, name, signature), key -> Natives.method(false, selector("java:", key), key.signature));
        return begin(method, signature, arguments);
    }

    public static void leave(Object token, Object result) {
        Open open = (Open) token;
        describeArguments(open, true);
        Values.write(open.call, -1, true, result);
        Natives.leave(open.call, open.method, Natives.RETURNED, Values.bits(result), "");
    }

    public static void threw(Object token, Throwable thrown) {
        Open open = (Open) token;
        Natives.leave(open.call, open.method, Natives.THREW, 0, String.valueOf(thrown));
    }

    private static Object begin(int method, String signature, Object[] arguments) {
        Open open = new Open(Natives.enter(method), method, signature, arguments);
        describeArguments(open, false);
        return open;
    }

    /** Afterwards only what the callee could have changed. */
    private static void describeArguments(Open open, boolean out) {
        for (int i = 0; i < open.arguments.length; ++i) {
            Object value = open.arguments[i];
            if (!out || Values.isMutable(value)) Values.write(open.call, i, out, value);
        }
    }

    private static String selector(String kind, Key key) {
        return kind + key.owner.getName().replace('.', '/') + ";." + key.name + key.signature;
    }

    /** Gives the class's native methods their functions, again whenever a library came. */
    private static void bind(Class<?> owner) {
        int loaded = Libraries.loaded();
        Integer before = bound.put(owner, loaded);
        if (before != null && before == loaded) return;
        List<String> names = new ArrayList<>();
        List<String> signatures = new ArrayList<>();
        for (Method method : owner.getDeclaredMethods()) {
            if (!Modifier.isNative(method.getModifiers()) || !method.getName().startsWith(PREFIX)) continue;
            names.add(method.getName().substring(PREFIX.length()));
            signatures.add(signatureOf(method));
        }
        Natives.bind(owner, owner.getName().replace('.', '/'), names.toArray(new String[0]), signatures.toArray(new String[0]));
    }

    static String signatureOf(Method method) {
        StringBuilder out = new StringBuilder("(");
        for (Class<?> type : method.getParameterTypes()) out.append(type.descriptorString());
        return out.append(')').append(method.getReturnType().descriptorString()).toString();
    }
}
