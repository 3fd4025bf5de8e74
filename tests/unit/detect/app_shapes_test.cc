// SPDX-License-Identifier: Apache-2.0
// Inventories of apps that are no APKs: made in the test, part by part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/detect/detector.h"
#include "daylight/program/package/ios_bundle.h"
#include "support/apple_binary.h"
#include "support/coreml_data_builder.h"
#include "support/protobuf_builder.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

namespace fs = std::filesystem;
using testing::build_tiny_tflite;
using testing::build_zip;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using testing::pb_bytes;
using testing::pb_int;
using ::testing::SizeIs;
using testing::ZipItem;

class AppShapes : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static Inventory inventory_of(const fs::path& path) {
    const auto app = program::AppPackage::open(path, null_log());
    EXPECT_TRUE(app) << describe(app.error());
    if (!app) return {};
    auto found = detect(*app, RuleSet::builtin(), {}, null_log());
    EXPECT_TRUE(found);
    if (!found) return {};
    // Every record can be written and read again.
    const auto again = inventory_from_json(to_json(*found), "again");
    EXPECT_TRUE(again) << describe(again.error());
    EXPECT_EQ(again->app.shape, found->app.shape);
    return std::move(*found);
  }
  const testing::TemporaryFolder folder_;
};

std::vector<std::string> gap_texts(const Inventory& inventory) {
  std::vector<std::string> out;
  for (const Gap& gap : inventory.gaps) out.push_back(gap.where + ": " + gap.why);
  return out;
}

const Evidence* evidence_of(const ModelRecord& model, const std::string& rule) {
  for (const Evidence& each : model.evidence)
    if (each.rule == rule) return &each;
  return nullptr;
}

std::string plist(const std::string& fields) {
  return "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>" + fields + "</dict></plist>";
}

constexpr const char* kInfo =
    "<key>CFBundleIdentifier</key><string>org.example.ager</string>"
    "<key>CFBundleShortVersionString</key><string>2.3</string>"
    "<key>CFBundleVersion</key><string>77</string><key>CFBundleExecutable</key><string>Ager</"
    "string>"
    "<key>NSCameraUsageDescription</key><string>to look at you</string>";

constexpr const char* kLayers =
    R"({"storage":"model.espresso.weights","format_version":200,"layers":[)"
    R"({"type":"convolution","name":"c","bottom":"data","top":"x","K":3,"C":8,"blob_weights":3},)"
    R"({"type":"softmax","name":"s","bottom":"x","top":"probs","axis":1,"weights":{}}]})";
constexpr const char* kDescription =
    R"([{"metadataOutputVersion":"3.0","author":"someone","modelType":{"name":"MLModelType_x"},)"
    R"("inputSchema":[{"name":"image","type":"Image","colorspace":"RGB","width":"224",)"
    R"("height":"112"}],"outputSchema":[{"name":"age","type":"MultiArray","dataType":"Float32",)"
    R"("shape":"[1, 101]"}],"userDefinedMetadata":{"classes":"a,b"}}])";

