// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Faults of the virtual machine's own kind and of the guest's, by turns, in one process. */
public final class Faults {
    private static final class Node {
        int value;
    }

    static native double mixed(byte a, float b, long c, double d, char e, boolean f, short g, int h, int i, int j);

    static native int readNull(long offset);

    static native void spin();

    static native void giveUp();

    static native void leave();

    static native int missing();

    static native int callBack(int what);

    static native int useNoReference();

    static native int callOnOther(Object other);

    static native long sum(int[] values, ByteBuffer buffer);

    static native int commit(int[] values);

    static native int nonvirtual(Object derived, Class<?> base);

    static native void addOne(Object lock, int[] counter);

    static native void loadAgain(String name);

    static native int copyByte(String from, String to);

    static native void uncover(byte[] hidden, int key);

    private static class Base {
        int number() {
            return 1;
        }
    }

    private static final class Derived extends Base {
        @Override
        int number() {
            return 2;
        }
    }

    /** What native code calls. */
    static int first(int[] values) {
        return values[0];
    }

    static void rest() {
        Thread.yield();
    }

    private static void monitors() throws InterruptedException {
        Object lock = new Object();
        int[] counter = new int[1];
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; ++i) {
            threads[i] = new Thread(() -> {
                for (int k = 0; k < 200; ++k) addOne(lock, counter);
            });
            threads[i].start();
        }
        for (Thread each : threads) each.join();
        expect(counter[0] == 800, "monitors that native code takes hold: " + counter[0]);
    }

    private static void files() throws IOException {
        Path folder = Path.of("data").toAbsolutePath();
        Files.write(folder.resolve("from"), new byte[] {42});
        expect(copyByte(folder.resolve("from").toString(), folder.resolve("to").toString()) == 42, "native code reads the app's files");
        expect(Files.readAllBytes(folder.resolve("to"))[0] == 42, "Java code reads what native code wrote");
        expect(copyByte("/data/data/story.faults/to", folder.resolve("third").toString()) == 42, "the same folder by a phone's name");
    }

    /** A model that Java code hands over as it is, and one that native code uncovers. */
    private static void models(String plain, String hidden) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of(hidden));
        for (int i = 0; i < bytes.length; ++i) bytes[i] ^= 0x5a;
        // Memory is searched after the first call of a native method.
        uncover(bytes, 0x5a);
        uncover(Files.readAllBytes(Path.of(plain)), 0x77);
    }

    /** What native code calls. */
    static int back(int what) {
        if (what == 0) return nullChecks();
        if (what == 1) return readNull(8);
        if (what == 2) throw new IllegalStateException("from Java");
        return what < 20 ? callBack(what + 1) : what;
    }

    /** Compiled code finds null by SIGSEGV; the count says that none was lost. */
    private static int nullChecks() {
        Node there = new Node();
        int found = 0;
        for (int i = 0; i < 200_000; ++i) {
            Node node = i % 50_000 == 49_999 ? null : there;
            try {
                found += read(node);
            } catch (NullPointerException expected) {
                found += 1_000;
            }
        }
        return found;
    }

    private static int read(Node node) {
        return node.value;
    }

    private static void expect(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
        System.out.println("ok " + what);
    }

    private static void fails(String words, Runnable call) {
        try {
            call.run();
        } catch (InternalError wanted) {
            expect(wanted.getMessage().contains(words), words + ": " + wanted.getMessage());
            return;
        }
        throw new AssertionError("no error: " + words);
    }

    public static void main(String[] arguments) throws Exception {
        Natives.dataFolder(Path.of("data").toAbsolutePath().toString());
        System.loadLibrary("faults");
        expect(mixed((byte) -3, 1.5f, 1L << 40, 0.25, 'A', true, (short) -2, 7, 8, 9) == -3 + 1.5 + (double) (1L << 40) + 0.25 + 65 + 1 - 2 + 24, "arguments of every type arrive");
        for (int round = 0; round < 3; ++round) {
            expect(nullChecks() == 4_000, "null checks of compiled code");
            fails("reads 0x8, which is not mapped", () -> readNull(8));
            expect(callBack(0) == 4_001, "null checks below a native method");
            fails("reads 0x8, which is not mapped", () -> callBack(1));
        }
        try {
            callBack(2);
            throw new AssertionError("no exception");
        } catch (IllegalStateException carried) {
            expect(carried.getMessage().equals("from Java"), "an exception passes through native code");
        }
        expect(callBack(3) == 20 + 18, "native and Java code nest");
        fails("a native call took longer", Faults::spin);
        expect(callBack(0) == 4_001, "the next call works");
        fails("abort", Faults::giveUp);
        fails("exit", Faults::leave);
        fails("nobody_has_this", Faults::missing);
        fails("a Java reference that is none", Faults::useNoReference);
        fails("of an object that has none", () -> callOnOther(new Node()));
        expect(callOnOther("four") == 4, "a method of the right object");
        int[] values = {1, 2, 3};
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096).put(0, (byte) 5);
        expect(sum(values, buffer) == 11 && values[0] == 77 && buffer.get(0) == 6 && buffer.get(4095) == 1, "arrays and buffers, both ways");
        expect(commit(new int[] {1}) == 1_010, "JNI_COMMIT writes back, JNI_ABORT does not");
        expect(nonvirtual(new Derived(), Base.class) == 12, "CallNonvirtual calls the class's own method");
        monitors();
        loadAgain("faults");
        try {
            loadAgain("nobody");
            throw new AssertionError("no error");
        } catch (UnsatisfiedLinkError wanted) {
            expect(true, "loadLibrary of native code: " + wanted.getMessage());
        }
        files();
        if (arguments.length == 2) models(arguments[0], arguments[1]);
        Natives.finish(0, "");
        System.out.println("finished");
        Runtime.getRuntime().halt(0);
    }
}
