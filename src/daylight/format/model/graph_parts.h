// SPDX-License-Identifier: Apache-2.0
// What the readers of all model formats build graphs from: details of operators, limits, gaps.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/format/format_gap.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Numbers of one attribute that are listed one by one; a longer list stands as count and digest.
inline constexpr std::size_t kMaxDetailNumbers = 64;
// Bytes of one attribute's text that are listed; a longer one stands as size and digest.
inline constexpr std::size_t kMaxDetailText = 200;
// Bytes of one value of ModelGraph::metadata that are kept.
inline constexpr std::size_t kMaxMetadataText = 4096;
// Pairs of metadata of one model that are kept.
inline constexpr std::size_t kMaxMetadataPairs = 500;
// Tensors' dimensions that are kept.
inline constexpr std::size_t kMaxGraphRank = 32;

// The attributes of one operator as "key=value" pairs, ordered by key, so that it does not matter
// in which order a writer lists them.
class DetailText {
 public:
  void text(std::string_view key, std::string_view value);
  void integer(std::string_view key, std::int64_t value);
  void number(std::string_view key, float value);
  void integers(std::string_view key, std::span<const std::int64_t> values);
  void numbers(std::string_view key, std::span<const float> values);
  // What stands as its digest only: bytes of unknown meaning.
  void blob(std::string_view key, ByteSpan bytes);
  // All pairs, separated by blanks; white space inside a value becomes "_".
  std::string take() const;

 private:
  std::multimap<std::string, std::string> pairs_;
};

// "[1,3,224,224]" and "float32[1,3]".
std::string shape_text(std::span<const std::int64_t> shape);
std::string typed_shape_text(const GraphTensor& tensor);

// A product of dimensions; a negative one or an overflow gives 0.
std::uint64_t element_count(std::span<const std::int64_t> shape);

// Tensors that were made and that nobody has taken since, in the order in which they were made:
// what is left at the end are the outputs of a graph. Cost: constant for each call.
class OpenTensors {
 public:
  void give(const std::string& name);
  void take(const std::string& name) { places_.erase(name); }
  std::vector<std::string> left() const;

 private:
  std::unordered_map<std::string, std::size_t> places_;
  std::size_t next_ = 0;
};

// Fills a graph within its limits; what does not fit becomes one gap each.
class GraphFiller {
 public:
  explicit GraphFiller(ModelGraph& graph) : graph_(graph) {}
  ~GraphFiller() { finish(); }
  GraphFiller(const GraphFiller&) = delete;
  GraphFiller& operator=(const GraphFiller&) = delete;

  void input(GraphTensor tensor) { border(graph_.inputs, std::move(tensor), "input"); }
  void output(GraphTensor tensor) { border(graph_.outputs, std::move(tensor), "output"); }
  // False when the limit is reached.
  bool operation(GraphOperator op);
  void label(std::string text);
  // Empty values are left out.
  void metadata(std::string key, std::string_view value);
  void gap(std::string where, std::string why) { gaps_.add(std::move(where), std::move(why)); }
  // Moves the gaps into the graph; called by the destructor.
  void finish();

 private:
  void border(std::vector<GraphTensor>& side, GraphTensor tensor, const char* name);

  ModelGraph& graph_;
  GapList gaps_;
  bool operators_full_ = false;
  bool borders_full_ = false;
  bool labels_full_ = false;
  bool finished_ = false;
};

// Labels in the text forms that exporters use for a list of classes: a JSON list, a JSON object or
// Python dictionary by class number ({0: 'cat', 1: 'dog'}), or names separated by commas or line
// ends. Empty where the text is none of these.
std::vector<std::string> labels_from_text(std::string_view text);
// Whether a key of metadata says that its value lists the classes: "names", "labels", "classes".
bool is_label_key(std::string_view key);

}  // namespace dl