TEST_F(AppShapes, IosAppWithACompiledModel) {
  const auto binary = testing::build_apple_binary(
      "__attribute__((objc_root_class)) @interface MLModel\n+ (id)load:(id)url;\n@end\n"
      "int main(void) { return [MLModel load:0] != 0; }",
      testing::AppleTarget::kArm64Ios,
      {{"/System/Library/Frameworks/CoreML.framework/CoreML", {}, {"MLModel"}}});
  if (!binary) GTEST_SKIP() << "clang-14 or ld64.lld-14 is absent here";
  const std::string app = "Payload/Ager.app/";
  const auto ipa = build_zip({{app + "Info.plist", plist(kInfo)},
                              {app + "Ager", *binary},
                              {app + "Age.mlmodelc/model.espresso.net", kLayers, true},
                              {app + "Age.mlmodelc/metadata.json", kDescription, true},
                              {app + "Age.mlmodelc/model.espresso.weights", std::string(900, 'w')},
                              {app + "Age.mlmodelc/coremldata.bin", std::string("\1\2\3\4", 4)},
                              {app + "Frameworks/X.framework/Info.plist",
                               plist("<key>CFBundleIdentifier</key><string>x</string>")},
                              {app + "face.tflite", build_tiny_tflite()}});
  const Inventory found = inventory_of(write("ager.ipa", ipa.bytes));
  EXPECT_EQ(found.app.shape, "ipa");
  EXPECT_EQ(found.app.package, "org.example.ager");
  EXPECT_EQ(found.app.version_name, "2.3");
  EXPECT_EQ(found.app.version_code, "77");
  EXPECT_THAT(found.app.abis, ElementsAre("arm64"));
  EXPECT_THAT(found.app.permissions, ElementsAre("NSCameraUsageDescription"));
  EXPECT_THAT(gap_texts(found), Contains(HasSubstr("calls are not read")));
  ASSERT_THAT(found.frameworks, SizeIs(1));
  EXPECT_EQ(found.frameworks[0].id, "coreml_ios");
  EXPECT_EQ(found.frameworks[0].layer, "native");
  std::vector<std::string> why;
  for (const Evidence& each : found.frameworks[0].evidence) why.push_back(each.excerpt);
  EXPECT_THAT(why, IsSupersetOf({"/System/Library/Frameworks/CoreML.framework/CoreML",
                                 "_OBJC_CLASS_$_MLModel"}));
  ASSERT_THAT(found.models, SizeIs(2));
  const ModelRecord& compiled = found.models[0];
  EXPECT_EQ(compiled.format, "coreml_compiled");
  EXPECT_THAT(compiled.location.entry, ElementsAre(app + "Age.mlmodelc/model.espresso.net"));
  ASSERT_THAT(compiled.inputs, SizeIs(1));
  EXPECT_THAT(compiled.inputs[0].shape, ElementsAre(3, 112, 224));
  EXPECT_THAT(compiled.operators, ElementsAre("convolution", "softmax"));
  EXPECT_THAT(compiled.labels, ElementsAre("a", "b"));
  EXPECT_FALSE(compiled.graph_hash.empty());
  EXPECT_EQ(compiled.metadata["folder"], app + "Age.mlmodelc/");
  ASSERT_THAT(compiled.companions, SizeIs(3));
  EXPECT_EQ(compiled.companions[0].role, "metadata");  // coremldata.bin
  EXPECT_EQ(compiled.companions[2].role, "weights");
  EXPECT_EQ(compiled.companions[2].size, 900U);
  EXPECT_EQ(found.models[1].format, "tflite");
  EXPECT_THAT(gap_texts(found), Not(Contains(HasSubstr("weights"))));
}

// A runtime that is linked into the program, in one of its two images; and one that comes beside
// it.
TEST_F(AppShapes, RuntimesInsideOfApplePrograms) {
  const std::string interpreter =
      "__attribute__((visibility(\"default\"))) int TfLiteInterpreterInvoke(int x) { return x; }\n";
  const auto phone = testing::build_apple_binary(
      interpreter + "int main(void) { return TfLiteInterpreterInvoke(0); }",
      testing::AppleTarget::kArm64Ios, {});
  const auto desk = testing::build_apple_binary(
      interpreter + "int main(void) { return TfLiteInterpreterInvoke(0); }",
      testing::AppleTarget::kX86_64Macos, {});
  const auto beside = testing::build_apple_binary(
      "__attribute__((visibility(\"default\"))) int OrtGetApiBase(void) { return 1; }",
      testing::AppleTarget::kArm64Ios, {},
      "-dylib -install_name @rpath/onnxruntime.framework/onnxruntime");
  if (!phone || !desk || !beside) GTEST_SKIP() << "clang-14 or ld64.lld-14 is absent here";
  const auto fat = testing::join_apple_binaries({*phone, *desk});
  if (!fat) GTEST_SKIP() << "llvm-lipo-14 is absent here";
  const std::string model = build_tiny_tflite();
  const std::string app = "Payload/Ager.app/";
  const auto ipa = build_zip({{app + "Info.plist", plist(kInfo)},
                              {app + "Ager", *fat + model, true},
                              {app + "Frameworks/onnxruntime.framework/onnxruntime", *beside}});
  const Inventory found = inventory_of(write("ager.ipa", ipa.bytes));
  EXPECT_THAT(found.app.abis, ElementsAre("arm64", "x86_64"));
  std::map<std::string, std::size_t> frameworks;
  for (const FrameworkRecord& each : found.frameworks) frameworks[each.id] = each.evidence.size();
  EXPECT_EQ(frameworks.count("tflite"), 1U);
  EXPECT_EQ(frameworks["tflite"], 1U);  // not once for each image
  EXPECT_EQ(frameworks.count("onnxruntime"), 1U);
  ASSERT_THAT(found.models, SizeIs(1));
  EXPECT_EQ(found.models[0].location.offset, fat->size());
}

