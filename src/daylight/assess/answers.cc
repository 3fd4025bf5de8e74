// SPDX-License-Identifier: Apache-2.0
// Joins predictions to samples and reduces many rows of a picture to one answer.
#include "daylight/assess/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

constexpr std::size_t kNoSample = std::numeric_limits<std::size_t>::max();

std::string normal_path(std::string_view file) {
  std::string path(trim(file));
  std::replace(path.begin(), path.end(), '\\', '/');
  while (path.rfind("./", 0) == 0) path.erase(0, 2);
  return path;
}

std::string last_part(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

using FileIndex = std::unordered_map<std::string, std::size_t>;

FileIndex index_paths(const Samples& samples) {
  FileIndex index;
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    index.emplace(normal_path(samples.rows[i].file), i);
  }
  return index;
}

// The last parts of the samples' paths, or nothing when two are the same.
std::optional<FileIndex> index_last_parts(const Samples& samples) {
  FileIndex index;
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    if (!index.emplace(last_part(normal_path(samples.rows[i].file)), i).second) return std::nullopt;
  }
  return index;
}

// True when no two different paths among the predictions end in the same part.
bool last_parts_are_unique(const Predictions& predictions) {
  std::unordered_map<std::string, std::string> path_of;
  for (const Prediction& row : predictions.rows) {
    const std::string path = normal_path(row.file);
    const auto [found, added] = path_of.emplace(last_part(path), path);
    if (!added && found->second != path) return false;
  }
  return true;
}

// The sample of each row.
struct Join {
  std::vector<std::size_t> sample_of;
  std::size_t matched = 0;
};

template <typename Key>
Join join_with(const Predictions& predictions, const FileIndex& index, Key key) {
  Join join;
  join.sample_of.reserve(predictions.rows.size());
  for (const Prediction& row : predictions.rows) {
    const auto found = index.find(key(normal_path(row.file)));
    join.sample_of.push_back(found == index.end() ? kNoSample : found->second);
    if (found != index.end()) ++join.matched;
  }
  return join;
}

Result<Join> join_rows(const Predictions& predictions, const Samples& samples,
                       const std::string& predictions_name, const std::string& samples_name,
                       std::vector<Gap>& limits) {
  Join join = join_with(predictions, index_paths(samples), [](std::string path) { return path; });
  if (join.matched == 0 && !predictions.rows.empty()) {
    const auto by_last_part = index_last_parts(samples);
    if (by_last_part && last_parts_are_unique(predictions)) {
      join = join_with(predictions, *by_last_part, last_part);
      if (join.matched > 0) {
        limits.push_back(
            {predictions_name,
             "pictures were matched by file name without folders, since no full path is the same"});
      }
    }
  }
  if (join.matched == 0) {
    const std::string example =
        predictions.rows.empty()
            ? ""
            : " (the first is '" + printable(predictions.rows.front().file) + "')";
    return fail(ErrorCode::kNotFound,
                "none of its " + std::to_string(predictions.rows.size()) +
                    " rows names a file of " + samples_name + example,
                predictions_name,
                "the column 'file' must hold the same names in both, e.g. '" +
                    printable(samples.rows.empty() ? "" : samples.rows.front().file) + "'");
  }
  return join;
}

// All rows of one picture for one head, alternative and source.
struct Pile {
  std::map<int, std::vector<std::size_t>> rows_of_face;  // rows that are ok, by face
  std::optional<Outcome> failure;                        // the first failure
};

struct Key {
  std::string head;
  std::string alternative;
  std::string source;
  friend bool operator==(const Key&, const Key&) = default;
};

Outcome outcome_of(PredictionStatus status) {
  switch (status) {
    case PredictionStatus::kOk:
      return Outcome::kOk;
    case PredictionStatus::kNoFace:
      return Outcome::kNoFace;
    case PredictionStatus::kMultiFace:
      return Outcome::kMultiFace;
    case PredictionStatus::kParseError:
      return Outcome::kParseError;
    case PredictionStatus::kCrash:
      return Outcome::kCrash;
    case PredictionStatus::kTimeout:
      return Outcome::kTimeout;
  }
  return Outcome::kParseError;
}

