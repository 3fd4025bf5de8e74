// SPDX-License-Identifier: Apache-2.0
// Builds the small inventory.
#include "inventory_fixture.h"

namespace dl::testing {
namespace {

constexpr const char* kFile = "app.apk";

std::string digest(char digit) { return std::string(64, digit); }

Evidence evidence(const char* kind, std::vector<std::string> entry, const char* rule,
                  const char* excerpt) {
  Evidence out{kind, kFile, std::move(entry)};
  out.rule = rule;
  out.excerpt = excerpt;
  return out;
}

ModelRecord age_model() {
  ModelRecord model;
  model.id = "model-1";
  model.format = "tflite";
  model.location = {kFile, {"assets/age.tflite"}, 0, 4096, ""};
  model.sha256 = digest('1');
  model.graph_hash = digest('a');
  model.weights_hash = digest('b');
  model.parameters = 1000;
  model.known = "Age Net";
  model.inputs = {{"in", {1, 64, 64, 3}, "float32"}};
  model.outputs = {{"out", {1, 1}, "float32"}};
  model.operators = {"CONV_2D", "FULLY_CONNECTED"};
  model.last_operator = "FULLY_CONNECTED";
  model.labels = {"young", "old"};
  model.origin = {"first-party", "com.example.app"};
  model.use = Use::kReachable;
  model.evidence = {evidence("asset", {"assets/age.tflite"}, "tflite.structure", "12 operators")};
  model.evidence.front().offset = 0;
  return model;
}

ModelRecord hidden_model() {
  ModelRecord model;
  model.id = "model-2";
  model.format = "tflite";
  model.location = {kFile, {"assets/pack.zip", "m.bin", "~xor@0+4096:5a3c"}, 64, 2048, ""};
  model.sha256 = digest('2');
  model.encryption = "xor";
  model.encryption_key = "5a3c";
  model.origin = {"sdk", "Example SDK", "3.0"};
  model.evidence = {evidence("asset", {"assets/pack.zip", "m.bin"}, "tflite.structure", "XOR")};
  model.evidence.front().entry = model.location.entry;
  return model;
}

ModelRecord remote_model() {
  ModelRecord model;
  model.id = "model-3";
  model.format = "onnx";
  model.location = {kFile, {"classes.dex"}, 0, 0, "https://models.example/m.onnx"};
  model.origin = {"unknown"};
  model.evidence = {
      evidence("code", {"classes.dex"}, "remote.url", "https://models.example/m.onnx")};
  return model;
}

CallRecord run_call(const char* id, const char* caller, Use use, bool renamed) {
  CallRecord call;
  call.id = id;
  call.api = "org.tensorflow.lite.Interpreter.run";
  call.framework = "tflite";
  call.caller = caller;
  call.klass = renamed ? "Lo/e;" : "Lorg/tensorflow/lite/Interpreter;";
  call.method = renamed ? "a(Ljava/lang/Object;)V" : "run(Ljava/lang/Object;)V";
  call.obfuscated = renamed;
  call.use = use;
  call.origin = {"first-party", "com.example.app"};
  call.fingerprint = digest(renamed ? 'c' : 'd');
  call.evidence = {evidence("code", {"classes.dex"}, "call-site", "calls it")};
  call.evidence.front().offset = 1234;
  call.evidence.front().method = caller;
  return call;
}

}  // namespace

Inventory small_inventory() {
  Inventory inventory;
  inventory.provenance.inputs = {{"app", kFile, digest('f')}};
  inventory.app.package = "com.example.app";
  inventory.app.version_name = "1.2";
  inventory.app.version_code = "12";
  inventory.app.sha256 = digest('f');
  inventory.app.files = {{kFile, digest('f'), 100000}};
  inventory.models = {age_model(), hidden_model(), remote_model()};
  FrameworkRecord native{"tflite", "2.14.0", "native", "shared", {"sdk", "TensorFlow Lite"}, {}};
  native.evidence = {evidence("native", {"lib/arm64-v8a/libtensorflowlite_jni.so"},
                              "tflite.library", "libtensorflowlite_jni.so")};
  FrameworkRecord java{"tflite", "", "java", "static", {"sdk", "TensorFlow Lite"}, {}};
  java.evidence = {evidence("code", {"classes.dex"}, "tflite.class", "Interpreter")};
  inventory.frameworks = {native, java};
  inventory.calls = {run_call("call-1", "Lcom/example/Age;->predict(I)F", Use::kReachable, true),
                     run_call("call-2", "Lcom/example/Other;->go()V", Use::kPresent, false)};
  TaskRecord age{"task-1", "age", true, "high", "model-1", Use::kReachable, {}};
  age.evidence = {evidence("asset", {"assets/age.tflite"}, "task.labels", "young, old")};
  TaskRecord faces{"task-2", "face-detection", false, "low", "", Use::kPresent, {}};
  faces.evidence = {evidence("code", {"classes.dex"}, "task.api", "calls FaceDetector")};
  inventory.tasks = {age, faces};
  inventory.gaps = {{"assets/broken.bin!~xor@0+9:5a3c", "a damaged entry"}};
  return inventory;
}

}  // namespace dl::testing