// A library: text manifest, class files in a jar inside, native code, assets.
TEST_F(AppShapes, AndroidLibrary) {
  write("src/ai/onnxruntime/OrtSession.java",
        "package ai.onnxruntime; public class OrtSession { public native long run(long s); }");
  write("src/org/example/Ager.java",
        "package org.example; public class Ager {\n"
        "  public static native int estimateAge(byte[] face);\n"
        "  String at = \"https://models.example.org/v2/age.tflite\";\n"
        "  long go(ai.onnxruntime.OrtSession s) { return s.run(1); } }");
  const std::string at = folder_.path().string();
  if (!testing::run_command("cd " + at +
                            "/src && javac -d ../classes org/example/Ager.java "
                            "ai/onnxruntime/OrtSession.java 2>&1 && cd ../classes && "
                            "python3 -m zipfile -c ../classes.jar org ai"))
    GTEST_SKIP() << "javac is absent here";
  const auto jar = MappedFile::open(folder_.path() / "classes.jar");
  ASSERT_TRUE(jar);
  const auto aar = build_zip(
      {{"AndroidManifest.xml",
        "<?xml version=\"1.0\"?><manifest xmlns:android=\"http://schemas.android.com/apk/res/"
        "android\" package=\"org.example.lib\"><uses-permission "
        "android:name=\"android.permission.CAMERA\"/></manifest>"},
       {"classes.jar", std::string(as_text(jar->bytes())), true},
       {"R.txt", "x"},
       {"assets/face.tflite", build_tiny_tflite()}});
  const Inventory found = inventory_of(write("lib.aar", aar.bytes));
  EXPECT_EQ(found.app.shape, "aar");
  EXPECT_EQ(found.app.package, "org.example.lib");
  EXPECT_THAT(found.app.permissions, ElementsAre("android.permission.CAMERA"));
  EXPECT_THAT(gap_texts(found), Contains(HasSubstr("2 classes are listed, calls are not read")));
  const auto ort = std::find_if(found.frameworks.begin(), found.frameworks.end(),
                                [](const auto& each) { return each.id == "onnxruntime"; });
  ASSERT_NE(ort, found.frameworks.end());
  EXPECT_EQ(ort->layer, "java");
  EXPECT_EQ(ort->linked, "static");
  EXPECT_THAT(ort->evidence[0].entry,
              ElementsAre("classes.jar", "ai/onnxruntime/OrtSession.class"));
  EXPECT_THAT(ort->evidence[0].excerpt, HasSubstr("native methods: run"));
  EXPECT_EQ(ort->evidence[1].excerpt, "org.example.Ager names ai.onnxruntime.OrtSession");
  std::vector<std::string> tasks;
  for (const TaskRecord& each : found.tasks) tasks.push_back(each.task);
  EXPECT_THAT(tasks, Contains("age"));
  std::vector<std::string> urls;
  for (const ModelRecord& each : found.models) urls.push_back(each.location.url);
  EXPECT_THAT(urls, ElementsAre("", "https://models.example.org/v2/age.tflite"));
}

