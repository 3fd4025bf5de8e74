// SPDX-License-Identifier: Apache-2.0
// What the app believes about one face: an age in years and a gender with its score.

package org.daylight.mirror;

/** The answer of {@link FaceAnalyzer} about one picture. Immutable. */
public final class Reading {
  /** Estimated age in years. */
  public final float age;

  /** The band of life that {@link #age} falls into. */
  public final String ageBand;

  /** Label of the class with the highest score. */
  public final String gender;

  /** Score of {@link #gender}, 0 to 1. */
  public final float genderScore;

  /** True where the score is high enough to be shown without "perhaps". */
  public final boolean genderIsSure;

  Reading(float age, String ageBand, String gender, float genderScore, boolean genderIsSure) {
    this.age = age;
    this.ageBand = ageBand;
    this.gender = gender;
    this.genderScore = genderScore;
    this.genderIsSure = genderIsSure;
  }
}
