// SPDX-License-Identifier: Apache-2.0
// Turns what a format's reader says of a model into an inventory record.
#include "daylight/detect/scan/model_record.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/detect/scan/remote_models.h"
#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

TensorInfo describe_tensor(const GraphTensor& tensor) {
  TensorInfo out;
  out.name = tensor.name;
  // What is below zero is not known; only -1 says so in an inventory.
  for (const std::int64_t side : tensor.shape)
    out.shape.push_back(std::max<std::int64_t>(side, -1));
  out.dtype = tensor.dtype;
  const auto finite = [](float scale) { return std::isfinite(scale); };
  if (std::all_of(tensor.quant_scale.begin(), tensor.quant_scale.end(), finite)) {
    out.quant_scale = tensor.quant_scale;
    out.quant_zero_point = tensor.quant_zero_point;
  }
  return out;
}

void describe_operators(const ModelGraph& graph, ModelRecord& record) {
  const std::string first = graph.outputs.empty() ? std::string() : graph.outputs.front().name;
  for (const GraphOperator& op : graph.operators) {
    const std::string name = printable(op.name, 200);
    if (record.operators.size() < kMaxModelOperators &&
        std::find(record.operators.begin(), record.operators.end(), name) ==
            record.operators.end()) {
      record.operators.push_back(name);
    }
    if (!first.empty() &&
        std::find(op.outputs.begin(), op.outputs.end(), first) != op.outputs.end())
      record.last_operator = name;
  }
}

// "0.5 0.5 0.5" → [0.5, 0.5, 0.5].
Json numbers(const std::string& text) {
  Json out = Json::array();
  std::istringstream stream(text);
  for (double value = 0; stream >> value;) {
    if (std::isfinite(value)) out.push_back(value);
  }
  return out;
}

// "input_0.mean" belongs to the first input, everything else to the model.
struct TensorKey {
  std::string side;  // inputs|outputs
  std::size_t index = 0;
  std::string field;
};
std::optional<TensorKey> tensor_key(std::string_view key) {
  TensorKey out;
  for (const std::string_view side : {"input", "output"}) {
    if (!key.starts_with(side) || key.size() <= side.size() || key[side.size()] != '_') continue;
    const std::string_view rest = key.substr(side.size() + 1);
    const std::size_t dot = rest.find('.');
    const auto index = parse_integer(rest.substr(0, dot));
    if (dot == std::string_view::npos || !index || *index < 0 || *index >= 64) continue;
    return TensorKey{std::string(side) + "s", static_cast<std::size_t>(*index),
                     std::string(rest.substr(dot + 1))};
  }
  return std::nullopt;
}

void describe_metadata(const std::vector<std::pair<std::string, std::string>>& metadata,
                       ModelRecord& record) {
  for (const auto& [key, value] : metadata) {
    const auto tensor = tensor_key(key);
    if (!tensor) {
      record.metadata[printable(key, 200)] = printable(value, kMaxMetadataText);
      continue;
    }
    Json& list = record.metadata[tensor->side];
    if (list.is_null()) list = Json::array();
    while (list.size() <= tensor->index) list.push_back(Json::object());
    Json& of = list[tensor->index];
    if (tensor->field == "mean" || tensor->field == "std") {
      of["normalization"][tensor->field] = numbers(value);
    } else if (tensor->field == "min" || tensor->field == "max") {
      of[tensor->field] = numbers(value);
    } else {
      of[printable(tensor->field, 200)] = printable(value, kMaxMetadataText);
    }
  }
}

void describe_labels(const ModelGraph& graph, ModelRecord& record, std::vector<Gap>& gaps) {
  if (graph.labels.size() > kMaxModelLabels) {
    gaps.push_back({location_text(record.location), "the list of labels has too many lines"});
    return;
  }
  if (graph.labels.empty()) return;
  record.labels = graph.labels;
  Evidence evidence{"asset", record.location.file, record.location.entry};
  for (const auto& [key, value] : graph.metadata) {
    if (key == "label_file") evidence.entry.push_back(value);
  }
  evidence.rule = record.format + ".label-file";
  evidence.excerpt = printable(join(record.labels, ", "), 120);
  record.evidence.push_back(std::move(evidence));
}

void describe_graph(const ModelGraph& graph, ModelRecord& record, std::vector<Gap>& gaps) {
  record.graph_hash = graph.graph_hash;
  record.weights_hash = graph.weights_hash;
  record.parameters = graph.parameters;
  for (const GraphTensor& tensor : graph.inputs) record.inputs.push_back(describe_tensor(tensor));
  for (const GraphTensor& tensor : graph.outputs) record.outputs.push_back(describe_tensor(tensor));
  describe_operators(graph, record);
  describe_metadata(graph.metadata, record);
  describe_labels(graph, record, gaps);
  record.evidence.front().excerpt = std::to_string(graph.operators.size()) + " operators, " +
                                    std::to_string(graph.parameters) + " parameters";
  for (const FormatGap& gap : graph.gaps)
    gaps.push_back({location_text(record.location) + ": " + printable(gap.where), gap.why});
}

}  // namespace

ModelRecord describe_model(ByteSpan container, const ModelProbe& probe, ModelLocation location,
                           std::vector<Gap>& gaps) {
  ModelRecord record;
  record.format = std::string(probe.format);
  record.location = std::move(location);
  const auto bytes = subspan_checked(container, 0, probe.size);
  record.sha256 = sha256_hex(bytes ? *bytes : container);
  Evidence evidence;
  const bool in_library =
      !record.location.entry.empty() && record.location.entry.back().ends_with(".so");
  evidence.kind = in_library ? "native" : "asset";
  evidence.file = record.location.file;
  evidence.entry = record.location.entry;
  evidence.offset = record.location.offset;
  evidence.rule = record.format + ".structure";
  record.evidence.push_back(std::move(evidence));
  const ModelFormat* const format = model_format(probe.format);
  if (format != nullptr && format->describe != nullptr) {
    describe_graph(format->describe(container, probe), record, gaps);
  } else {
    describe_metadata(probe.facts, record);
  }
  for (const FormatGap& gap : probe.gaps) {
    Gap seen{location_text(record.location) + ": " + printable(gap.where), gap.why};
    // The reader of the graph may have met the same.
    const bool told = std::any_of(gaps.begin(), gaps.end(), [&](const Gap& each) {
      return each.where == seen.where && each.why == seen.why;
    });
    if (!told) gaps.push_back(std::move(seen));
  }
  return record;
}

std::vector<std::string> location_names(const ModelLocation& location) {
  std::vector<std::string> names;
  if (!location.url.empty()) return {std::string(url_file_name(location.url))};
  for (const std::string& step : location.entry) {
    if (!step.starts_with('~')) names.push_back(step);
    if (step.starts_with("~/")) names.push_back(step.substr(2));
  }
  return names;
}

std::string model_file_name(const ModelLocation& location) {
  auto names = location_names(location);
  if (names.empty()) return location.entry.empty() ? location.file : std::string();
  return std::move(names.back());
}

std::string location_text(const ModelLocation& location) {
  std::string text = join(location.entry, "!");
  if (location.offset != 0) text += " at byte " + std::to_string(location.offset);
  return printable(text);
}

}  // namespace dl
