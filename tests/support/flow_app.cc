// SPDX-License-Identifier: Apache-2.0
// Assembles test apps from smali.
#include "support/flow_app.h"

#include <array>
#include <cstdint>
#include <fstream>

#include "support/smali.h"

namespace dl::testing {
namespace {

void put16(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>(value & 0xff));
  out.push_back(static_cast<char>((value >> 8) & 0xff));
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value & 0xffff);
  put16(out, value >> 16);
}

std::uint32_t crc32_of(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

constexpr const char* kLoader = R"(
.class public Lapp/Loader;
.super Ljava/lang/Object;
.method public static map(Landroid/content/Context;Ljava/lang/String;)Ljava/nio/ByteBuffer;
    .locals 8
    invoke-virtual {p0}, Landroid/content/Context;->getAssets()Landroid/content/res/AssetManager;
    move-result-object v0
    invoke-virtual {v0, p1}, Landroid/content/res/AssetManager;->openFd(Ljava/lang/String;)Landroid/content/res/AssetFileDescriptor;
    move-result-object v0
    new-instance v1, Ljava/io/FileInputStream;
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getFileDescriptor()Ljava/io/FileDescriptor;
    move-result-object v2
    invoke-direct {v1, v2}, Ljava/io/FileInputStream;-><init>(Ljava/io/FileDescriptor;)V
    invoke-virtual {v1}, Ljava/io/FileInputStream;->getChannel()Ljava/nio/channels/FileChannel;
    move-result-object v2
    sget-object v3, Ljava/nio/channels/FileChannel$MapMode;->READ_ONLY:Ljava/nio/channels/FileChannel$MapMode;
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getStartOffset()J
    move-result-wide v4
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getDeclaredLength()J
    move-result-wide v6
    invoke-virtual/range {v2 .. v7}, Ljava/nio/channels/FileChannel;->map(Ljava/nio/channels/FileChannel$MapMode;JJ)Ljava/nio/MappedByteBuffer;
    move-result-object v0
    return-object v0
.end method
)";

std::string hex(int value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%x", static_cast<unsigned>(value));
  return text.data();
}

}  // namespace

std::string stored_zip(const std::map<std::string, std::string>& entries) {
  std::string out;
  std::string directory;
  for (const auto& [name, bytes] : entries) {
    const auto offset = static_cast<std::uint32_t>(out.size());
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const std::uint32_t crc = crc32_of(bytes);
    put32(out, 0x04034b50);
    for (const std::uint32_t field : {20U, 0U, 0U, 0U, 0x21U}) put16(out, field);
    put32(out, crc);
    put32(out, size);
    put32(out, size);
    put16(out, static_cast<std::uint32_t>(name.size()));
    put16(out, 0);
    out += name + bytes;
    put32(directory, 0x02014b50);
    for (const std::uint32_t field : {20U, 20U, 0U, 0U, 0U, 0x21U}) put16(directory, field);
    put32(directory, crc);
    put32(directory, size);
    put32(directory, size);
    put16(directory, static_cast<std::uint32_t>(name.size()));
    for (int i = 0; i < 4; ++i) put16(directory, 0);
    put32(directory, 0);
    put32(directory, offset);
    directory += name;
  }
  const auto start = static_cast<std::uint32_t>(out.size());
  out += directory;
  put32(out, 0x06054b50);
  put16(out, 0);
  put16(out, 0);
  put16(out, static_cast<std::uint32_t>(entries.size()));
  put16(out, static_cast<std::uint32_t>(entries.size()));
  put32(out, static_cast<std::uint32_t>(directory.size()));
  put32(out, start);
  put16(out, 0);
  return out;
}

