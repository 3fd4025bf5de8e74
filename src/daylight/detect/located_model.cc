// SPDX-License-Identifier: Apache-2.0
// Splits a chain at its native step: in front of it is the app, behind it are ordinary steps.
#include "daylight/detect/located_model.h"

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/detect/native_ciphers.h"
#include "daylight/program/native_machine/native_step.h"

namespace dl {

Result<Content> located_model(const program::AppPackage& app,
                              const std::vector<std::string>& entry_chain, std::uint64_t offset,
                              std::uint64_t size) {
  const auto native =
      std::find_if(entry_chain.begin(), entry_chain.end(),
                   [](const std::string& step) { return program::parse_native_step(step); });
  if (native == entry_chain.end()) return app.located_bytes(entry_chain, offset, size);
  // An entry may be called like a step.
  if (auto plain = app.located_bytes(entry_chain, offset, size)) return plain;
  const std::vector<std::string> before(entry_chain.begin(), native);
  auto step = *program::parse_native_step(*native);
  const Content input = TRY(app.located_bytes(before, step.offset, step.size));
  step.offset = 0;
  // What the app calls the file: the last step that is a name.
  const auto name = std::find_if(before.rbegin(), before.rend(),
                                 [](const std::string& each) { return !each.starts_with('~'); });
  Content content = TRY(program::open_native_step(native_entry_reader(app), input,
                                                  name == before.rend() ? std::string() : *name,
                                                  program::native_step(step)));
  for (auto next = native + 1; next != entry_chain.end(); ++next)
    content = TRY(open_step(content, *next));
  const auto part = subspan_checked(content.bytes, offset, size);
  if (!part) {
    return fail(ErrorCode::kCorrupt, "the range does not lie inside the entry",
                join(entry_chain, "!"));
  }
  content.bytes = *part;
  return content;
}

}  // namespace dl
