// SPDX-License-Identifier: Apache-2.0
// Writes, reads and follows the step.
#include "daylight/program/native_machine/native_step.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "daylight/base/text.h"

namespace dl::program {
namespace {

constexpr std::string_view kVerb = "~native@";

// Takes the number in front of `end` (or at the end of the text) off the text.
bool take_number(std::string_view& text, char end, int base, std::uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || rest == text.data() + text.size() || *rest != end) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
  return true;
}

}  // namespace

std::string native_step(const NativeCipherStep& step) {
  std::array<char, 17> hex{};
  const auto [end, error] =
      std::to_chars(hex.data(), hex.data() + hex.size() - 1, step.function, 16);
  return std::string(kVerb) + std::to_string(step.offset) + "+" + std::to_string(step.size) +
         ":0x" + std::string(hex.data(), end) + ":" + step.arguments + ":" +
         std::to_string(step.block) + ":" + step.library;
}

std::optional<NativeCipherStep> parse_native_step(std::string_view text) {
  NativeCipherStep out;
  if (!text.starts_with(kVerb)) return std::nullopt;
  text.remove_prefix(kVerb.size());
  if (!take_number(text, '+', 10, out.offset) || !take_number(text, ':', 10, out.size))
    return std::nullopt;
  if (!text.starts_with("0x")) return std::nullopt;
  text.remove_prefix(2);
  if (!take_number(text, ':', 16, out.function)) return std::nullopt;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  out.arguments = std::string(text.substr(0, colon));
  text.remove_prefix(colon + 1);
  if (!take_number(text, ':', 10, out.block) || text.empty()) return std::nullopt;
  out.library = std::string(text);
  return out;
}

NativeWorld native_world(NativeEntryReader entries, const std::string& name, ByteSpan input) {
  NativeWorld out;
  out.input = std::make_shared<const std::vector<std::uint8_t>>(input.begin(), input.end());
  out.input_name = name.substr(name.rfind('/') + 1);
  out.file = [entries = std::move(entries)](const std::string& path) {
    const NativeFileBytes asset = entries("assets/" + path, kMaxNativeSideFile);
    return asset != nullptr ? asset : entries(path, kMaxNativeSideFile);
  };
  return out;
}

NativeRunLimits native_limits(std::uint64_t size) {
  NativeRunLimits out;
  out.steps = std::min<std::uint64_t>(kMaxNativeStepInstructions, 2'000'000 + 200 * size);
  out.memory = (std::uint64_t{32} << 20) + 8 * size;
  return out;
}

Result<Content> open_native_step(const NativeEntryReader& entries, const Content& outer,
                                 const std::string& name, std::string_view step) {
  const std::string where = printable(step, 300);
  const auto parsed = parse_native_step(step);
  if (!parsed) return fail(ErrorCode::kInvalidArgument, "the step is malformed", where);
  const auto part = subspan_checked(outer.bytes, parsed->offset, parsed->size);
  if (!part) return fail(ErrorCode::kCorrupt, "the range does not lie inside", where);
  const NativeFileBytes library = entries(parsed->library, kMaxNativeStepLibrary);
  if (library == nullptr) return fail(ErrorCode::kNotFound, "the library is not there", where);
  const ElfFile elf = TRY(ElfFile::parse(*library, parsed->library));
  const auto code = TRY(NativeCode::read(elf, parsed->library));
  const NativeWorld world = native_world(entries, name, *part);
  NativeMachine machine(*code, world, native_limits(part->size()));
  machine.run(parsed->function, parsed->arguments);
  if (parsed->block >= machine.blocks().size())
    return fail(ErrorCode::kCorrupt, "the function makes nothing of these bytes", where);
  return Content::owned(machine.blocks()[static_cast<std::size_t>(parsed->block)].bytes);
}

}  // namespace dl::program
