// SPDX-License-Identifier: Apache-2.0
// The program: reads the command line, runs one verb, turns an Error into one line and an exit
// code.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

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

// CLI11's own codes are folded into ours: help and version are 0, anything else is an error with
// one line.
int report_parse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  fmt::print(stderr, "daylight: {}; see 'daylight --help'\n", dl::printable(error.what(), 2000));
  return dl::cli::kFailed;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app;
  dl::cli::CommandLine line;
  app.name("daylight");  // not the path that it was called by
  dl::cli::declare_flags(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse(app, error);
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
