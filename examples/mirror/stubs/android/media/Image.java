// SPDX-License-Identifier: Apache-2.0
// For the class path of javac only: a type that TFLite Support names and Android 4.1 lacks.

package android.media;

/** Android has the real one since API 19; this one is never packed. */
public abstract class Image implements AutoCloseable {}
