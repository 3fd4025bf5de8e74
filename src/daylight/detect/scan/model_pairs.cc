// SPDX-License-Identifier: Apache-2.0
// Finds the other half of a model among the files beside it.
#include "daylight/detect/scan/model_pairs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/engines/ncnn.h"

namespace dl {
namespace {

using Chain = std::vector<std::string>;

// A format whose graph and weights are files of two formats; `main` stays a model.
struct PairKind {
  std::string_view main;
  std::string_view other;
  const char* role;  // of the other
};
constexpr std::array<PairKind, 3> kPairs = {{{"tnn_proto", "tnn_model", "weights"},
                                             {"paddle_pb", "paddle_params", "weights"},
                                             {"mxnet_symbol", "mxnet_params", "weights"}}};

std::string folder_of(const std::string& name) { return name.substr(0, name.rfind('/') + 1); }

// "models/a.param.bin" → "models/a".
std::string stem_of(const std::string& name) {
  const std::size_t start = name.rfind('/') + 1;
  return name.substr(0, std::min(name.size(), name.find('.', start)));
}

bool same_folder(const Chain& a, const Chain& b) {
  return a.size() == b.size() && !a.empty() && std::equal(a.begin(), a.end() - 1, b.begin()) &&
         folder_of(a.back()) == folder_of(b.back());
}

class ModelPairing {
 public:
  ModelPairing(const program::AppPackage& app, std::vector<ModelRecord>& models,
               std::vector<Gap>& gaps)
      : app_(app), models_(models), gaps_(gaps) {}

  void pair_ncnn(ModelRecord& graph);
  void pair_caffe();
  void pair_kind(const PairKind& kind);
  void drop_companions();

 private:
  std::vector<std::pair<const program::AppEntry*, Chain>> files_beside(const Chain& chain) const;
  void take(ModelRecord& owner, const ModelRecord& half, const char* role);

  const program::AppPackage& app_;
  std::vector<ModelRecord>& models_;
  std::vector<Gap>& gaps_;
  std::vector<Chain> companions_;
};

// The app's own entries in the same folder, those with the same stem first.
std::vector<std::pair<const program::AppEntry*, Chain>> ModelPairing::files_beside(
    const Chain& chain) const {
  std::vector<std::pair<const program::AppEntry*, Chain>> out;
  for (const program::AppEntry& entry : app_.entries()) {
    Chain other = app_.chain_of(entry);
    if (!entry.shadowed && other != chain && same_folder(chain, other))
      out.emplace_back(&entry, std::move(other));
  }
  const std::string stem = stem_of(chain.back());
  std::stable_partition(out.begin(), out.end(),
                        [&](const auto& item) { return stem_of(item.second.back()) == stem; });
  if (out.size() > kMaxWeightCandidates) out.resize(kMaxWeightCandidates);
  return out;
}

// ncnn's weights have no mark: a file is theirs if the network's layers read it exactly to its end.
void ModelPairing::pair_ncnn(ModelRecord& graph) {
  const auto bytes =
      app_.located_bytes(graph.location.entry, graph.location.offset, graph.location.size);
  if (!bytes) return;
  const auto network = read_ncnn_param(bytes->bytes);
  if (!network) return;
  for (const auto& [entry, chain] : files_beside(graph.location.entry)) {
    const auto content = app_.entry_bytes(*entry);
    if (!content || content->bytes.size() < 4) continue;
    const NcnnWeightsFit fit = check_ncnn_weights(*network, content->bytes);
    if (!fit.exact) continue;
    graph.companions.push_back(
        {"weights", chain, sha256_hex(content->bytes), content->bytes.size()});
    graph.weights_hash = fit.weights_hash;
    graph.parameters = fit.parameters;
    Evidence evidence{"asset", graph.location.file, chain};
    evidence.offset = 0;
    evidence.rule = "ncnn_bin.fits";
    evidence.excerpt = "the network's layers read this file exactly to its end, " +
                       std::to_string(fit.parameters) + " parameters";
    graph.evidence.push_back(std::move(evidence));
    companions_.push_back(chain);
    return;
  }
}

void ModelPairing::take(ModelRecord& owner, const ModelRecord& half, const char* role) {
  owner.companions.push_back({role, half.location.entry, half.sha256, half.location.size});
  if (owner.weights_hash.empty()) owner.weights_hash = half.weights_hash;
  if (owner.labels.empty()) owner.labels = half.labels;
  owner.evidence.insert(owner.evidence.end(), half.evidence.begin(), half.evidence.end());
  companions_.push_back(half.location.entry);
}

// The weights of a Caffe network have the whole graph; the text beside them is the same graph to
// read.
void ModelPairing::pair_caffe() {
  for (ModelRecord& weights : models_) {
    if (weights.format != "caffe" || weights.parameters == 0) continue;
    for (const ModelRecord& text : models_) {
      if (text.format != "caffe" || text.parameters != 0 ||
          !same_folder(weights.location.entry, text.location.entry))
        continue;
      const bool same_name =
          stem_of(weights.location.entry.back()) == stem_of(text.location.entry.back());
      if (!same_name && weights.operators != text.operators) continue;
      take(weights, text, "graph");
      break;
    }
  }
}

void ModelPairing::pair_kind(const PairKind& kind) {
  for (ModelRecord& main : models_) {
    if (main.format != kind.main || main.location.entry.empty()) continue;
    std::vector<const ModelRecord*> beside;
    for (const ModelRecord& other : models_) {
      if (other.format == kind.other && same_folder(main.location.entry, other.location.entry))
        beside.push_back(&other);
    }
    const auto named = std::find_if(beside.begin(), beside.end(), [&](const ModelRecord* other) {
      return stem_of(other->location.entry.back()) == stem_of(main.location.entry.back());
    });
    if (named != beside.end()) {
      take(main, **named, kind.role);
    } else if (beside.size() == 1) {
      take(main, *beside.front(), kind.role);
    }
  }
}

void ModelPairing::drop_companions() {
  const auto taken = [&](const Chain& chain) {
    return std::find(companions_.begin(), companions_.end(), chain) != companions_.end();
  };
  std::erase_if(models_, [&](const ModelRecord& model) {
    return model.location.offset == 0 && model.location.url.empty() && taken(model.location.entry);
  });
  for (const Chain& chain : companions_) {
    const std::string where = printable(join(chain, "!"), 600);
    std::erase_if(gaps_, [&](const Gap& gap) { return gap.where == where; });
  }
}

}  // namespace

void pair_models(const program::AppPackage& app, std::vector<ModelRecord>& models,
                 std::vector<Gap>& gaps) {
  ModelPairing pairing(app, models, gaps);
  for (ModelRecord& model : models) {
    const bool ncnn =
        model.format == "ncnn_param" || model.format == "ncnn_param_bin" || model.format == "pnnx";
    if (ncnn && !model.location.entry.empty() && model.location.offset == 0)
      pairing.pair_ncnn(model);
  }
  pairing.pair_caffe();
  for (const PairKind& kind : kPairs) pairing.pair_kind(kind);
  pairing.drop_companions();
}

}  // namespace dl
