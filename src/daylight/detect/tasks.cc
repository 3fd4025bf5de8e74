// SPDX-License-Identifier: Apache-2.0
// Weighs the evidence for each task.
#include "daylight/detect/tasks.h"

#include <algorithm>
#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/detect/scan/model_record.h"

namespace dl {
namespace {

using program::ClassIndex;
using program::kNoId;
using program::MethodId;

// Strings longer than this are prose, not labels.
constexpr std::size_t kMaxPhraseText = 48;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::int64_t element_count(const TensorInfo& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t dimension : tensor.shape) {
    if (dimension > 0 && count <= (std::int64_t{1} << 40)) count *= dimension;
  }
  return count;
}

// [batch, height, width, 1 or 3]
bool is_image(const TensorInfo& tensor) {
  return tensor.shape.size() == 4 && tensor.shape[1] > 8 && tensor.shape[2] > 8 &&
         (tensor.shape[3] == 1 || tensor.shape[3] == 3 || tensor.shape[3] == 4);
}

// Unknown borders may be anything.
bool takes_images(const ModelRecord& model) {
  return model.inputs.empty() || std::any_of(model.inputs.begin(), model.inputs.end(), is_image);
}

bool is_text(const TensorInfo& tensor) {
  return (tensor.dtype == "int32" || tensor.dtype == "int64") && tensor.shape.size() <= 2;
}

bool in_range(std::int64_t value, const std::vector<std::int64_t>& range) {
  return range.empty() || (value >= range.front() && value <= range.back());
}

template <typename T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool input_fits(const ModelRecord& model, const ShapeRule& rule) {
  if (model.inputs.empty()) return false;
  const TensorInfo& input = model.inputs.front();
  if (rule.input == "image" && !is_image(input)) return false;
  if (rule.input == "text" && !is_text(input)) return false;
  if (rule.inputs && *rule.inputs != model.inputs.size()) return false;
  if (!rule.input_side.empty() && !(is_image(input) && in_range(input.shape[1], rule.input_side) &&
                                    in_range(input.shape[2], rule.input_side))) {
    return false;
  }
  return rule.input_sizes.empty() || contains(rule.input_sizes, element_count(input));
}

bool output_fits(const ModelRecord& model, const ShapeRule& rule) {
  if (model.outputs.empty()) return false;
  const TensorInfo& output = model.outputs.front();
  const std::int64_t count = element_count(output);
  if (!in_range(count, rule.elements)) return false;
  if (!rule.sizes.empty() && !contains(rule.sizes, count)) return false;
  // Class scores and numbers are flat; a map of the picture is not.
  const bool flat = output.shape.size() <= 2 || count <= 2;
  if ((!rule.elements.empty() || !rule.sizes.empty()) && count < 1000 && !flat) return false;
  if (!rule.shape.empty() &&
      std::none_of(model.outputs.begin(), model.outputs.end(),
                   [&](const TensorInfo& tensor) { return tensor.shape == rule.shape; })) {
    return false;
  }
  if (!rule.dense) return true;
  if (output.shape.size() != 4 || model.inputs.empty() || !is_image(model.inputs.front()))
    return false;
  const TensorInfo& input = model.inputs.front();
  return output.shape[1] == input.shape[1] && output.shape[2] == input.shape[2] &&
         in_range(output.shape[3], rule.classes) && !contains(rule.not_classes, output.shape[3]);
}

bool operators_fit(const ModelRecord& model, const ShapeRule& rule) {
  if (!rule.last.empty() && !contains(rule.last, model.last_operator)) return false;
  if (contains(rule.not_last, model.last_operator)) return false;
  return std::all_of(rule.operators.begin(), rule.operators.end(),
                     [&](const std::string& op) { return contains(model.operators, op); });
}

std::string shape_text(const TensorInfo& tensor) {
  std::vector<std::string> parts;
  for (const std::int64_t dimension : tensor.shape) parts.push_back(std::to_string(dimension));
  return "[" + join(parts, ",") + "]";
}

std::string word_in(const std::string& word, const std::string& place) {
  std::string text = "\"";
  text += word;
  text += "\" in ";
  text += place;
  return text;
}

std::string border_text(const ModelRecord& model) {
  std::string text;
  for (const TensorInfo& tensor : model.inputs) text += shape_text(tensor) + " ";
  text += "->";
  for (const TensorInfo& tensor : model.outputs) text += " " + shape_text(tensor);
  if (!model.last_operator.empty()) text += ", last operator " + model.last_operator;
  return text;
}

// "model_age.tflite", "https://x/age": names, which say nothing new about a model whose name was
// read already.
bool is_file_like(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return true;
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || text.size() - dot < 3 || text.size() - dot > 9)
    return false;
  return text.find(' ') == std::string_view::npos;
}

