// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;

/** "Wrap FILE.class": what the converter does to an app's class, to one file. */
public final class Wrap {
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        ClassReader reader = new ClassReader(Files.readAllBytes(file));
        ClassWriter writer = new ClassWriter(reader, 0);
        reader.accept(new NativeWrapper(writer), 0);
        Files.write(file, writer.toByteArray());
    }
}