std::string source_of(const Prediction& row) { return row.source.empty() ? "given" : row.source; }

// Reduces the rows of one key.
class Reducer {
 public:
  Reducer(const Predictions& predictions, const Join& join, std::size_t samples)
      : predictions_(predictions), join_(join), samples_(samples) {}

  HeadAnswers reduce(const Key& key, const std::vector<std::size_t>& rows) {
    HeadAnswers result;
    result.head = key.head;
    result.alternative = key.alternative;
    result.source = key.source;
    result.answers.resize(samples_);
    labels_.clear();
    tied_ = 0;
    // Most pictures have one row: those are done at once, the others are piled up.
    std::vector<std::uint8_t> seen(samples_, 0);
    for (const std::size_t row : rows) {
      auto& count = seen[join_.sample_of[row]];
      if (count < 2) ++count;
    }
    std::map<std::size_t, Pile> piles;
    for (const std::size_t row : rows) {
      const std::size_t sample = join_.sample_of[row];
      if (seen[sample] == 1) {
        result.answers[sample] = answer_of(row, result);
        continue;
      }
      Pile& pile = piles[sample];
      const Outcome outcome = outcome_of(predictions_.rows[row].status);
      if (outcome == Outcome::kOk) {
        pile.rows_of_face[predictions_.rows[row].face].push_back(row);
      } else if (!pile.failure) {
        pile.failure = outcome;
      }
    }
    for (const auto& [sample, pile] : piles) result.answers[sample] = answer_of(pile, result);
    merged_ = piles.size();
    return result;
  }

  std::size_t merged() const { return merged_; }
  // Pictures whose rows name two labels equally often.
  std::size_t tied() const { return tied_; }

 private:
  int label_index(const std::string& label, HeadAnswers& result) {
    if (label.empty()) return -1;
    const auto [found, added] = labels_.emplace(label, static_cast<int>(result.labels.size()));
    if (added) result.labels.push_back(label);
    return found->second;
  }

  Answer answer_of(std::size_t row, HeadAnswers& result) {
    const Prediction& prediction = predictions_.rows[row];
    Answer answer;
    answer.outcome = outcome_of(prediction.status);
    if (answer.outcome != Outcome::kOk) return answer;
    answer.label = label_index(prediction.label, result);
    answer.score = prediction.score.value_or(kNoNumber);
    answer.value = prediction.value.value_or(kNoNumber);
    return answer;
  }

  Answer answer_of(const Pile& pile, HeadAnswers& result) {
    Answer answer;
    if (pile.rows_of_face.size() > 1) {
      answer.outcome = Outcome::kMultiFace;
      return answer;
    }
    if (pile.rows_of_face.empty()) {
      answer.outcome = pile.failure.value_or(Outcome::kParseError);
      return answer;
    }
    return mean_answer(pile.rows_of_face.begin()->second, result);
  }

  Answer mean_answer(const std::vector<std::size_t>& rows, HeadAnswers& result) {
    Answer answer;
    answer.outcome = Outcome::kOk;
    std::vector<int> labels;
    labels.reserve(rows.size());
    for (const std::size_t row : rows)
      labels.push_back(label_index(predictions_.rows[row].label, result));
    std::ptrdiff_t most = 0;
    bool tie = false;
    for (const int label : labels) {
      const auto times = std::count(labels.begin(), labels.end(), label);
      if (times > most) {
        most = times;
        answer.label = label;
        tie = false;
      } else if (times == most && label != answer.label) {
        tie = true;
      }
    }
    if (tie) {
      // Which row stands first says nothing about the face.
      ++tied_;
      answer = {};
      answer.outcome = Outcome::kParseError;
      return answer;
    }
    const auto mean = [&](auto field) {
      double sum = 0.0;
      std::size_t n = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::optional<double>& number = predictions_.rows[rows[i]].*field;
        if (labels[i] != answer.label || !number) continue;
        sum += *number;
        ++n;
      }
      return n == 0 ? kNoNumber : sum / static_cast<double>(n);
    };
    answer.score = mean(&Prediction::score);
    answer.value = mean(&Prediction::value);
    return answer;
  }

  const Predictions& predictions_;
  const Join& join_;
  std::size_t samples_;
  std::size_t merged_ = 0;
  std::size_t tied_ = 0;
  std::unordered_map<std::string, int> labels_;
};