// A phrase is in a string as whole words: "age" is in "Age : " but not in "message".
bool has_phrase(std::string_view text, const std::string& phrase) {
  if (text.size() > kMaxPhraseText || is_file_like(text)) return false;
  const std::string lower = to_lower(text);
  for (std::size_t at = lower.find(phrase); at != std::string::npos;
       at = lower.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    const bool starts = at == 0 || !is_letter(lower[at - 1]);
    const bool ends = end == lower.size() || !is_letter(lower[end]) || !is_letter(phrase.back());
    if (starts && ends) return true;
  }
  return false;
}

// Evidence for one task, by kind.
class TaskScore {
 public:
  void add(const std::string& kind, int weight, Evidence evidence) {
    int& best = weights_[kind];
    best = std::max(best, weight);
    if (++counts_[kind] <= kMaxTaskEvidence) evidence_.push_back(std::move(evidence));
  }
  bool has(const std::string& kind) const { return weights_.contains(kind); }
  bool empty() const { return weights_.empty(); }
  int total() const {
    int sum = 0;
    for (const auto& [kind, weight] : weights_) sum += weight;
    return sum;
  }

  // Names alone never make more than low (medium for a name known from elsewhere); high needs a
  // statement of the app itself, or three kinds that agree.
  std::string confidence() const {
    if (has("known-model") || has("declared") || has("labels")) return "high";
    const bool names_only = std::all_of(weights_.begin(), weights_.end(), [](const auto& item) {
      return item.first == "name" || item.first == "tensor-name";
    });
    if (names_only) return total() >= kKnownFileWeight ? "medium" : "low";
    if (weights_.size() >= 3 && total() >= 4) return "high";
    if (weights_.size() >= 2 && total() >= 3) return "medium";
    return has("shape-alone") ? "medium" : "low";
  }
  std::vector<Evidence> take_evidence() { return std::move(evidence_); }

 private:
  std::map<std::string, int> weights_;
  std::map<std::string, std::size_t> counts_;
  std::vector<Evidence> evidence_;
};

class TaskInference {
 public:
  explicit TaskInference(const CodeContext& context) : context_(context) {}

  void add_model(const ModelRecord& model, const ModelCode& code);
  void add_calls(const std::vector<CallRecord>& calls);
  void add_manifest();
  void add_native_methods(const std::vector<NativeExport>& exports);
  std::vector<TaskRecord> finish() {
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i].id = "task-" + std::to_string(i + 1);
    return std::move(out_);
  }

 private:
  void weigh_known(const ModelRecord& model, std::map<std::string, TaskScore>& scores) const;
  void weigh_names(const ModelRecord& model, std::map<std::string, TaskScore>& scores) const;
  void weigh_labels(const ModelRecord& model, std::map<std::string, TaskScore>& scores) const;
  void weigh_shapes(const ModelRecord& model, std::map<std::string, TaskScore>& scores) const;
  void weigh_strings(const ModelCode& code, std::map<std::string, TaskScore>& scores) const;
  void emit(const std::string& task, TaskScore& score, const std::string& model, Use use,
            const std::vector<Evidence>& more);

  const CodeContext& context_;
  std::vector<TaskRecord> out_;
};

Evidence model_evidence(const ModelRecord& model, std::string rule, const std::string& excerpt) {
  Evidence out{"asset", model.location.file, model.location.entry, model.location.offset};
  out.rule = std::move(rule);
  out.excerpt = printable(excerpt, 300);
  return out;
}

