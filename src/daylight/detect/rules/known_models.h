// SPDX-License-Identifier: Apache-2.0
// Published models by the digests of their bytes and weights: what an app's model is, where
// somebody has seen it before.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"

namespace dl {

inline constexpr std::size_t kMaxKnownModels = 1'000'000;

// One entry of a table. At least one digest is there; all are SHA-256 in lower-case hexadecimal.
struct KnownModel {
  std::string name;
  std::string sha256;        // of the model's bytes
  std::string weights_hash;  // as ModelRecord::weights_hash: the same weights in another file
  std::string graph_hash;    // as ModelRecord::graph_hash: given only where the graph alone tells
                             // what the model is for, so that retrained copies count
  std::vector<std::string> tasks;
  std::string source;  // where the file was published

  friend bool operator==(const KnownModel&, const KnownModel&) = default;
};

// How an entry was recognised.
enum class KnownBy { kNothing, kBytes, kWeights, kGraph };
struct KnownMatch {
  const KnownModel* model = nullptr;
  KnownBy by = KnownBy::kNothing;
};

// One or more tables (daylight/known-models/1, docs/formats/known_models.md). Immutable but for
// add(); const methods are thread safe.
class KnownModels {
 public:
  // kInvalidArgument names the entry and the key that is wrong; task ids must be those of the
  // rules.
  static Result<KnownModels> parse(std::string_view json, const std::string& where);
  // The table that the build carries. A test checks that it parses.
  static const KnownModels& builtin();

  // Replaces an entry with the same bytes (or, without those, the same weights or graph). Later
  // entries win over earlier ones.
  void add(KnownModel model);
  void add_all(const KnownModels& other);

  // By bytes, else by weights, else by graph. Records of remote models match nothing.
  KnownMatch find(const ModelRecord& model) const;

  const std::vector<KnownModel>& models() const { return models_; }
  // Over all entries in order: goes into the provenance.
  std::string digest() const;

 private:
  void index(std::size_t at);

  std::vector<KnownModel> models_;
  std::map<std::string, std::size_t, std::less<>> by_sha256_;
  std::map<std::string, std::size_t, std::less<>> by_weights_;
  std::map<std::string, std::size_t, std::less<>> by_graph_;
};

Json to_json(const KnownModels& models);

// Sets ModelRecord::known of every model that a table has by its bytes or weights, with an evidence
// of rule "known-model"; one of which only the graph is known gets the evidence alone.
void name_known_models(const KnownModels& known, std::vector<ModelRecord>& models);

}  // namespace dl
