// SPDX-License-Identifier: Apache-2.0
// Guesses a gender from the picture of one face, with its own loop from pixels to tensor.

package org.daylight.mirror;

import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.tensorflow.lite.Interpreter;

/** A softmax over the lines of the label file. Not thread-safe. */
final class GenderClassifier implements Closeable {
  private static final String MODEL = "gender.bin";
  private static final String LABELS = "gender_labels.txt";
  private static final int INPUT_SIZE = 48;
  private static final int CHANNELS = 3;
  private static final int BYTES_PER_FLOAT = 4;
  private static final float IMAGE_MEAN = 128f;
  private static final float IMAGE_STD = 128f;

  /** Below this score the app says "perhaps"; the label stays the best one. */
  private static final float SURE_FROM = 0.6f;

  private final Interpreter interpreter;
  private final List<String> labels;
  private final int[] pixels = new int[INPUT_SIZE * INPUT_SIZE];
  private final ByteBuffer input =
      ByteBuffer.allocateDirect(INPUT_SIZE * INPUT_SIZE * CHANNELS * BYTES_PER_FLOAT)
          .order(ByteOrder.nativeOrder());
  private final float[][] scores;

  GenderClassifier(AssetManager assets) throws IOException {
    interpreter = new Interpreter(ModelLoader.read(assets, MODEL));
    labels = ModelLoader.labels(assets, LABELS);
    scores = new float[1][labels.size()];
  }

  /** Scores of the face that fills {@code face}, in label order; valid until the next call. */
  float[] classify(Bitmap face) {
    fillInput(face);
    interpreter.run(input, scores);
    return scores[0];
  }

  /** The index of the highest score. */
  static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  String label(int index) {
    return labels.get(index);
  }

  static boolean isSure(float score) {
    return score >= SURE_FROM;
  }

  private void fillInput(Bitmap face) {
    Bitmap scaled = Bitmap.createScaledBitmap(face, INPUT_SIZE, INPUT_SIZE, true);
    scaled.getPixels(pixels, 0, INPUT_SIZE, 0, 0, INPUT_SIZE, INPUT_SIZE);
    input.rewind();
    for (int i = 0; i < pixels.length; i++) {
      int pixel = pixels[i];
      input.putFloat((((pixel >> 16) & 0xFF) - IMAGE_MEAN) / IMAGE_STD);
      input.putFloat((((pixel >> 8) & 0xFF) - IMAGE_MEAN) / IMAGE_STD);
      input.putFloat(((pixel & 0xFF) - IMAGE_MEAN) / IMAGE_STD);
    }
    input.rewind();
  }

  @Override
  public void close() {
    interpreter.close();
  }
}