void TaskInference::weigh_known(const ModelRecord& model,
                                std::map<std::string, TaskScore>& scores) const {
  const KnownMatch match = context_.known == nullptr ? KnownMatch{} : context_.known->find(model);
  if (match.model == nullptr) return;
  const bool by_graph = match.by == KnownBy::kGraph;
  const std::string excerpt = (by_graph ? "a copy of " : "") + match.model->name +
                              (by_graph                        ? ", trained anew"
                               : match.by == KnownBy::kWeights ? ", by its weights"
                                                               : "");
  for (const std::string& task : match.model->tasks) {
    scores[task].add(by_graph ? "known-graph" : "known-model",
                     by_graph ? kKnownGraphWeight : kKnownModelWeight,
                     model_evidence(model, "task.known-model", excerpt));
  }
}

void TaskInference::weigh_names(const ModelRecord& model,
                                std::map<std::string, TaskScore>& scores) const {
  const std::string entry = model_file_name(model.location);
  if (entry.empty()) return;
  const std::string file = entry.substr(entry.rfind('/') + 1);
  const auto words = name_words(file.substr(0, file.rfind('.')));
  for (const TaskRule& rule : context_.rules.tasks()) {
    if (contains(rule.files, file)) {
      scores[rule.id].add("name", kKnownFileWeight, model_evidence(model, "task.known-file", file));
    }
    if (rule.input == "image" && !takes_images(model)) continue;
    std::vector<std::string> tokens = rule.tokens;
    tokens.insert(tokens.end(), rule.file_tokens.begin(), rule.file_tokens.end());
    for (const std::string& token : tokens) {
      if (!contains(words, token)) continue;
      scores[rule.id].add("name", kNameWeight,
                          model_evidence(model, "task.file-name", word_in(token, file)));
      break;
    }
    for (const auto* tensors : {&model.inputs, &model.outputs}) {
      for (const TensorInfo& tensor : *tensors) {
        const auto tensor_words = name_words(tensor.name);
        const auto hit =
            std::find_if(rule.tokens.begin(), rule.tokens.end(),
                         [&](const std::string& token) { return contains(tensor_words, token); });
        if (hit == rule.tokens.end()) continue;
        scores[rule.id].add(
            "tensor-name", kTensorNameWeight,
            model_evidence(model, "task.tensor-name", word_in(*hit, "tensor " + tensor.name)));
      }
    }
  }
}

void TaskInference::weigh_labels(const ModelRecord& model,
                                 std::map<std::string, TaskScore>& scores) const {
  if (model.labels.size() < 2) return;
  std::set<std::string> labels;
  for (const std::string& label : model.labels) labels.insert(to_lower(trim(label)));
  bool known = false;
  for (const TaskRule& rule : context_.rules.tasks()) {
    for (const auto& set : rule.labels) {
      const auto common = std::count_if(
          set.begin(), set.end(), [&](const std::string& label) { return labels.contains(label); });
      if (common < 2 || static_cast<std::size_t>(common) != std::min(set.size(), labels.size()))
        continue;
      known = true;
      scores[rule.id].add("labels", kLabelsWeight,
                          model_evidence(model, "task.labels", join(model.labels, ", ")));
    }
  }
  const bool image = !model.inputs.empty() && is_image(model.inputs.front());
  const bool scored = !model.outputs.empty() && model.outputs.front().shape.size() <= 2;
  if (known || !image || !scored) return;
  scores["image-classification"].add(
      "label-list", kNameWeight, model_evidence(model, "task.labels", join(model.labels, ", ")));
}

void TaskInference::weigh_shapes(const ModelRecord& model,
                                 std::map<std::string, TaskScore>& scores) const {
  for (const ShapeRule& rule : context_.rules.shapes()) {
    if (!fits_shape(model, rule)) continue;
    const std::string excerpt = rule.text + ": " + border_text(model);
    for (const std::string& task : rule.supports) {
      if (task == rule.alone) continue;  // counted once, below
      const auto found = scores.find(task);
      if (found != scores.end())
        found->second.add("shape", kShapeWeight, model_evidence(model, rule.id, excerpt));
    }
    if (!rule.alone.empty()) {
      scores[rule.alone].add("shape-alone", kShapeAloneWeight,
                             model_evidence(model, rule.id, excerpt));
    }
  }
}