std::size_t rows_present(const HeadAnswers& head) {
  return static_cast<std::size_t>(
      std::count_if(head.answers.begin(), head.answers.end(),
                    [](const Answer& a) { return a.outcome != Outcome::kMissing; }));
}

// Keeps one source of each head and alternative.
void choose_sources(std::vector<HeadAnswers>& heads, std::vector<Gap>& limits) {
  std::vector<HeadAnswers> kept;
  for (HeadAnswers& head : heads) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const HeadAnswers& other) {
      return other.head == head.head && other.alternative == head.alternative;
    });
    if (same == kept.end()) {
      kept.push_back(std::move(head));
      continue;
    }
    const std::size_t here = rows_present(head);
    const std::size_t there = rows_present(*same);
    const bool better = here > there || (here == there && head.source == "captured");
    const std::string dropped = better ? same->source : head.source;
    const std::string taken = better ? head.source : same->source;
    limits.push_back(
        {"head " + printable(head.head),
         fmt::format(
             "answers from two sources: '{}' is assessed ({} pictures), '{}' is not ({} pictures)",
             printable(taken), std::max(here, there), printable(dropped), better ? there : here)});
    if (better) *same = std::move(head);
  }
  heads = std::move(kept);
}

}  // namespace

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kNoFace:
      return "no-face";
    case Outcome::kMultiFace:
      return "multi-face";
    case Outcome::kParseError:
      return "parse-error";
    case Outcome::kCrash:
      return "crash";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kMissing:
      return "missing";
  }
  return "missing";
}

Result<CollectedAnswers> collect_answers(const Predictions& predictions, const Samples& samples,
                                         const std::string& predictions_name,
                                         const std::string& samples_name) {
  CollectedAnswers collected;
  const Join join =
      TRY(join_rows(predictions, samples, predictions_name, samples_name, collected.limits));
  if (join.matched < predictions.rows.size()) {
    collected.limits.push_back(
        {predictions_name,
         fmt::format("{} of {} rows name files that {} lacks: they are not assessed",
                     predictions.rows.size() - join.matched, predictions.rows.size(),
                     samples_name)});
  }
  std::vector<Key> keys;
  std::vector<std::vector<std::size_t>> rows_of_key;
  std::size_t last = 0;
  for (std::size_t row = 0; row < predictions.rows.size(); ++row) {
    if (join.sample_of[row] == kNoSample) continue;
    const Prediction& prediction = predictions.rows[row];
    const Key key = {prediction.head, prediction.alternative, source_of(prediction)};
    // Neighbouring rows mostly share their key or follow a short cycle of keys.
    if (last >= keys.size() || !(keys[last] == key)) {
      last = static_cast<std::size_t>(std::find(keys.begin(), keys.end(), key) - keys.begin());
      if (last == keys.size()) {
        keys.push_back(key);
        rows_of_key.emplace_back();
      }
    }
    rows_of_key[last].push_back(row);
  }
  Reducer reducer(predictions, join, samples.rows.size());
  for (std::size_t k = 0; k < keys.size(); ++k) {
    collected.heads.push_back(reducer.reduce(keys[k], rows_of_key[k]));
    if (reducer.merged() > 0) {
      collected.limits.push_back(
          {"head " + printable(keys[k].head),
           fmt::format("{} pictures have several rows; each counts once (see several faces, frames "
                       "and runs in the documentation)",
                       reducer.merged())});
    }
    if (reducer.tied() > 0) {
      collected.limits.push_back(
          {"head " + printable(keys[k].head),
           fmt::format("{} pictures have rows that name different labels equally often: they count "
                       "as parse-error, a failure to predict",
                       reducer.tied())});
    }
  }
  choose_sources(collected.heads, collected.limits);
  return collected;
}

}  // namespace dl::assess
