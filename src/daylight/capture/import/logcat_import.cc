// SPDX-License-Identifier: Apache-2.0
// A plain Android log: each line, and answers that the log had split into several, as one.
#include <algorithm>
#include <map>
#include <utility>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/capture/import/import_source.h"
#include "daylight/capture/import/logcat_line.h"

namespace dl::capture {
namespace {

constexpr const char* kWhere = "import:logcat";
constexpr std::size_t kMaxOpenTexts = 64;
// The log splits nothing that is shorter.
constexpr std::size_t kShortestSplitLine = 1024;

struct ThreadTag {
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string tag;
  auto operator<=>(const ThreadTag&) const = default;
};

struct OpenText {
  ImportStamp at;
  TraceLevel level = TraceLevel::kInfo;
  std::string text;
  std::size_t last_line = 0;
  std::uint64_t touched = 0;
};

// Where the text begins with a JSON value that it does not end, texts may follow.
enum class JsonEnd { kNone, kClosed, kOpen };
JsonEnd json_end(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('{') && !text.starts_with('[')) return JsonEnd::kNone;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return JsonEnd::kClosed;
    }
  }
  return JsonEnd::kOpen;
}

// "cat,0.93", several of them between tabs.
bool is_scores(std::string_view text) {
  bool any = false;
  for (const std::string& cell : split(text, '\t')) {
    const std::string_view part = trim(cell);
    if (part.empty()) continue;
    const std::size_t comma = part.rfind(',');
    if (comma == std::string_view::npos || comma == 0 ||
        !parse_double(trim(part.substr(comma + 1))))
      return false;
    any = true;
  }
  return any;
}

class LogcatImport final : public LineSource {
 public:
  explicit LogcatImport(ImportEvents& events) : events_(events) {}

 private:
  void line(std::string_view text, bool cut) override;
  void end() override;
  void take(const LogcatLine& line);
  void close(std::map<ThreadTag, OpenText>::iterator open);
  void write(const ImportStamp& at, TraceLevel level, const std::string& tag,
             std::string_view text);

  ImportEvents& events_;
  LogcatClock clock_;
  std::map<ThreadTag, OpenText> open_;
  ImportStamp last_ = {};
  std::uint64_t lines_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t broken_ = 0;
};

void LogcatImport::line(std::string_view text, bool cut) {
  ++lines_;
  if (text.empty() || text.starts_with("--------- ")) return;
  if (const auto line = parse_logcat_line(text)) {
    take(*line);
  } else if (json_end(text) == JsonEnd::kClosed || is_scores(text)) {
    // What a script printed: an answer without a head.
    events_.see_process(0, "");
    write(last_, TraceLevel::kInfo, "", text);
  } else {
    ++events_.report().foreign;
  }
  if (cut) events_.note(last_, 0, kWhere, "line " + std::to_string(lines_) + " was cut");
}

void LogcatImport::take(const LogcatLine& line) {
  last_ = {clock_.ns(line), line.pid, line.tid};
  events_.see_process(line.pid, "");
  const ThreadTag key{line.pid, line.tid, std::string(line.tag)};
  const auto found = open_.find(key);
  if (found != open_.end()) {
    OpenText& open = found->second;
    const bool follows =
        json_end(line.text) == JsonEnd::kNone || open.last_line >= kShortestSplitLine;
    if (!follows || open.text.size() + line.text.size() > kMaxTraceTextBytes) {
      close(found);
    } else {
      open.text += line.text;
      open.last_line = line.text.size();
      open.touched = lines_;
      if (json_end(open.text) != JsonEnd::kOpen) close(found);
      return;
    }
  }
  if (json_end(line.text) != JsonEnd::kOpen) return write(last_, line.level, key.tag, line.text);
  if (open_.size() >= kMaxOpenTexts) {
    close(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
      return a.second.touched < b.second.touched;
    }));
  }
  open_[key] = {last_, line.level, std::string(line.text), line.text.size(), lines_};
}

void LogcatImport::close(std::map<ThreadTag, OpenText>::iterator open) {
  write(open->second.at, open->second.level, open->first.tag, open->second.text);
  open_.erase(open);
}

void LogcatImport::write(const ImportStamp& at, TraceLevel level, const std::string& tag,
                         std::string_view text) {
  ++events_.report().records;
  if (text.size() > kMaxTraceTextBytes)
    events_.lose(at, 0, 0, text.size() - kMaxTraceTextBytes, "the end of a line that is too long");
  const JsonEnd json = json_end(text);
  if (json != JsonEnd::kNone) {
    if (json == JsonEnd::kClosed && parse_json(trim(text), kWhere)) {
      ++answers_;
    } else {
      ++broken_;
    }
  } else if (is_scores(text)) {
    ++answers_;
  }
  events_.add(at, 0, TraceLog{level, import_text(tag), import_text(text)});
}

void LogcatImport::end() {
  while (!open_.empty()) close(open_.begin());
  if (answers_ > 0)
    events_.add(
        last_, 0,
        TraceNote{TraceLevel::kInfo, kWhere,
                  std::to_string(answers_) + " lines are answers: JSON, or names with scores"});
  if (broken_ > 0)
    events_.note(
        last_, 0, kWhere,
        std::to_string(broken_) + " lines begin as JSON and are none: cut, or interleaved");
  events_.finish();
}

}  // namespace

std::unique_ptr<ImportSource> make_logcat_import(ImportEvents& events) {
  return std::make_unique<LogcatImport>(events);
}

}  // namespace dl::capture
