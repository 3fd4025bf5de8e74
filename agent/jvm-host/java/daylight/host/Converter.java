// SPDX-License-Identifier: Apache-2.0
package daylight.host;

import com.googlecode.d2j.Method;
import com.googlecode.d2j.dex.BaseDexExceptionHandler;
import com.googlecode.d2j.dex.Dex2jar;
import com.googlecode.d2j.node.DexMethodNode;
import com.googlecode.d2j.reader.BaseDexFileReader;
import com.googlecode.d2j.reader.MultiDexFileReader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;

/** "Converter APK FOLDER": makes FOLDER/app.jar of an app's DEX files, and FOLDER/app.json, which says how that went. */
public final class Converter {
    /** Classes of test runners in an app would stand in front of those that run it. */
    private static final List<String> LEFT_OUT = List.of("org/junit/", "junit/", "androidx/test/", "android/support/test/", "org/robolectric/", "daylight/host/");

    private final List<String> failed = new ArrayList<>();
    private int classes = 0;
    private int natives = 0;

    public static void main(String[] arguments) throws IOException {
        new Converter().convert(Path.of(arguments[0]), Path.of(arguments[1]));
    }

    private void convert(Path apk, Path folder) throws IOException {
        Path plain = folder.resolve("plain.jar");
        Files.deleteIfExists(plain);
        translate(apk, plain);
        wrap(plain, folder.resolve("app.jar"));
        Files.delete(plain);
        StringBuilder report = new StringBuilder("{\"classes\":" + classes + ",\"natives\":" + natives + ",\"failed\":[");
        for (int i = 0; i < failed.size(); ++i) report.append(i == 0 ? "" : ",").append(Json.quoted(failed.get(i)));
        Files.writeString(folder.resolve("app.json"), report.append("]}"));
    }

    private void translate(Path apk, Path jar) throws IOException {
        BaseDexFileReader dex = MultiDexFileReader.open(Files.readAllBytes(apk));
        BaseDexExceptionHandler handler = new BaseDexExceptionHandler() {
            @Override
            public void handleMethodTranslateException(Method method, DexMethodNode node, MethodVisitor to, Exception why) {
                failed.add(method.getOwner() + "." + method.getName());
                super.handleMethodTranslateException(method, node, to, why);
            }
        };
        Dex2jar.from(dex)
                .withExceptionHandler(handler)
                .reUseReg(false)
                .topoLogicalSort(true)
                .skipDebug(false)
                .optimizeSynchronized(false)
                .printIR(false)
                .noCode(false)
                .skipExceptions(false)
                .dontSanitizeNames(true)
                .computeFrames(true)
                .to(jar);
    }

    private void wrap(Path from, Path to) throws IOException {
        try (ZipFile source = new ZipFile(from.toFile());
                OutputStream file = new BufferedOutputStream(Files.newOutputStream(to));
                ZipOutputStream target = new ZipOutputStream(file)) {
            target.setLevel(1);
            for (Enumeration<? extends ZipEntry> entries = source.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                if (!entry.getName().endsWith(".class") || LEFT_OUT.stream().anyMatch(entry.getName()::startsWith)) continue;
                target.putNextEntry(new ZipEntry(entry.getName()));
                target.write(wrapped(source.getInputStream(entry).readAllBytes()));
                target.closeEntry();
            }
        }
    }

    private byte[] wrapped(byte[] bytes) {
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, 0);
        NativeWrapper pass = new NativeWrapper(writer);
        reader.accept(pass, 0);
        ++classes;
        natives += pass.wrapped();
        return writer.toByteArray();
    }
}