TEST_F(AppShapes, ModelFoldersThatCannotBeRead) {
  const auto ipa =
      build_zip({{"Payload/A.app/Info.plist", plist(kInfo)},
                 {"Payload/A.app/Face.mlmodelc/coremldata.bin", std::string("\1\2\3\4", 4)},
                 {"Payload/A.app/Face.mlmodelc/model0/coremldata.bin", "abcd"}});
  const Inventory found = inventory_of(write("a.ipa", ipa.bytes));
  ASSERT_THAT(found.models, SizeIs(1));
  EXPECT_EQ(found.models[0].format, "coreml_compiled");
  EXPECT_EQ(found.models[0].metadata["folder"], "Payload/A.app/Face.mlmodelc/");
  EXPECT_THAT(found.models[0].companions, SizeIs(1));
  EXPECT_THAT(gap_texts(found), Contains(HasSubstr("no part could be read")));
  EXPECT_THAT(gap_texts(found), Contains(HasSubstr("main program that it names is not there")));
}

// A compiled model without metadata.json: its description says what goes in; a pipeline's is not
// that of the models inside.
TEST_F(AppShapes, ModelFoldersWithADescriptionOnly) {
  using testing::pb_bytes;
  using testing::pb_int;
  const auto description = [](const std::string& input) {
    return pb_bytes(1, pb_bytes(1, input) +
                           pb_bytes(3, pb_bytes(4, pb_int(1, 9) + pb_int(2, 8) + pb_int(3, 20)))) +
           pb_bytes(10, pb_bytes(1, "y") + pb_bytes(3, pb_bytes(2, "")));
  };
  const std::string folder = "Payload/A.app/Face.mlmodelc/";
  const auto ipa = build_zip(
      {{"Payload/A.app/Info.plist", plist(kInfo)},
       {folder + "analytics/coremldata.bin",
        testing::coreml_notes("SpecificationDetails", {{"modelName", "FaceAge"}})},
       {folder + "coremldata.bin", testing::coreml_data(202, 7, description("picture"))},
       {folder + "model0/coremldata.bin", testing::coreml_data(502, 7, description("inner"))},
       {folder + "model0/model.mil", "not a program"}});
  const Inventory found = inventory_of(write("a.ipa", ipa.bytes));
  ASSERT_THAT(found.models, SizeIs(1));
  const ModelRecord& model = found.models[0];
  EXPECT_THAT(model.location.entry, ElementsAre(folder + "coremldata.bin"));
  ASSERT_THAT(model.inputs, SizeIs(1));
  EXPECT_EQ(model.inputs[0].name, "picture");
  EXPECT_THAT(model.inputs[0].shape, ElementsAre(3, 8, 9));
  EXPECT_EQ(model.metadata["type"], "pipeline");
  EXPECT_EQ(model.metadata["SpecificationDetails.modelName"], "FaceAge");
  EXPECT_THAT(model.companions, SizeIs(3));
}

// The folder of a model, given by itself.
TEST_F(AppShapes, AModelFolderAlone) {
  write("Age.mlmodelc/metadata.json", kDescription);
  write("Age.mlmodelc/model.espresso.net", kLayers);
  write("Age.mlmodelc/model.espresso.weights", std::string(900, 'w'));
  const Inventory found = inventory_of(folder_.path() / "Age.mlmodelc");
  EXPECT_EQ(found.app.shape, "folder");
  ASSERT_THAT(found.models, SizeIs(1));
  ModelRecord model = found.models[0];
  EXPECT_EQ(model.format, "coreml_compiled");
  EXPECT_EQ(model.metadata["folder"], "Age.mlmodelc/");
  EXPECT_THAT(model.inputs.at(0).shape, ElementsAre(3, 112, 224));
  EXPECT_THAT(model.operators, ElementsAre("convolution", "softmax"));
  EXPECT_THAT(model.companions, SizeIs(2));
  EXPECT_THAT(gap_texts(found), IsEmpty());
}

