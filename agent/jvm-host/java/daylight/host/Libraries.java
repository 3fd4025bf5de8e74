// SPDX-License-Identifier: Apache-2.0
package daylight.host;

/** What the app's calls of System.load and the like come to. */
public final class Libraries {
    private static volatile int loaded = 0;

    private Libraries() {}

    public static void load(String path) {
        open(path);
    }

    public static void loadLibrary(String name) {
        open(name);
    }

    public static void load(Runtime runtime, String path) {
        open(path);
    }

    public static void loadLibrary(Runtime runtime, String name) {
        open(name);
    }

    /** How many times a library was loaded: what was not bound may be bound now. */
    static int loaded() {
        return loaded;
    }

    private static void open(String name) {
        if (name == null) throw new NullPointerException("library name");
        String why = Natives.load(name, Libraries.class.getClassLoader());
        if (why != null) throw new UnsatisfiedLinkError(why);
        ++loaded;
    }
}
