// SPDX-License-Identifier: Apache-2.0
// Names for answers.
#include "daylight/rebuild/head_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "daylight/base/text.h"

namespace dl::rebuild {
namespace {

// Words that name a task by themselves, in captions and file names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kWords = {{
    {"age", "age"},
    {"ages", "age"},
    {"years", "age"},
    {"gender", "gender"},
    {"sex", "gender"},
    {"genders", "gender"},
    {"race", "race"},
    {"ethnicity", "race"},
    {"emotion", "emotion"},
    {"emotions", "emotion"},
    {"mood", "emotion"},
    {"expression", "emotion"},
    {"fer", "emotion"},
    {"beauty", "attractiveness"},
    {"attractiveness", "attractiveness"},
    {"skin", "skin"},
    {"liveness", "liveness"},
    {"spoof", "liveness"},
    {"gaze", "gaze"},
    {"pose", "pose"},
    {"segmentation", "segmentation"},
    {"detect", "object-detection"},
}};

// Lower-case words of letters; camelCase splits.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool lower_before = false;
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    const bool letter = std::isalpha(c) != 0;
    if (!letter || (std::isupper(c) != 0 && lower_before)) {
      if (!word.empty()) words.push_back(word);
      word.clear();
    }
    if (letter) word.push_back(static_cast<char>(std::tolower(c)));
    lower_before = std::islower(c) != 0;
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

std::string task_in(std::string_view text) {
  // The last word that names a task is the nearest to the value.
  std::string found;
  for (const std::string& word : words_of(text)) {
    for (const auto& [known, task] : kWords) {
      if (word == known) found = std::string(task);
    }
  }
  return found;
}

std::string task_of_labels(const std::vector<std::string>& labels) {
  const auto has = [&](std::initializer_list<std::string_view> names) {
    return std::any_of(labels.begin(), labels.end(), [&](const std::string& label) {
      const auto words = words_of(label);
      return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return std::find(words.begin(), words.end(), name) != words.end();
      });
    });
  };
  if (has({"male", "man", "men", "boy"}) && has({"female", "woman", "women", "girl"}))
    return "gender";
  if (has({"happy", "happiness"}) && has({"sad", "sadness", "angry", "anger"})) return "emotion";
  if (has({"white", "caucasian"}) && has({"black", "african"}) && has({"asian", "indian"}))
    return "race";
  if (has({"real", "live"}) && has({"fake", "spoof"})) return "liveness";
  return {};
}

}  // namespace

HeadName name_head(const std::vector<std::string>& labels, const std::string& caption,
                   const ModelRecord& model, const std::vector<TaskRecord>& tasks) {
  if (const std::string task = task_of_labels(labels); !task.empty()) return {task, task, "labels"};
  if (const std::string task = task_in(caption); !task.empty()) return {task, task, "caption"};
  const TaskRecord* best = nullptr;
  const auto rank = [](const TaskRecord& task) {
    return task.confidence == "high" ? 3 : (task.confidence == "medium" ? 2 : 1);
  };
  for (const TaskRecord& task : tasks) {
    if (task.model == model.id && (best == nullptr || rank(task) > rank(*best))) best = &task;
  }
  if (best != nullptr) return {best->task, best->task, "task"};
  const std::string file =
      model.location.entry.empty() ? std::string() : model.location.entry.back();
  if (const std::string task = task_in(file.substr(file.rfind('/') + 1)); !task.empty())
    return {task, task, "file"};
  return {"output", "other", "nothing"};
}

}  // namespace dl::rebuild
