// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.nio.ByteBuffer;

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

    public static void main(String[] arguments) {
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
        Natives.finish(0, "");
        System.out.println("finished");
        Runtime.getRuntime().halt(0);
    }
}
