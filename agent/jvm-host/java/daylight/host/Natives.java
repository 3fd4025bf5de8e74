// SPDX-License-Identifier: Apache-2.0
package daylight.host;

/** The agent library: the app's native code, the trace, and the socket to daylight. Thread safe. */
final class Natives {
    static {
        System.load(System.getProperty("daylight.library"));
    }

    /** Outcomes of calls and pictures, as the trace numbers them. */
    static final int RETURNED = 0;
    static final int THREW = 1;
    static final int STOPPED = 4;

    /** Levels of notes. */
    static final int INFO = 2;
    static final int WARNING = 3;
    static final int ERROR = 4;

    private Natives() {}

    /** The next request; null when the other side is gone. Blocks. */
    static native byte[] receive();

    static native void send(byte[] message);

    /** Where the app keeps its files; before the first library is loaded. */
    static native void dataFolder(String folder);

    /** Loads a library of the app; null, or why it could not be loaded. */
    static native String load(String name, ClassLoader loader);

    /** Binds native methods to what the loaded libraries export; how many. */
    static native int bind(Class<?> owner, String internalName, String[] names, String[] signatures);

    static native int method(boolean isNative, String name, String signature);

    static native long enter(int method);

    static native void leave(long call, int method, int outcome, long bits, String text);

    static native void scalar(long call, int index, boolean out, String type, String dtype, long bits);

    /** The elements of an array of primitives. */
    static native void array(long call, int index, boolean out, String type, String dtype, long[] shape, Object array, int elementSize);

    /** The first bytes of a direct buffer. */
    static native void direct(long call, int index, boolean out, String type, String dtype, Object buffer, long length);

    static native void note(int level, String where, String text);

    static native void beginPicture(long id, String file, int face, byte[] picture);

    static native void endPicture(long id, int outcome, String text);

    static native void finish(int ending, String text);
}
