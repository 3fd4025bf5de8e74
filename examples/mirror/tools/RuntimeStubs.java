// SPDX-License-Identifier: Apache-2.0
// Writes a jar with the Java 8 API as ProGuard 6 can read it: `java RuntimeStubs.java OUT.jar`.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * The Android stubs of the class path lack java.*, and a JDK 17 keeps no rt.jar. But the JDK carries
 * the signatures behind `javac --release 8` in lib/ct.sym, a zip of RELEASES/MODULE/CLASS.sig where
 * RELEASES holds one letter for each release that the class looks so in. Their class files are
 * plain but for the version number of the JDK, which ProGuard 6 refuses.
 */
public final class RuntimeStubs {
  private static final char RELEASE = '8';
  private static final byte JAVA_8_CLASS_VERSION = 52;
  private static final int MAJOR_VERSION_OFFSET = 6;

  public static void main(String[] args) throws IOException {
    Path signatures = Path.of(System.getProperty("java.home"), "lib", "ct.sym");
    TreeMap<String, byte[]> classes = new TreeMap<>();
    try (ZipFile in = new ZipFile(signatures.toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) in.stream().map(e -> (ZipEntry) e)::iterator) {
        String[] parts = entry.getName().split("/", 3);
        if (parts.length < 3 || parts[0].indexOf(RELEASE) < 0 || !parts[1].equals("java.base")
            || !parts[2].startsWith("java/") || !parts[2].endsWith(".sig")) {
          continue;
        }
        byte[] bytes = in.getInputStream(entry).readAllBytes();
        bytes[MAJOR_VERSION_OFFSET] = 0;
        bytes[MAJOR_VERSION_OFFSET + 1] = JAVA_8_CLASS_VERSION;
        classes.put(parts[2].replaceAll("\\.sig$", ".class"), bytes);
      }
    }
    if (!classes.containsKey("java/lang/Object.class")) {
      throw new IOException(signatures + " holds no java.lang.Object of release " + RELEASE);
    }
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(Path.of(args[0])))) {
      for (String name : classes.keySet()) {
        out.putNextEntry(new ZipEntry(name));
        out.write(classes.get(name));
      }
    }
  }
}
