// SPDX-License-Identifier: Apache-2.0
// inventory.json: what machine learning an app holds, where, and how far it is known to be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/provenance.h"

namespace dl {

struct AppFile {
  std::string name;
  std::string sha256;
  std::uint64_t size = 0;
};

struct Signer {
  std::string cert_sha256;
  std::string scheme;  // v1|v2|v3
  // The certificate's signature block was verified over the signed data (not a statement of trust).
  bool valid = false;
};

struct AppInfo {
  std::string package;
  std::string version_name;
  std::string version_code;
  std::string sha256;
  std::vector<AppFile> files;
  std::vector<std::string> splits;
  std::vector<std::string> abis;
  std::vector<Signer> signers;
  std::vector<std::string> permissions;
  std::string shape = {};  // apk|split set|app bundle|aar|ipa|archive|folder|file; "" if unsaid
};

// A tensor at a model's border. A shape dimension of -1 is dynamic. dtype:
// float32|float16|int8|uint8|int16|int32|int64|bool|string|other.
struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string dtype;
  std::vector<float> quant_scale = {};
  std::vector<std::int64_t> quant_zero_point = {};
};

struct ModelLocation {
  std::string file;                // the outermost file, by its name without folders
  std::vector<std::string> entry;  // chain of containers from the outside in
  std::uint64_t offset = 0;        // into the innermost entry
  std::uint64_t size = 0;
  // Where the app fetches the model at run time: then nothing of it is here, and `entry` is where
  // the address stands.
  std::string url = {};
};

// A file that belongs to a model: its weights, where they stand in a file of their own.
struct ModelCompanion {
  std::string role;  // weights|graph|labels|metadata
  std::vector<std::string> entry;
  std::string sha256;
  std::uint64_t size = 0;
};

// Who wrote it: the app's own code or an SDK.
struct Origin {
  std::string kind = "first-party";  // first-party|sdk|unknown
  std::string name = {};
  std::string version = {};
};

struct ModelRecord {
  std::string id;      // "model-1" ..., in order of location
  std::string format;  // id in rules/formats.json: tflite ...
  ModelLocation location;
  std::string sha256;
  std::string
      graph_hash;  // over operators and shapes, not weights; empty if the graph was not read
  std::string weights_hash = {};    // over the constant tensors; empty if none was read
  std::uint64_t parameters = 0;     // elements of the constant tensors
  std::string encryption = "none";  // none|xor|encrypted|compressed-only|unknown
  std::string encryption_key = {};  // hex
  std::vector<ModelCompanion> companions = {};
  std::string known = {};  // the name of a published model that has this hash
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<std::string> operators;  // distinct, in order of first use
  std::string last_operator;           // the operator that makes the first output
  Json metadata = Json::object();  // name, description, version, author, input/output normalisation
                                   // where the model says so
  std::vector<std::string> labels;  // from an associated label file
  Origin origin;
  Use use = Use::kPresent;
  std::vector<Evidence> evidence;
};

struct FrameworkRecord {
  std::string id;  // id in rules/frameworks.json
  std::string version;
  std::string layer;   // java|native|script|manifest
  std::string linked;  // shared|static|unbundled
  Origin origin;
  std::vector<Evidence> evidence;
};

// One call site of an ML API.
struct CallRecord {
  std::string id;  // "call-1" ...
  std::string
      api;  // canonical name: org.tensorflow.lite.Interpreter.run, also when the app renamed it
  std::string framework;
  std::string caller;  // Lpkg/Class;->method(Descriptor)Ret as it stands in the DEX
  std::string klass;   // "class" in JSON: the callee's class as it stands in the DEX
  std::string method;  // the callee's method as it stands in the DEX
  // What survives renaming of the calling method (code with its calls by canonical names); sites
  // with equal fingerprints in two versions of an app are the same code. Empty where unknown.
  std::string fingerprint = {};
  // The names before obfuscation, as a mapping file gave them; empty without one.
  std::string original_class = {};   // of the callee: "Lpkg/Class;"
  std::string original_method = {};  // of the callee: name and descriptor
  std::string original_caller = {};  // Lpkg/Class;->method(Descriptor)Ret
  bool obfuscated = false;
  Use use = Use::kPresent;
  Origin origin;
  std::vector<Evidence> evidence;
};

struct TaskRecord {
  std::string id;    // "task-1" ...
  std::string task;  // a task id of the design: age, gender ...
  bool sensitive = false;
  std::string confidence;  // low|medium|high
  std::string model;       // a model's id, or empty
  Use use = Use::kPresent;
  std::vector<Evidence> evidence;
};

struct Inventory {
  Provenance provenance;
  AppInfo app;
  std::vector<ModelRecord> models;
  std::vector<FrameworkRecord> frameworks;
  std::vector<CallRecord> calls;
  std::vector<TaskRecord> tasks;
  std::vector<Gap> gaps;
};

Json to_json(const Inventory& inventory);
Result<Inventory> inventory_from_json(const Json& json, const std::string& where);

}  // namespace dl