void TaskInference::weigh_strings(const ModelCode& code,
                                  std::map<std::string, TaskScore>& scores) const {
  for (const TaskRule& rule : context_.rules.tasks()) {
    for (const NearString& near : code.strings) {
      const bool hit =
          std::any_of(rule.phrases.begin(), rule.phrases.end(),
                      [&](const std::string& phrase) { return has_phrase(near.text, phrase); });
      if (!hit) continue;
      scores[rule.id].add("string", kStringWeight,
                          code_evidence(context_, near.method, near.pc, "task.string", near.text));
    }
  }
}

void TaskInference::emit(const std::string& task, TaskScore& score, const std::string& model,
                         Use use, const std::vector<Evidence>& more) {
  TaskRecord record;
  record.task = task;
  const TaskRule* rule = context_.rules.task(task);
  record.sensitive = rule != nullptr && rule->sensitive;
  record.confidence = score.confidence();
  record.model = model;
  record.use = use;
  record.evidence = score.take_evidence();
  record.evidence.insert(record.evidence.end(), more.begin(), more.end());
  out_.push_back(std::move(record));
}

void TaskInference::add_model(const ModelRecord& model, const ModelCode& code) {
  std::map<std::string, TaskScore> scores;
  weigh_known(model, scores);
  weigh_names(model, scores);
  weigh_strings(code, scores);
  weigh_labels(model, scores);
  weigh_shapes(model, scores);
  std::vector<Evidence> path;
  for (const Evidence& evidence : model.evidence) {
    if (evidence.rule == "reachable-path") path.push_back(evidence);
  }
  // A string near the code speaks of every model there: it counts where the model's shape allows
  // the task, or its name says so.
  std::erase_if(scores, [](const auto& item) {
    const TaskScore& score = item.second;
    const bool by_string_only = score.has("string") && !score.has("name") && !score.has("labels") &&
                                !score.has("known-model") && !score.has("known-graph");
    return by_string_only && !score.has("shape") && !score.has("shape-alone");
  });
  if (scores.empty()) {
    TaskScore other;
    other.add("shape", 0,
              model_evidence(model, "task.none",
                             "no rule says what this model is for: " + border_text(model)));
    emit("other", other, model.id, model.use, path);
    return;
  }
  for (const TaskRule& rule : context_.rules.tasks()) {
    const auto found = scores.find(rule.id);
    if (found != scores.end()) emit(rule.id, found->second, model.id, model.use, path);
  }
}

void TaskInference::add_calls(const std::vector<CallRecord>& calls) {
  for (const TaskRule& rule : context_.rules.tasks()) {
    TaskScore score;
    Use use = Use::kPresent;
    std::vector<Evidence> path;
    for (const CallRecord& call : calls) {
      if (!contains(rule.apis, call.api)) continue;
      Evidence evidence = call.evidence.front();
      evidence.rule = "task.api";
      evidence.excerpt = "calls " + call.api;
      score.add("declared", kDeclaredWeight, std::move(evidence));
      if (call.use == Use::kReachable && use != Use::kReachable) {
        use = Use::kReachable;
        path.push_back(call.evidence.back());
      }
    }
    if (!score.empty()) emit(rule.id, score, "", use, path);
  }
}

void TaskInference::add_manifest() {
  if (!context_.app.manifest()) return;
  for (const TaskRule& rule : context_.rules.tasks()) {
    TaskScore score;
    for (const ManifestMetaData& data : context_.app.manifest()->meta_data) {
      const bool declares = std::any_of(
          context_.rules.frameworks().begin(), context_.rules.frameworks().end(),
          [&](const FrameworkRule& framework) { return contains(framework.meta_data, data.name); });
      if (!declares) continue;
      for (const std::string& value : split(data.value, ',')) {
        if (!contains(rule.dependencies, std::string(trim(value)))) continue;
        Evidence evidence{"manifest", context_.app.file_name(), context_.app.manifest_chain()};
        evidence.rule = "task.dependency";
        evidence.excerpt = printable(data.name + " = " + data.value);
        score.add("declared", kDeclaredWeight, std::move(evidence));
      }
    }
    if (!score.empty()) emit(rule.id, score, "", Use::kPresent, {});
  }
}

