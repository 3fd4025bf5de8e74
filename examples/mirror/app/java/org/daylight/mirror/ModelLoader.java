// SPDX-License-Identifier: Apache-2.0
// Brings models and label files from the APK's assets into memory.

package org.daylight.mirror;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/** Two ways to load a model: for assets that are stored as they are, and for compressed ones. */
final class ModelLoader {
  private static final int CHUNK_BYTES = 16 * 1024;

  private ModelLoader() {}

  /** Maps an uncompressed asset; the pages stay shared with the APK file. */
  static ByteBuffer map(AssetManager assets, String name) throws IOException {
    AssetFileDescriptor asset = assets.openFd(name);
    try {
      FileInputStream file = new FileInputStream(asset.getFileDescriptor());
      try {
        return file.getChannel()
            .map(FileChannel.MapMode.READ_ONLY, asset.getStartOffset(), asset.getDeclaredLength());
      } finally {
        file.close();
      }
    } finally {
      asset.close();
    }
  }

  /** Reads an asset, compressed or not, into a direct buffer of its own. */
  static ByteBuffer read(AssetManager assets, String name) throws IOException {
    ByteArrayOutputStream collected = new ByteArrayOutputStream();
    InputStream in = assets.open(name);
    try {
      byte[] chunk = new byte[CHUNK_BYTES];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        collected.write(chunk, 0, n);
      }
    } finally {
      in.close();
    }
    ByteBuffer model = ByteBuffer.allocateDirect(collected.size());
    model.order(ByteOrder.nativeOrder());
    model.put(collected.toByteArray());
    model.rewind();
    return model;
  }

  /** One label for each line that is not empty, in the file's order. */
  static List<String> labels(AssetManager assets, String name) throws IOException {
    List<String> labels = new ArrayList<String>();
    BufferedReader reader = new BufferedReader(new InputStreamReader(assets.open(name), "UTF-8"));
    try {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.trim().isEmpty()) {
          labels.add(line.trim());
        }
      }
    } finally {
      reader.close();
    }
    return labels;
  }
}
