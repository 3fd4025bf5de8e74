// SPDX-License-Identifier: Apache-2.0
// Containers of every kind, to the bottom: what is visited is found again by its step.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daylight/format/archive/base64_run.h"
#include "daylight/format/archive/byte_statistics.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/archive/container_carve.h"
#include "daylight/format/code/file_kind.h"

namespace {

void walk(const dl::Content& content, int depth, dl::UnpackBudget& budget, int& members) {
  const auto kind = dl::container_kind(content.bytes, depth == 0 ? "a.br" : "a");
  if (!kind || depth > 3) return;
  dl::visit_members(*kind, content, "fuzz", budget,
                    {[&](const std::string& step, const dl::Content& member) {
                       if (++members > 64) return;
                       // Duplicate names lead to the first member: only the size may differ then.
                       (void)dl::open_step(content, step);
                       walk(member, depth + 1, budget, members);
                     },
                     [](const std::string&, const std::string&) {}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::Content content{{data, size}, nullptr};
  (void)dl::file_kind(content.bytes);
  (void)dl::judge_cover(content.bytes);
  dl::UnpackBudget budget(size);
  int members = 0;
  walk(content, 0, budget, members);
  for (const dl::InnerContainer& inner : dl::find_containers_inside(content.bytes, 8, budget)) {
    if (inner.offset > size || inner.size > size - inner.offset) std::abort();
  }
  for (const dl::Base64Run& run : dl::find_base64_runs(content.bytes)) {
    if (run.offset > size || run.size > size - run.offset) std::abort();
    (void)dl::decode_base64(content.part(run.offset, run.size).bytes);
  }
  (void)dl::open_step(content, {reinterpret_cast<const char*>(data), size < 64 ? size : 64});
  return 0;
}
