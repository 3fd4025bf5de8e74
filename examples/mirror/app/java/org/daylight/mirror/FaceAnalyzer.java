// SPDX-License-Identifier: Apache-2.0
// Runs both models of the app on one picture.

package org.daylight.mirror;

import android.content.res.AssetManager;
import android.graphics.Bitmap;
import java.io.Closeable;
import java.io.IOException;

/** Takes a picture whose middle shows one face; it looks for no face itself. Not thread-safe. */
public final class FaceAnalyzer implements Closeable {
  private final AgeEstimator ageEstimator;
  private final GenderClassifier genderClassifier;

  /** Loads both models; throws where an asset is missing or unreadable. */
  public FaceAnalyzer(AssetManager assets) throws IOException {
    ageEstimator = new AgeEstimator(assets);
    genderClassifier = new GenderClassifier(assets);
  }

  /** Age and gender of the face in {@code picture}, an ARGB_8888 bitmap of any size. */
  public Reading analyze(Bitmap picture) {
    Bitmap face = middleSquare(picture);
    float age = ageEstimator.estimate(face);
    float[] scores = genderClassifier.classify(face);
    int best = GenderClassifier.best(scores);
    return new Reading(
        age,
        AgeEstimator.bandOf(age),
        genderClassifier.label(best),
        scores[best],
        GenderClassifier.isSure(scores[best]));
  }

  /** The largest centred square of a picture. */
  static Bitmap middleSquare(Bitmap picture) {
    int side = Math.min(picture.getWidth(), picture.getHeight());
    int left = (picture.getWidth() - side) / 2;
    int top = (picture.getHeight() - side) / 2;
    return Bitmap.createBitmap(picture, left, top, side, side);
  }

  @Override
  public void close() {
    ageEstimator.close();
    genderClassifier.close();
  }
}
