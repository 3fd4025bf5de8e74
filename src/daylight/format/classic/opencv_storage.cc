// SPDX-License-Identifier: Apache-2.0
// A tolerant scanner of the two text forms: elements and lines, not a parser of XML or YAML.
#include "daylight/format/classic/opencv_storage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

constexpr std::string_view kRoot = "<opencv_storage>";
constexpr std::string_view kRootEnd = "</opencv_storage>";
constexpr std::string_view kYaml = "%YAML";

// One value with its key: the text of an element without elements inside, or of a line.
struct Item {
  std::string_view key;
  std::string_view value;  // without white space at its ends
  std::string_view type;   // the element's type_id
};

constexpr bool is_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string_view attribute(std::string_view tag, std::string_view name) {
  const std::size_t at = tag.find(name);
  if (at == std::string_view::npos) return "";
  const std::size_t quote = tag.find_first_of("\"'", at + name.size());
  if (quote == std::string_view::npos) return "";
  const std::size_t end = tag.find(tag[quote], quote + 1);
  return end == std::string_view::npos ? "" : tag.substr(quote + 1, end - quote - 1);
}

// Elements in the order in which they begin.
class XmlScanner {
 public:
  explicit XmlScanner(std::string_view text) : text_(text) {}

  std::optional<Item> next() {
    while (true) {
      const std::size_t open = text_.find('<', at_);
      if (open == std::string_view::npos) return std::nullopt;
      if (text_.substr(open, 4) == "<!--") {
        const std::size_t end = text_.find("-->", open + 4);
        if (end == std::string_view::npos) return std::nullopt;
        at_ = end + 3;
        continue;
      }
      const std::size_t close = text_.find('>', open);
      if (close == std::string_view::npos) return std::nullopt;
      at_ = close + 1;
      const std::string_view tag = text_.substr(open + 1, close - open - 1);
      if (tag.empty() || !is_key(tag[0])) continue;  // an end, a declaration
      std::size_t name = 0;
      while (name < tag.size() && is_key(tag[name])) ++name;
      const std::size_t end = std::min(text_.find('<', at_), text_.size());
      return Item{tag.substr(0, name), trim(text_.substr(at_, end - at_)),
                  attribute(tag, "type_id")};
    }
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Lines "key: value", also behind a dash; a value goes on over lines that have no key.
class YamlScanner {
 public:
  explicit YamlScanner(std::string_view text) : text_(text) {}

  std::optional<Item> next() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = trim(text_.substr(at_, end - at_));
      at_ = end + 1;
      while (line.starts_with("- ") || line.starts_with("-\t")) line = trim(line.substr(1));
      std::size_t key = 0;
      while (key < line.size() && is_key(line[key])) ++key;
      if (key == 0 || key >= line.size() || line[key] != ':') continue;
      std::string_view value = trim(line.substr(key + 1));
      std::string_view type;
      if (value.starts_with("!!")) {
        type = value.substr(2, value.find_first_of(" \t") - 2);
        value = type.size() + 2 < value.size() ? trim(value.substr(type.size() + 2)) : "";
      }
      return Item{line.substr(0, key), value, type};
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// The storage at the start of the bytes: its form and extent, or nothing.
struct Storage {
  std::string_view text;
  bool xml = false;
  bool complete = false;
};

std::optional<Storage> find_storage(ByteSpan bytes) {
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t mark = as_text(bytes).size() - text.size();
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  if (text.substr(begin).starts_with(kYaml)) return Storage{as_text(bytes), false, true};
  if (text[begin] != '<') return std::nullopt;
  const std::size_t root = text.substr(0, kMaxStoragePreamble).find(kRoot);
  if (root == std::string_view::npos || !is_plain_text(text.substr(0, root))) return std::nullopt;
  std::size_t end = text.find(kRootEnd, root);
  const bool complete = end != std::string_view::npos;
  end = complete ? end + kRootEnd.size() : text.size();
  while (complete && end < text.size() && (text[end] == '\n' || text[end] == '\r')) ++end;
  return Storage{as_text(bytes).substr(0, mark + end), true, complete};
}

template <typename Visit>
void scan(const Storage& storage, Visit visit) {
  if (storage.xml) {
    XmlScanner scanner(storage.text);
    while (const auto item = scanner.next())
      if (!visit(*item)) return;
  } else {
    YamlScanner scanner(storage.text);
    while (const auto item = scanner.next())
      if (!visit(*item)) return;
  }
}

std::int64_t whole(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp<std::int64_t>(value, 0, 1000000);
}

struct Cascade {
  std::string feature;  // HAAR, LBP, HOG
  bool old_form = false;
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t stated_stages = 0;
  std::vector<std::int64_t> weak;  // classifiers of each stage
  std::uint64_t numbers = 0;
  std::uint64_t nodes = 0;

  bool is_cascade() const {
    return !feature.empty() && width > 0 && height > 0 && !weak.empty() && nodes > 0;
  }
};

std::uint64_t count_words(std::string_view text) {
  std::uint64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank =
        c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' || c == '[' || c == ']';
    if (!blank && !inside) ++words;
    inside = !blank;
  }
  return words;
}

void read_new_item(const Item& item, Cascade& out) {
  if (item.key == "featureType") out.feature = item.value;
  if (item.key == "width" && out.width == 0) out.width = whole(item.value);
  if (item.key == "height" && out.height == 0) out.height = whole(item.value);
  if (item.key == "stageNum") out.stated_stages = whole(item.value);
  if (item.key == "stageThreshold") out.weak.push_back(0);
  if (item.key == "internalNodes" || item.key == "leafValues" || item.key == "stageThreshold" ||
      item.key == "rect")
    out.numbers += count_words(item.value);
  if (item.key != "internalNodes") return;
  ++out.nodes;
  if (!out.weak.empty()) ++out.weak.back();
}

// The older form closes a stage with its threshold, behind the trees.
void read_old_item(const Item& item, std::int64_t& trees, Cascade& out) {
  if (item.key == "size" && out.width == 0) {
    const std::size_t blank = item.value.find_first_of(" \t\r\n,");
    out.width = whole(item.value);
    if (blank != std::string_view::npos) out.height = whole(trim(item.value.substr(blank)));
  }
  if (item.key == "feature") {
    ++out.nodes;
    ++trees;
  }
  if (item.key == "threshold" || item.key == "left_val" || item.key == "right_val" ||
      item.key == "stage_threshold")
    out.numbers += count_words(item.value);
  if (item.key != "stage_threshold") return;
  out.weak.push_back(trees);
  trees = 0;
}

Cascade read_cascade(const Storage& storage) {
  Cascade out;
  std::int64_t trees = 0;
  scan(storage, [&](const Item& item) {
    if (item.type == "opencv-haar-classifier") {
      out.old_form = true;
      out.feature = "HAAR";
    }
    if (out.old_form) {
      read_old_item(item, trees, out);
    } else {
      read_new_item(item, out);
    }
    return out.weak.size() <= kMaxCascadeStages;
  });
  return out;
}

// Classes of the machine learning module, by the keys they write.
constexpr std::array<std::string_view, 11> kLearners = {"svm",        "svmsgd",  "rtrees", "boost",
                                                        "boost_tree", "ann_mlp", "knn",    "em",
                                                        "nbayes",     "dtree",   "lr"};

std::string learner_of(const Item& item) {
  for (const std::string_view prefix : {"opencv_ml_", "opencv-ml-"}) {
    for (const std::string_view name : {item.key, item.type}) {
      if (!name.starts_with(prefix)) continue;
      std::string learner(name.substr(prefix.size()));
      std::replace(learner.begin(), learner.end(), '-', '_');
      if (std::find(kLearners.begin(), kLearners.end(), learner) != kLearners.end()) return learner;
    }
  }
  return "";
}

}  // namespace

std::optional<ModelProbe> probe_opencv_cascade(ByteSpan bytes) {
  const auto storage = find_storage(bytes);
  if (!storage) return std::nullopt;
  // A cheap look before all is read: what every cascade has near its start.
  const std::string_view start = storage->text.substr(0, 2 * kMaxStoragePreamble);
  const auto has = [&](std::string_view word) {
    return start.find(word) != std::string_view::npos;
  };
  if (!has("cascade") && !has("opencv-haar-classifier")) return std::nullopt;
  if (!read_cascade(*storage).is_cascade()) return std::nullopt;
  ModelProbe probe{"opencv_cascade", storage->text.size(), {}};
  if (!storage->complete)
    probe.gaps.push_back({"cascade", "it is cut off: its root element has no end"});
  return probe;
}

std::optional<ModelProbe> probe_opencv_ml(ByteSpan bytes) {
  const auto storage = find_storage(bytes);
  if (!storage) return std::nullopt;
  std::string learner;
  std::size_t looked_at = 0;
  std::size_t inside = 0;
  scan(*storage, [&](const Item& item) {
    if (learner.empty()) {
      learner = learner_of(item);
    } else {
      ++inside;
    }
    constexpr std::size_t kFirstItems = 50;
    return ++looked_at < kFirstItems;
  });
  if (learner.empty() || inside == 0) return std::nullopt;
  ModelProbe probe{"opencv_ml", storage->text.size(), {}, {{"class", learner}}};
  if (!storage->complete)
    probe.gaps.push_back({"storage", "it is cut off: its root element has no end"});
  return probe;
}

ModelGraph describe_opencv_cascade(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  const auto storage = find_storage(
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))));
  if (!storage) return graph;
  const Cascade cascade = read_cascade(*storage);
  GraphFiller filler(graph);
  filler.input({"window", {1, cascade.height, cascade.width}, "uint8"});
  std::string from = "window";
  for (std::size_t i = 0; i < cascade.weak.size() && i < kMaxCascadeStages; ++i) {
    DetailText detail;
    detail.text("features", cascade.feature);
    detail.integer("classifiers", cascade.weak[i]);
    std::string to = "stage" + std::to_string(i);
    filler.operation({"Stage", detail.take(), {from}, {to}});
    from = std::move(to);
  }
  filler.output({from, {}, "bool"});
  filler.metadata("feature_type", cascade.feature);
  filler.metadata("window", std::to_string(cascade.width) + "x" + std::to_string(cascade.height));
  filler.metadata("stages", std::to_string(cascade.weak.size()));
  filler.metadata("form",
                  cascade.old_form ? "opencv-haar-classifier" : "opencv-cascade-classifier");
  if (cascade.weak.size() > kMaxCascadeStages)
    filler.gap("stages", "more than " + std::to_string(kMaxCascadeStages) + " are not read");
  if (cascade.stated_stages != 0 &&
      static_cast<std::uint64_t>(cascade.stated_stages) != cascade.weak.size())
    filler.gap("stages", "it states " + std::to_string(cascade.stated_stages));
  filler.finish();
  set_graph_hash("opencv_cascade", graph);
  WeightsDigest weights;
  weights.add(as_bytes(storage->text), cascade.numbers);
  weights.finish(graph);
  return graph;
}

}  // namespace dl
