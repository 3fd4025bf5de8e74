// SPDX-License-Identifier: Apache-2.0
// Sections and options as Darknet's parser reads them.
#include "daylight/format/classic/darknet.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/text_lines.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

// Options of one section that are kept.
constexpr std::size_t kMaxOptions = 200;

constexpr std::array<std::string_view, 32> kLayers = {
    "convolutional", "conv",         "deconvolutional",
    "deconv",        "connected",    "conn",
    "maxpool",       "max",          "avgpool",
    "avg",           "softmax",      "soft",
    "route",         "shortcut",     "upsample",
    "yolo",          "region",       "detection",
    "dropout",       "batchnorm",    "reorg",
    "crop",          "cost",         "local",
    "activation",    "rnn",          "lstm",
    "gru",           "sam",          "scale_channels",
    "Gaussian_yolo", "local_avgpool"};

struct Section {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;

  std::string option(std::string_view key) const {
    for (const auto& [name_of, value] : options)
      if (name_of == key) return value;
    return "";
  }
};

struct Network {
  std::vector<Section> sections;
  std::size_t size = 0;
  bool known = true;  // all sections are the network's or a known layer's
};

Network read(ByteSpan bytes) {
  Network out;
  TextLines lines(as_text(bytes));
  while (const auto found = lines.next()) {
    const std::string_view line = trim(*found);
    if (line.empty() || line[0] == '#' || line[0] == ';') {
      out.size = lines.offset();
      continue;
    }
    if (line[0] == '[' && line.back() == ']') {
      const std::string_view name = line.substr(1, line.size() - 2);
      const bool first = out.sections.empty();
      const bool net = name == "net" || name == "network";
      const bool layer = std::find(kLayers.begin(), kLayers.end(), name) != kLayers.end();
      if (first ? !net : !layer) {
        out.known = false;
        if (first) return out;
      }
      if (out.sections.size() > kMaxGraphOperators) return out;
      out.sections.push_back({std::string(name), {}});
    } else {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos || out.sections.empty()) return out;
      if (out.sections.back().options.size() < kMaxOptions)
        out.sections.back().options.emplace_back(trim(line.substr(0, equals)),
                                                 trim(line.substr(equals + 1)));
    }
    out.size = lines.offset();
  }
  return out;
}

std::int64_t size_of(const Section& net, std::string_view key) {
  const auto value = parse_integer(net.option(key));
  return value && *value > 0 ? *value : -1;
}

}  // namespace

std::optional<ModelProbe> probe_darknet(ByteSpan bytes) {
  const std::string_view start = as_text(bytes).substr(0, 4096);
  if (start.find("[net") == std::string_view::npos) return std::nullopt;
  const Network network = read(bytes);
  if (network.sections.size() < 2 || !network.known) return std::nullopt;
  const Section& net = network.sections.front();
  if (size_of(net, "width") < 0 && size_of(net, "inputs") < 0 && size_of(net, "batch") < 0)
    return std::nullopt;
  ModelProbe probe{"darknet", network.size, {}};
  if (network.size < bytes.size())
    probe.gaps.push_back({"line at byte " + std::to_string(network.size), "it is no option"});
  return probe;
}

ModelGraph describe_darknet(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  const Network network = read(
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))));
  if (network.sections.empty()) return graph;
  GraphFiller filler(graph);
  const Section& net = network.sections.front();
  filler.input({"data",
                {size_of(net, "channels"), size_of(net, "height"), size_of(net, "width")},
                "float32"});
  std::string from = "data";
  for (std::size_t i = 1; i < network.sections.size(); ++i) {
    DetailText detail;
    for (const auto& [key, value] : network.sections[i].options) detail.text(key, value);
    std::string to = std::to_string(i - 1);
    filler.operation({network.sections[i].name, detail.take(), {from}, {to}});
    from = std::move(to);
  }
  filler.output({from, {}, "float32"});
  filler.gap("weights", "they lie in another file");
  filler.finish();
  set_graph_hash("darknet", graph);
  return graph;
}

}  // namespace dl