// A model that is an archive is given as what it is, not as a folder of its parts; an archive of
// models is a folder.
TEST_F(AppShapes, ArchivesThatAreModels) {
  const auto seed = [](const std::string& name) {
    const auto file = MappedFile::open(testing::project_file("fuzz/corpus/archive_models/" + name));
    return file ? std::string(as_text(file->bytes())) : std::string();
  };
  for (const auto& [name, format] : std::map<std::string, std::string>{{"script", "torchscript"},
                                                                       {"keras", "keras_zip"},
                                                                       {"npz", "numpy_zip"},
                                                                       {"task", "mediapipe_task"},
                                                                       {"dlc", "dlc_zip"}}) {
    const Inventory found = inventory_of(write(name + ".bin", seed(name)));
    EXPECT_EQ(found.app.shape, "file") << name;
    ASSERT_FALSE(found.models.empty()) << name;
    EXPECT_EQ(found.models[0].format, format);
  }
  const auto archive = build_zip({{"a/net.pt", seed("script")}, {"a/other.txt", "x"}});
  const Inventory packed = inventory_of(write("nets.zip", archive.bytes));
  EXPECT_EQ(packed.app.shape, "archive");
  EXPECT_THAT(packed.models, SizeIs(1));
}

// A manifest of a module as a message.
std::string proto_manifest(const std::string& split, const std::string& delivery) {
  constexpr const char* kDist = "http://schemas.android.com/apk/distribution";
  const auto element = [](const std::string& uri, const std::string& name,
                          const std::string& rest) {
    return pb_bytes(1, (uri.empty() ? "" : pb_bytes(2, uri)) + pb_bytes(3, name) + rest);
  };
  const auto attribute = [](const std::string& name, const std::string& value) {
    return pb_bytes(4, pb_bytes(2, name) + pb_bytes(3, value));
  };
  const std::string parts =
      delivery.empty()
          ? ""
          : pb_bytes(5,
                     element(kDist, "module",
                             attribute("type", "asset-pack") +
                                 pb_bytes(5, element(kDist, "delivery",
                                                     pb_bytes(5, element(kDist, delivery, ""))))));
  return element("", "manifest",
                 attribute("package", "org.example.ager") +
                     (split.empty() ? "" : attribute("split", split)) + parts);
}

TEST_F(AppShapes, BundleWithAssetPacks) {
  const auto bundle = build_zip(
      {{"BundleConfig.pb", "\x0a\x02\x12\x00"},
       {"aaa_models/manifest/AndroidManifest.xml", proto_manifest("aaa_models", "on-demand")},
       {"aaa_models/assets/age.tflite", build_tiny_tflite()},
       {"base/manifest/AndroidManifest.xml", proto_manifest("", "")},
       {"base/assets/face.tflite", build_tiny_tflite()},
       {"fast/manifest/AndroidManifest.xml", proto_manifest("fast", "fast-follow")},
       {"fast/assets/skin.tflite", build_tiny_tflite()}});
  const Inventory found = inventory_of(write("ager.aab", bundle.bytes));
  EXPECT_EQ(found.app.shape, "app bundle");
  EXPECT_EQ(found.app.package, "org.example.ager");
  EXPECT_THAT(found.app.splits, ElementsAre("aaa_models", "fast"));
  ASSERT_THAT(found.models, SizeIs(3));
  EXPECT_EQ(found.models[0].metadata["delivery"], "on-demand");
  ASSERT_NE(evidence_of(found.models[0], "app.module"), nullptr);
  EXPECT_EQ(evidence_of(found.models[0], "app.module")->excerpt,
            "asset-pack \"aaa_models\" is fetched when the app asks for it");
  EXPECT_FALSE(found.models[1].metadata.contains("delivery"));
  EXPECT_EQ(found.models[2].metadata["delivery"], "fast-follow");
}

TEST_F(AppShapes, AssetPackAmongSplits) {
  const auto base = build_zip({{"AndroidManifest.xml", proto_manifest("", "")}});
  const auto pack = build_zip({{"AndroidManifest.xml", proto_manifest("pack", "install-time")},
                               {"assets/age.tflite", build_tiny_tflite()}});
  const auto set = build_zip({{"splits/base-master.apk", base.bytes},
                              {"splits/pack-master.apk", pack.bytes},
                              {"toc.pb", "x"}});
  for (const char* name : {"ager.apks", "ager.xapk"}) {
    const Inventory found = inventory_of(write(name, set.bytes));
    EXPECT_EQ(found.app.shape, "split set");
    EXPECT_EQ(found.app.package, "org.example.ager");
    ASSERT_THAT(found.models, SizeIs(1));
    EXPECT_EQ(found.models[0].metadata["module"], "pack");
    EXPECT_EQ(found.models[0].metadata["delivery"], "install-time");
  }
}

