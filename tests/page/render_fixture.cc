// SPDX-License-Identifier: Apache-2.0
// Writes the page of the planted case to a file, for tests that look at it in a browser.
#include <chrono>
#include <cstdio>
#include <string>

#include "daylight/base/file.h"
#include "daylight/report/summary.h"
#include "report_fixture.h"

namespace {

// Milliseconds of one rendering, the least of several.
double render_ms(const dl::ReportInputs& inputs) {
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto page = dl::render_report(inputs);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (page) best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: render_fixture OUT.html [--measure]\n");
    return 2;
  }
  const auto fixture = dl::testing::read_report_fixture();
  const auto page = dl::render_report(fixture.inputs());
  if (!page) {
    std::fprintf(stderr, "%s\n", dl::describe(page.error()).c_str());
    return 2;
  }
  const auto written = dl::write_file_atomic(argv[1], *page);
  if (!written) {
    std::fprintf(stderr, "%s\n", dl::describe(written.error()).c_str());
    return 2;
  }
  if (argc == 3) {
    std::printf("%zu estimates, %zu disparities: %.1f kB, rendered in %.2f ms\n",
                fixture.assessment.estimates.size(), fixture.assessment.disparities.size(),
                static_cast<double>(page->size()) / 1000, render_ms(fixture.inputs()));
  } else {
    std::fputs(dl::render_summary(fixture.inputs()).c_str(), stdout);
  }
  return 0;
}
