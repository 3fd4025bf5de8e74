// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import android.graphics.Bitmap;

/** Daylight's own face finder (OpenCV's Haar cascade, as in replay), in place of finders that phones have. */
final class Faces {
    /** Where eyes are in a square that the finder gives: docs/design/replay.md. */
    static final float EYE_LINE = 0.35f;
    static final float EYE_DISTANCE = 0.44f;

    static {
        System.load(System.getProperty("daylight.faces"));
    }

    private Faces() {}

    /** A face: the square around it, in pixels; it may reach over the picture's border. */
    record Face(float x, float y, float side) {}

    /** From left to right. UnsupportedOperationException where this machine has no finder. */
    static Face[] in(Bitmap picture) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        int[] pixels = new int[width * height];
        picture.getPixels(pixels, 0, width, 0, 0, width, height);
        float[] numbers = find(pixels, width, height);
        Face[] out = new Face[numbers.length / 3];
        for (int i = 0; i < out.length; ++i) out[i] = new Face(numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]);
        return out;
    }

    private static native float[] find(int[] pixels, int width, int height);
}
