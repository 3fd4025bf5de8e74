// SPDX-License-Identifier: Apache-2.0
// How MediaPipe graphs are known and read; numbers are those of the public calculator.proto.
#include "daylight/format/tensorflow/mediapipe_graph.h"

#include <algorithm>
#include <array>

#include "daylight/base/text.h"
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/encoding/protobuf_text.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 18> kNodeRules = {{
    {1, K::kText},                        // name
    {2, K::kText, nullptr, false, true},  // calculator
    {3, K::kText, nullptr, true},         // input_stream
    {4, K::kText, nullptr, true},         // output_stream
    {5, K::kText, nullptr, true},         // input_side_packet
    {6, K::kText, nullptr, true},         // output_side_packet
    {7, K::kBytes},                       // options
    {8, K::kBytes, nullptr, true},        // node_options
    {9, K::kVarint},                      // source_layer
    {10, K::kVarint},                     // buffer_size_hint
    {11, K::kBytes},                      // input_stream_handler
    {12, K::kBytes},                      // output_stream_handler
    {13, K::kBytes, nullptr, true},       // input_stream_info
    {14, K::kText},                       // executor
    {15, K::kBytes},                      // profiler_config
    {16, K::kVarint},                     // max_in_flight
    {17, K::kText, nullptr, true},        // option_value
    {1005, K::kText, nullptr, true},      // external_input
}};
constexpr ProtoSchema kNode = {kNodeRules, 32};

constexpr std::array<ProtoRule, 20> kConfigRules = {{
    {1, K::kMessage, &kNode, true, true},          // node
    {6, K::kBytes, nullptr, true},                 // packet_factory
    {7, K::kBytes, nullptr, true},                 // packet_generator
    {8, K::kVarint, nullptr, false, false, 4096},  // num_threads
    {9, K::kBytes, nullptr, true},                 // status_handler
    {10, K::kText, nullptr, true},                 // input_stream
    {11, K::kVarint},                              // max_queue_size
    {12, K::kBytes},                               // input_stream_handler
    {13, K::kBytes},                               // output_stream_handler
    {14, K::kBytes, nullptr, true},                // executor
    {15, K::kText, nullptr, true},                 // output_stream
    {16, K::kText, nullptr, true},                 // input_side_packet
    {17, K::kText, nullptr, true},                 // output_side_packet
    {18, K::kBytes},                               // profiler_config
    {19, K::kText},                                // package
    {20, K::kText},                                // type
    {21, K::kVarint, nullptr, false, false, 1},    // report_deadlock
    {22, K::kBytes},                               // runtime_info
    {1001, K::kBytes},                             // options
    {1002, K::kBytes, nullptr, true},              // graph_options
}};
constexpr ProtoSchema kConfig = {kConfigRules, 0};

constexpr std::array<std::string_view, 9> kModelSuffixes = {
    ".tflite", ".task", ".onnx", ".pb", ".bin", ".txt", ".model", ".binarypb", ".lite"};

// "ImageToTensorCalculator", "mediapipe.tasks.vision.FaceDetectorGraph".
bool is_calculator_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':';
  };
  if (name.size() < 3 || name.size() > 200 || !std::all_of(name.begin(), name.end(), is_part))
    return false;
  const std::string_view last = name.substr(name.find_last_of(".:") + 1);
  return !last.empty() && last[0] >= 'A' && last[0] <= 'Z';
}

// The endings that names of calculators and subgraphs have, almost all of them.
bool has_known_ending(std::string_view name) {
  for (const std::string_view ending :
       {"Calculator", "Subgraph", "Graph", "Cpu", "Gpu", "CPU", "GPU"})
    if (name.ends_with(ending)) return true;
  return false;
}

bool is_stream(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
  };
  return !name.empty() && name.size() < 300 && std::all_of(name.begin(), name.end(), is_part);
}

// What both forms tell of one node.
struct Node {
  GraphOperator op;
  DetailText detail;
  std::vector<std::string> side_inputs;
};

std::string without_tag(std::string_view stream) {
  return std::string(stream.substr(stream.rfind(':') + 1));
}

bool is_model_path(std::string_view text) {
  if (text.size() < 5 || text.size() > 1000 || !is_plain_text(text) ||
      text.find('\n') != std::string_view::npos)
    return false;
  const std::string lower = to_lower(text);
  return std::any_of(kModelSuffixes.begin(), kModelSuffixes.end(),
                     [&](std::string_view suffix) { return lower.ends_with(suffix); });
}

// Names of model files anywhere in a message of unknown schema.
void find_paths(ByteSpan message, int depth, GraphFiller& filler) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (!field->is_message() || field->bytes.empty()) continue;
    if (is_model_path(field->text())) {
      filler.metadata("model_path", field->text());
    } else if (depth < kMaxMediapipeOptionDepth) {
      find_paths(field->bytes, depth + 1, filler);
    }
  }
}

void find_paths(const ProtoTextField& message, GraphFiller& filler) {
  for (const ProtoTextField& field : message.fields) {
    if (field.quoted && is_model_path(field.value)) filler.metadata("model_path", field.value);
    find_paths(field, filler);
  }
}

void write_text(const ProtoTextField& message, std::string& out) {
  for (const ProtoTextField& field : message.fields) {
    out += field.name;
    if (field.is_message) {
      out += '{';
      write_text(field, out);
      out += '}';
    } else {
      out += ':' + field.value + ';';
    }
  }
}

