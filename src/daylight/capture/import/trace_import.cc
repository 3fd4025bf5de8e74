// SPDX-License-Identifier: Apache-2.0
// The table of formats, the guess, and the loop over the file.
#include "daylight/capture/import/trace_import.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daylight/base/text.h"
#include "daylight/capture/import/jack_record.h"
#include "daylight/capture/import/logcat_line.h"

namespace dl::capture {
namespace {

struct Format {
  const char* name;
  std::unique_ptr<ImportSource> (*make)(ImportEvents&);
};
constexpr std::array<Format, 4> kFormats = {{{"jack", make_jack_import},
                                             {"jnitrace", make_jnitrace_import},
                                             {"frida-trace", make_frida_trace_import},
                                             {"logcat", make_logcat_import}}};
constexpr std::size_t kPiece = std::size_t{1} << 20;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Result<std::string> read_piece(std::FILE* file, const std::filesystem::path& path) {
  std::string out(kPiece, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), file));
  if (std::ferror(file) != 0) return fail(ErrorCode::kIo, std::strerror(errno), path.string());
  return out;
}

}  // namespace

std::vector<std::string> import_formats() {
  std::vector<std::string> out;
  for (const Format& each : kFormats) out.emplace_back(each.name);
  return out;
}

std::unique_ptr<ImportSource> make_import(const std::string& format, ImportEvents& events) {
  for (const Format& each : kFormats)
    if (format == each.name) return each.make(events);
  return nullptr;
}

std::optional<std::string> guess_import_format(std::string_view beginning) {
  const std::string_view text = trim(beginning);
  if ((text.starts_with('[') || text.starts_with('{')) &&
      text.find("\"method\"") != std::string_view::npos &&
      text.find("\"args\"") != std::string_view::npos)
    return "jnitrace";
  bool log = false;
  bool calls = false;
  for (const std::string& line : split(beginning, '\n')) {
    if (const auto parsed = parse_logcat_line(line)) {
      if (begins_jack_record(parsed->text) || jack_continuation(parsed->text)) return "jack";
      log = true;
    }
    calls = calls || line.find("/* TID 0x") != std::string::npos ||
            line.find(" ms  ") != std::string::npos;
  }
  if (log) return "logcat";
  if (calls) return "frida-trace";
  return std::nullopt;
}

Result<ImportDone> import_trace(const std::filesystem::path& path, const ImportOptions& options,
                                TraceSink& sink) {
  const File file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return fail(ErrorCode::kIo, std::strerror(errno), path.string());
  std::string piece = TRY(read_piece(file.get(), path));
  ImportDone out;
  out.format = options.format;
  if (out.format.empty()) {
    const auto guess = guess_import_format(piece);
    if (!guess)
      return fail(ErrorCode::kInvalidArgument, "nothing at its beginning shows its format",
                  path.string(), "give --format: " + join(import_formats(), ", "));
    out.format = *guess;
  }
  ImportEvents events(sink, "import:" + out.format);
  const auto source = make_import(out.format, events);
  if (source == nullptr)
    return fail(ErrorCode::kInvalidArgument, "is no format of a log", out.format,
                "formats: " + join(import_formats(), ", "));
  while (!piece.empty() && !out.stopped) {
    source->feed(piece);
    out.stopped = options.stop();
    if (!out.stopped) piece = TRY(read_piece(file.get(), path));
  }
  source->finish();
  out.found = events.report();
  return out;
}

}  // namespace dl::capture
