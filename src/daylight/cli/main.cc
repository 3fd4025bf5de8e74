// SPDX-License-Identifier: Apache-2.0
// The program: reads the command line, runs one verb, turns an Error into one line and an exit
// code.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <string>

#include "daylight/base/result.h"
#include "daylight/base/text.h"
#include "daylight/cli/flags.h"
#include "daylight/cli/terminal.h"
#include "daylight/cli/verbs.h"

namespace {

int fail_with(const dl::Error& error) {
  fmt::print(stderr, "daylight: {}\n", dl::printable(dl::describe(error), 2000));
  return error.code == dl::ErrorCode::kCancelled ? dl::cli::kInterrupted : dl::cli::kFailed;
}

// The first word where it is no verb ("samples x" where the second is none); else empty. CLI11 says
// only that a verb is missing.
std::string unknown_verb(const CLI::App& app, std::span<const char* const> words) {
  std::string path;
  const CLI::App* at = &app;
  for (const char* word : words) {
    const auto verbs = at->get_subcommands([](const CLI::App*) { return true; });
    if (verbs.empty() || word[0] == '-') return "";
    path += (path.empty() ? "" : " ") + std::string(word);
    const auto found = std::find_if(verbs.begin(), verbs.end(),
                                    [&](const CLI::App* verb) { return verb->get_name() == word; });
    if (found == verbs.end()) return path;
    at = *found;
  }
  return "";
}

// CLI11's own codes are folded into ours: help and version are 0, anything else is an error with
// one line.
int report_parse(const CLI::App& app, const CLI::ParseError& error,
                 std::span<const char* const> words) {
  if (error.get_exit_code() == 0) return app.exit(error);
  if (const std::string verb = unknown_verb(app, words); !verb.empty()) {
    fmt::print(stderr, "daylight: there is no verb '{}'; see 'daylight --help'\n",
               dl::printable(verb, 200));
    return dl::cli::kFailed;
  }
  fmt::print(stderr, "daylight: {}; see 'daylight --help'\n", dl::printable(error.what(), 2000));
  return dl::cli::kFailed;
}

// glibc raises its threshold for memory that goes back to the system with every large block that is
// freed: after one large library, megabytes would stay with the process.
void keep_large_blocks_apart() {
  constexpr int kLargeBlock = 4 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
}

}  // namespace

int main(int argc, char** argv) try {
  keep_large_blocks_apart();
  CLI::App app;
  dl::cli::CommandLine line;
  app.name("daylight");  // not the path that it was called by
  dl::cli::declare_flags(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse(app, error, std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  }
  dl::cli::Terminal terminal(line.options.quiet);
  dl::cli::Terminal::catch_interrupts();
  const auto code = dl::cli::run_verb(line, terminal);
  if (!code) return fail_with(code.error());
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return fail_with(
        {dl::ErrorCode::kIo, "the result could not be written", "stdout", "is the disk full?"});
  }
  return *code;
} catch (const std::exception& error) {
  return fail_with(
      {dl::ErrorCode::kLimit, std::string("stopped by the library: ") + error.what(), "", ""});
}