Node read_node(ByteSpan message, GraphFiller* filler) {
  Node node;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    switch (field->number) {
      case 2:
        node.op.name = field->text();
        break;
      case 3:
        node.op.inputs.push_back(without_tag(field->text()));
        break;
      case 4:
        node.op.outputs.push_back(without_tag(field->text()));
        break;
      case 5:
        node.side_inputs.push_back(without_tag(field->text()));
        break;
      case 6:
        node.op.outputs.push_back(without_tag(field->text()));
        break;
      case 7:
      case 8:
        node.detail.blob("options", field->bytes);
        if (filler != nullptr) find_paths(field->bytes, 0, *filler);
        break;
      default:
        break;
    }
  }
  return node;
}

Node read_node(const ProtoTextField& message, GraphFiller* filler) {
  Node node;
  for (const ProtoTextField& field : message.fields) {
    if (field.name == "calculator") node.op.name = field.value;
    if (field.name == "input_stream") node.op.inputs.push_back(without_tag(field.value));
    if (field.name == "output_stream") node.op.outputs.push_back(without_tag(field.value));
    if (field.name == "input_side_packet") node.side_inputs.push_back(without_tag(field.value));
    if (field.name == "output_side_packet") node.op.outputs.push_back(without_tag(field.value));
    if (field.name != "options" && field.name != "node_options") continue;
    std::string text;
    write_text(field, text);
    node.detail.blob("options", as_bytes(text));
    if (filler != nullptr) find_paths(field, *filler);
  }
  return node;
}

// Counts what speaks for a graph; a name that is no calculator's speaks against it.
struct Evidence {
  std::size_t nodes = 0;
  std::size_t streams = 0;
  std::size_t known = 0;
  bool plausible = true;

  void add(const Node& node) {
    ++nodes;
    plausible = plausible && is_calculator_name(node.op.name);
    if (has_known_ending(node.op.name)) ++known;
    for (const auto* side : {&node.op.inputs, &node.op.outputs})
      for (const std::string& stream : *side) {
        plausible = plausible && is_stream(stream);
        ++streams;
      }
  }
  bool is_graph() const { return plausible && nodes > 0 && known > 0 && streams + known > nodes; }
};

std::optional<ModelProbe> probe_binary(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kConfig);
  if (!fit.required) return std::nullopt;
  Evidence evidence;
  ProtoReader reader(bytes.first(static_cast<std::size_t>(fit.size)));
  while (const auto field = reader.next())
    if (field->number == 1 && !field->cut) evidence.add(read_node(field->bytes, nullptr));
  if (!evidence.is_graph()) return std::nullopt;
  ModelProbe probe{"mediapipe_graph", fit.size, {}};
  if (fit.cut)
    probe.gaps.push_back({"graph", "it is cut off: its last field goes on behind the end"});
  return probe;
}

std::optional<ModelProbe> probe_text(ByteSpan bytes) {
  if (!begins_with_proto_field(
          bytes, {"node", "input_stream", "output_stream", "input_side_packet",
                  "output_side_packet", "executor", "num_threads", "max_queue_size", "package",
                  "type", "packet_generator", "input_stream_handler", "profiler_config"}))
    return std::nullopt;
  const ProtoText text = read_proto_text(as_text(bytes));
  if (text.size == 0) return std::nullopt;  // not even one field is whole
  Evidence evidence;
  for (const ProtoTextField& field : text.root.fields)
    if (field.name == "node" && field.is_message) evidence.add(read_node(field, nullptr));
  if (!evidence.is_graph()) return std::nullopt;
  ModelProbe probe{"mediapipe_graph", text.size, {}, {{"form", "text"}}};
  if (!text.why.empty())
    probe.gaps.push_back({"text at byte " + std::to_string(text.size), text.why});
  return probe;
}

void add_node(Node node, GraphFiller& filler) {
  for (std::string& side : node.side_inputs) node.op.inputs.push_back(std::move(side));
  node.op.detail = node.detail.take();
  filler.operation(std::move(node.op));
}

void describe_binary(ByteSpan config, GraphFiller& filler) {
  ProtoReader reader(config);
  while (const auto field = reader.next()) {
    if (field->number == 1) add_node(read_node(field->bytes, &filler), filler);
    if (field->number == 10 || field->number == 16)
      filler.input({without_tag(field->text()), {}, ""});
    if (field->number == 15 || field->number == 17)
      filler.output({without_tag(field->text()), {}, ""});
    if (field->number == 20) filler.metadata("type", field->text());
    if (field->number == 19) filler.metadata("package", field->text());
  }
}

void describe_text(const ProtoTextField& config, GraphFiller& filler) {
  for (const ProtoTextField& field : config.fields) {
    if (field.name == "node") add_node(read_node(field, &filler), filler);
    if (field.name == "input_stream" || field.name == "input_side_packet")
      filler.input({without_tag(field.value), {}, ""});
    if (field.name == "output_stream" || field.name == "output_side_packet")
      filler.output({without_tag(field.value), {}, ""});
    if (field.name == "type" || field.name == "package") filler.metadata(field.name, field.value);
  }
}

}  // namespace

std::optional<ModelProbe> probe_mediapipe_graph(ByteSpan bytes) {
  if (auto found = probe_binary(bytes)) return found;
  return probe_text(bytes);
}

ModelGraph describe_mediapipe_graph(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  GraphFiller filler(graph);
  if (probe.facts.empty()) {
    describe_binary(
        bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))),
        filler);
  } else {
    describe_text(read_proto_text(as_text(bytes)).root, filler);
  }
  filler.finish();
  set_graph_hash("mediapipe_graph", graph);
  return graph;
}

}  // namespace dl
