// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;
import java.nio.ByteBuffer;

/** What native code's AndroidBitmap_... functions ask of a Bitmap. Called by the agent. */
public final class Pixels {
    private Pixels() {}

    /** Width, height, bytes of a row, format as libjnigraphics numbers it, 1 if opaque; null for what is no Bitmap with pixels. */
    public static int[] facts(Object object) {
        if (!(object instanceof Bitmap bitmap) || bitmap.isRecycled()) return null;
        return new int[] {bitmap.getWidth(), bitmap.getHeight(), bitmap.getRowBytes(), formatOf(bitmap.getConfig()), bitmap.hasAlpha() ? 0 : 1};
    }

    public static void read(Object bitmap, ByteBuffer to) {
        ((Bitmap) bitmap).copyPixelsToBuffer(to);
    }

    public static void write(Object bitmap, ByteBuffer from) {
        ((Bitmap) bitmap).copyPixelsFromBuffer(from);
    }

    private static int formatOf(Bitmap.Config config) {
        if (config == Bitmap.Config.ARGB_8888) return 1;
        if (config == Bitmap.Config.RGB_565) return 4;
        if (config == Bitmap.Config.ALPHA_8) return 8;
        if (config == Bitmap.Config.RGBA_F16) return 9;
        return 0;
    }
}
