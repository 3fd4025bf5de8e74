// SPDX-License-Identifier: Apache-2.0
// Estimates an age in years from the picture of one face, through TFLite Support.

package org.daylight.mirror;

import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.Closeable;
import java.io.IOException;
import org.tensorflow.lite.DataType;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.support.common.ops.NormalizeOp;
import org.tensorflow.lite.support.image.ImageProcessor;
import org.tensorflow.lite.support.image.TensorImage;
import org.tensorflow.lite.support.image.ops.ResizeOp;

/** One float in, one float out: the model answers age / 100. Not thread-safe. */
final class AgeEstimator implements Closeable {
  private static final String MODEL = "age.tflite";
  private static final int INPUT_SIZE = 64;
  private static final float PIXEL_MEAN = 127.5f;
  private static final float PIXEL_STD = 127.5f;
  private static final float YEARS_PER_UNIT = 100f;

  private static final String[] BANDS = {"child", "teenager", "adult", "senior"};
  private static final float[] BAND_ENDS = {13f, 18f, 65f};

  private final Interpreter interpreter;
  private final ImageProcessor processor =
      new ImageProcessor.Builder()
          .add(new ResizeOp(INPUT_SIZE, INPUT_SIZE, ResizeOp.ResizeMethod.BILINEAR))
          .add(new NormalizeOp(PIXEL_MEAN, PIXEL_STD))
          .build();

  AgeEstimator(AssetManager assets) throws IOException {
    interpreter = new Interpreter(ModelLoader.map(assets, MODEL), new Interpreter.Options());
  }

  /** Age in years of the face that fills {@code face}. */
  float estimate(Bitmap face) {
    TensorImage image = new TensorImage(DataType.FLOAT32);
    image.load(face);
    float[][] out = new float[1][1];
    interpreter.run(processor.process(image).getBuffer(), out);
    return out[0][0] * YEARS_PER_UNIT;
  }

  /** The word for an age; a band ends just before the age given in BAND_ENDS. */
  static String bandOf(float years) {
    int band = 0;
    while (band < BAND_ENDS.length && years >= BAND_ENDS[band]) {
      band++;
    }
    return BANDS[band];
  }

  @Override
  public void close() {
    interpreter.close();
  }
}