// Expansion files: zip or raw, alone, beside the APK, in an .xapk.
TEST_F(AppShapes, ExpansionFiles) {
  const std::string model = build_tiny_tflite();
  const std::string name = "main.7.org.example.ager.obb";
  const auto zipped = build_zip({{"models/age.tflite", model, true}, {"data.txt", "x"}});
  const std::string raw = std::string(5000, 'x') + model + std::string(3000, 'y');
  const auto apk = build_zip({{"AndroidManifest.xml", proto_manifest("", "")}});

  const Inventory alone = inventory_of(write("alone/" + name, zipped.bytes));
  EXPECT_EQ(alone.app.shape, "archive");
  ASSERT_THAT(alone.models, SizeIs(1));
  EXPECT_THAT(alone.models[0].location.entry, ElementsAre("models/age.tflite"));

  const Inventory as_bytes_only = inventory_of(write("raw/" + name, raw));
  EXPECT_EQ(as_bytes_only.app.shape, "file");
  ASSERT_THAT(as_bytes_only.models, SizeIs(1));
  EXPECT_EQ(as_bytes_only.models[0].location.offset, 5000U);

  write("beside/base.apk", apk.bytes);
  write("beside/" + name, zipped.bytes);
  write("beside/patch.8.org.example.ager.obb", raw);
  const Inventory beside = inventory_of(folder_.path() / "beside");
  EXPECT_EQ(beside.app.package, "org.example.ager");
  ASSERT_THAT(beside.models, SizeIs(2));
  EXPECT_THAT(beside.models[0].location.entry, ElementsAre(name, "models/age.tflite"));
  EXPECT_THAT(beside.models[1].location.entry, ElementsAre("patch.8.org.example.ager.obb"));

  const auto xapk = build_zip({{"manifest.json", "{}"},
                               {"org.example.ager.apk", apk.bytes},
                               {"Android/obb/org.example.ager/" + name, zipped.bytes}});
  const Inventory packed = inventory_of(write("ager.xapk", xapk.bytes));
  EXPECT_EQ(packed.app.package, "org.example.ager");
  ASSERT_THAT(packed.models, SizeIs(1));
  EXPECT_THAT(packed.models[0].location.entry,
              ElementsAre("Android/obb/org.example.ager/" + name, "models/age.tflite"));
}

TEST_F(AppShapes, SavedModelIsOneModel) {
  // A graph of one placeholder, as SavedModel holds it.
  const std::string dtype = pb_bytes(5, pb_bytes(1, "dtype") + pb_bytes(2, pb_int(6, 1)));
  const std::string node = pb_bytes(1, pb_bytes(1, "v") + pb_bytes(2, "VarHandleOp") + dtype);
  const std::string meta =
      pb_bytes(1, pb_bytes(4, "serve") + pb_bytes(5, "2.16.2")) + pb_bytes(2, node);
  const std::string saved = pb_int(1, 1) + pb_bytes(2, meta);
  write("m/saved_model.pb", saved);
  write("m/variables/variables.index", "index");
  write("m/variables/variables.data-00000-of-00001", std::string(5000, 'v'));
  write("m/assets/labels.txt", "a\nb\n");
  const Inventory found = inventory_of(folder_.path() / "m");
  ASSERT_THAT(found.models, SizeIs(1));
  EXPECT_EQ(found.models[0].format, "tf_savedmodel");
  ASSERT_THAT(found.models[0].companions, SizeIs(3));
  EXPECT_EQ(found.models[0].companions[0].role, "labels");
  EXPECT_EQ(found.models[0].companions[1].role, "weights");
}

}  // namespace
}  // namespace dl