// "Java_com_example_Preview_findFace" → the native method of that name, where the app declares one.
MethodId native_method(const ClassIndex& index, const std::string& symbol) {
  for (MethodId method = 0; method < index.method_count(); ++method) {
    if (!index.method_info(method).is_native()) continue;
    std::string name = "Java_";
    const std::string owner = dotted_class_name(index.method_owner(method)) + ".";
    for (const char c : owner + std::string(index.method_name(method))) {
      if (c == '.') {
        name += '_';
      } else if (c == '_') {
        name += "_1";
      } else if (c == '$') {
        name += "_00024";
      } else {
        name += c;
      }
    }
    if (symbol == name || symbol.starts_with(name + "__")) return method;
  }
  return kNoId;
}

void TaskInference::add_native_methods(const std::vector<NativeExport>& exports) {
  const ClassIndex& index = context_.code.index();
  std::map<std::string, MethodId> methods;
  for (const NativeExport& item : exports) {
    if (!methods.contains(item.symbol)) methods[item.symbol] = native_method(index, item.symbol);
  }
  for (const TaskRule& rule : context_.rules.tasks()) {
    TaskScore score;
    Use use = Use::kPresent;
    std::vector<Evidence> path;
    for (const NativeExport& item : exports) {
      const MethodId method = methods.at(item.symbol);
      if (method == kNoId && item.method.empty()) continue;
      // Only the method's own name counts: a package is called after many things.
      const auto words =
          method == kNoId
              ? name_words(std::string_view(item.method).substr(item.method.rfind('.') + 1))
              : name_words(index.method_name(method));
      const bool hit =
          std::any_of(rule.tokens.begin(), rule.tokens.end(),
                      [&](const std::string& token) { return contains(words, token); });
      if (!hit) continue;
      Evidence evidence{"native", context_.app.file_name(), {item.library}};
      evidence.method = item.symbol;
      evidence.rule = "task.native-method";
      evidence.excerpt = printable(method == kNoId ? item.method : index.method_text(method));
      score.add("name", kNameWeight, std::move(evidence));
      if (method == kNoId) continue;
      if (use != Use::kReachable && context_.code.reach().reached(method)) {
        use = Use::kReachable;
        path.push_back(path_evidence(context_, method));
      }
    }
    if (!score.empty()) emit(rule.id, score, "", use, path);
  }
}

}  // namespace

bool fits_shape(const ModelRecord& model, const ShapeRule& rule) {
  return input_fits(model, rule) && output_fits(model, rule) && operators_fit(model, rule);
}

std::vector<std::string> name_words(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(to_lower(word));
    word.clear();
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_letter(name[i])) {
      flush();
      continue;
    }
    const bool camel =
        is_upper(name[i]) && i > 0 && is_letter(name[i - 1]) && !is_upper(name[i - 1]);
    if (camel) flush();
    word += name[i];
  }
  flush();
  const std::size_t single = words.size();
  for (std::size_t i = 0; i + 1 < single; ++i) words.push_back(words[i] + words[i + 1]);
  return words;
}

std::vector<TaskRecord> infer_tasks(const CodeContext& context, const EntryFindings& entries,
                                    const std::vector<ModelRecord>& models,
                                    const std::vector<ModelCode>& model_code,
                                    const std::vector<CallRecord>& calls) {
  TaskInference inference(context);
  for (std::size_t i = 0; i < models.size(); ++i) inference.add_model(models[i], model_code[i]);
  inference.add_calls(calls);
  inference.add_manifest();
  inference.add_native_methods(entries.jni_exports);
  return inference.finish();
}

}  // namespace dl
