// SPDX-License-Identifier: Apache-2.0
// A picture with the methods of Android's that the agent asks.
package android.graphics;

import java.nio.Buffer;
import java.nio.ByteBuffer;

public final class Bitmap {
    private final int width;
    private final int height;

    private Bitmap(int width, int height) {
        this.width = width;
        this.height = height;
    }

    public static Bitmap of(int width, int height) {
        return new Bitmap(width, height);
    }

    public int getWidth() {
        return width;
    }

    public int getHeight() {
        return height;
    }

    public int getByteCount() {
        return width * height * 4;
    }

    public void copyPixelsToBuffer(Buffer to) {
        for (int i = 0; i < getByteCount(); ++i) ((ByteBuffer) to).put((byte) i);
    }
}