std::string flow_app_smali(const FlowAppText& text) {
  return R"(
.class public Lapp/Main;
.super Landroid/app/Activity;
.field tf:Lorg/tensorflow/lite/Interpreter;
.field tv:Landroid/widget/TextView;
.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
.method public onCreate(Landroid/os/Bundle;)V
    .locals 4
    invoke-super {p0, p1}, Landroid/app/Activity;->onCreate(Landroid/os/Bundle;)V
    new-instance v0, Landroid/widget/TextView;
    invoke-direct {v0, p0}, Landroid/widget/TextView;-><init>(Landroid/content/Context;)V
    iput-object v0, p0, Lapp/Main;->tv:Landroid/widget/TextView;
    new-instance v1, Lorg/tensorflow/lite/Interpreter;
    const-string v2, ")" +
         text.model + R"("
    invoke-static {p0, v2}, Lapp/Loader;->map(Landroid/content/Context;Ljava/lang/String;)Ljava/nio/ByteBuffer;
    move-result-object v2
    invoke-direct {v1, v2}, Lorg/tensorflow/lite/Interpreter;-><init>(Ljava/nio/ByteBuffer;)V
    iput-object v1, p0, Lapp/Main;->tf:Lorg/tensorflow/lite/Interpreter;
    return-void
.end method
.method protected onActivityResult(IILandroid/content/Intent;)V
    .locals 20
    move-object/from16 v15, p0
    move-object/from16 v0, p3
    invoke-virtual {v0}, Landroid/content/Intent;->getExtras()Landroid/os/Bundle;
    move-result-object v0
    const-string v1, "data"
    invoke-virtual {v0, v1}, Landroid/os/Bundle;->get(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/graphics/Bitmap;
)" + text.picture +
         text.fill + R"(
    const/4 v3, 0x1
    const/16 v4, )" +
         hex(text.outputs) + R"(
    filled-new-array {v3, v4}, [I
    move-result-object v3
    sget-object v4, Ljava/lang/Float;->TYPE:Ljava/lang/Class;
    invoke-static {v4, v3}, Ljava/lang/reflect/Array;->newInstance(Ljava/lang/Class;[I)Ljava/lang/Object;
    move-result-object v2
    check-cast v2, [[F
    iget-object v14, v15, Lapp/Main;->tf:Lorg/tensorflow/lite/Interpreter;
    invoke-virtual {v14, v1, v2}, Lorg/tensorflow/lite/Interpreter;->run(Ljava/lang/Object;Ljava/lang/Object;)V
)" + text.answer +
         R"(
    return-void
.end method
)" + text.methods +
         kLoader + text.classes;
}

std::string scaled(int width, int height, bool filter) {
  return "\n    const/16 v3, " + hex(width) + "\n    const/16 v4, " + hex(height) +
         "\n    const/4 v5, " + (filter ? "0x1" : "0x0") +
         "\n    invoke-static {v0, v3, v4, v5}, "
         "Landroid/graphics/Bitmap;->createScaledBitmap(Landroid/graphics/Bitmap;IIZ)Landroid/"
         "graphics/Bitmap;"
         "\n    move-result-object v0\n";
}

std::string float_loop(int width, int height, const std::string& order, const std::string& value) {
  std::string text = R"(
    const v3, )" + hex(width * height) +
                     R"(
    new-array v4, v3, [I
    move-object v5, v0
    const/16 v8, )" + hex(width) +
                     R"(
    move-object v6, v4
    const/4 v7, 0x0
    const/4 v9, 0x0
    const/4 v10, 0x0
    const/16 v11, )" +
                     hex(width) + R"(
    const/16 v12, )" +
                     hex(height) + R"(
    invoke-virtual/range {v5 .. v12}, Landroid/graphics/Bitmap;->getPixels([IIIIIII)V
    const v6, )" + hex(width * height * 12) +
                     R"(
    invoke-static {v6}, Ljava/nio/ByteBuffer;->allocateDirect(I)Ljava/nio/ByteBuffer;
    move-result-object v1
    const/4 v7, 0x0
    :pixels
    if-ge v7, v3, :pixels_done
    aget v9, v4, v7
)";
  for (const char channel : order) {
    text +=
        "    const/16 v11, " +
        std::string(channel == 'R' ? "0x10" : (channel == 'G' ? "0x8" : "0x0")) + "\n" + value +
        "\n    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->putFloat(F)Ljava/nio/ByteBuffer;\n";
  }
  return text + R"(
    add-int/lit8 v7, v7, 0x1
    goto :pixels
    :pixels_done
)";
}

std::string output_element(int index) {
  return "\n    const/4 v3, 0x0\n    aget-object v4, v2, v3\n    const/16 v3, " + hex(index) +
         "\n    aget v3, v4, v3\n";
}

std::string show_text() {
  return R"(
    iget-object v5, v15, Lapp/Main;->tv:Landroid/widget/TextView;
    invoke-virtual {v5, v4}, Landroid/widget/TextView;->setText(Ljava/lang/CharSequence;)V
)";
}

bool smali_is_installed() {
  static const bool kInstalled =
      run_command("command -v smali >/dev/null 2>&1 && echo yes").has_value();
  return kInstalled;
}

std::optional<FlowApp> make_flow_app(const std::string& smali,
                                     const std::map<std::string, std::string>& assets,
                                     const std::string& resources) {
  const auto dex = assemble_smali(smali);
  if (!dex) return std::nullopt;
  std::map<std::string, std::string> entries{{"classes.dex", *dex}};
  for (const auto& [name, bytes] : assets) entries.emplace("assets/" + name, bytes);
  if (!resources.empty()) entries.emplace("resources.arsc", resources);
  FlowApp app;
  app.folder = std::make_unique<TemporaryFolder>();
  const auto path = app.folder->path() / "app.apk";
  std::ofstream(path, std::ios::binary) << stored_zip(entries);
  auto package = program::AppPackage::open(path, null_log());
  if (!package) return std::nullopt;
  app.package = std::make_unique<program::AppPackage>(std::move(*package));
  return app;
}

}  // namespace dl::testing
