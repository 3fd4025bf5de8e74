// SPDX-License-Identifier: Apache-2.0
// Decodes Dalvik instructions, switch and array payloads, and try tables with bounds on every read.
#include "daylight/format/code/dex_code.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace dl {
namespace {

// Payloads begin with a nop whose high byte says which one it is.
constexpr std::uint16_t kPackedSwitchIdent = 0x0100;
constexpr std::uint16_t kSparseSwitchIdent = 0x0200;
constexpr std::uint16_t kArrayDataIdent = 0x0300;

std::string hex4(std::uint32_t pc) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%04x", pc);
  return text;
}

// Code unit `i`; the caller has checked that it lies inside.
std::uint16_t unit_at(ByteSpan units, std::size_t i) {
  std::uint16_t value = 0;
  std::memcpy(&value, units.data() + 2 * i, sizeof(value));
  return value;
}

std::uint32_t two_units_at(ByteSpan units, std::size_t i) {
  return unit_at(units, i) | static_cast<std::uint32_t>(unit_at(units, i + 1)) << 16U;
}

std::int64_t signed_bits(std::uint32_t value, unsigned bits) {
  const unsigned shift = 32 - bits;
  return static_cast<std::int32_t>(value << shift) >> shift;
}

std::uint32_t absolute(std::uint32_t pc, std::int64_t delta, std::size_t units) {
  const std::int64_t target = static_cast<std::int64_t>(pc) + delta;
  return target >= 0 && target < static_cast<std::int64_t>(units)
             ? static_cast<std::uint32_t>(target)
             : kDexNoPc;
}

// 35c and 45cc: |A|G|op| index |F|E|D|C|
void decode_listed(DexInstruction& out, std::uint16_t first, std::uint32_t index,
                   std::uint16_t nibbles) {
  out.index = index;
  out.argument_count = first >> 12U;
  for (unsigned i = 0; i < 4; ++i) out.listed[i] = (nibbles >> (4 * i)) & 0xfU;
  out.listed[4] = (first >> 8U) & 0xfU;
  out.c = out.listed[0];
}

// Fills the fields of `out` from `units` (at least as long as the format), after opcode, pc and
// size were set.
void decode_operands(DexInstruction& out, ByteSpan units, std::size_t total_units) {
  const std::uint16_t first = unit_at(units, 0);
  const std::uint32_t high = first >> 8U;  // AA
  const auto branch = [&](std::int64_t delta) {
    out.target = absolute(out.pc, delta, total_units);
  };
  switch (out.format) {
    case DexFormat::k10x:
    case DexFormat::kUnused:
    case DexFormat::kPayload:
      break;
    case DexFormat::k12x:
      out.a = high & 0xfU;
      out.b = high >> 4U;
      break;
    case DexFormat::k11n:
      out.a = high & 0xfU;
      out.literal = signed_bits(high >> 4U, 4);
      break;
    case DexFormat::k11x:
      out.a = high;
      break;
    case DexFormat::k10t:
      branch(signed_bits(high, 8));
      break;
    case DexFormat::k20t:
      branch(signed_bits(unit_at(units, 1), 16));
      break;
    case DexFormat::k22x:
      out.a = high;
      out.b = unit_at(units, 1);
      break;
    case DexFormat::k21t:
      out.a = high;
      branch(signed_bits(unit_at(units, 1), 16));
      break;
    case DexFormat::k21s:
      out.a = high;
      out.literal = signed_bits(unit_at(units, 1), 16);
      break;
    case DexFormat::k21h:
      out.a = high;
      out.literal = signed_bits(unit_at(units, 1), 16) *
                    (std::int64_t{1} << (out.opcode == kOpConstWideHigh16 ? 48U : 16U));
      break;
    case DexFormat::k21c:
      out.a = high;
      out.index = unit_at(units, 1);
      break;
    case DexFormat::k23x:
      out.a = high;
      out.b = unit_at(units, 1) & 0xffU;
      out.c = unit_at(units, 1) >> 8U;
      break;
    case DexFormat::k22b:
      out.a = high;
      out.b = unit_at(units, 1) & 0xffU;
      out.literal = signed_bits(unit_at(units, 1) >> 8U, 8);
      break;
    case DexFormat::k22t:
      out.a = high & 0xfU;
      out.b = high >> 4U;
      branch(signed_bits(unit_at(units, 1), 16));
      break;
    case DexFormat::k22s:
      out.a = high & 0xfU;
      out.b = high >> 4U;
      out.literal = signed_bits(unit_at(units, 1), 16);
      break;
    case DexFormat::k22c:
      out.a = high & 0xfU;
      out.b = high >> 4U;
      out.index = unit_at(units, 1);
      break;
    case DexFormat::k32x:
      out.a = unit_at(units, 1);
      out.b = unit_at(units, 2);
      break;
    case DexFormat::k30t:
      branch(static_cast<std::int32_t>(two_units_at(units, 1)));
      break;
    case DexFormat::k31i:
      out.a = high;
      out.literal = static_cast<std::int32_t>(two_units_at(units, 1));
      break;
    case DexFormat::k31t:
      out.a = high;
      branch(static_cast<std::int32_t>(two_units_at(units, 1)));
      break;
    case DexFormat::k31c:
      out.a = high;
      out.index = two_units_at(units, 1);
      break;
    case DexFormat::k45cc:
      out.proto_index = unit_at(units, 3);
      [[fallthrough]];
    case DexFormat::k35c:
      decode_listed(out, first, unit_at(units, 1), unit_at(units, 2));
      break;
    case DexFormat::k4rcc:
      out.proto_index = unit_at(units, 3);
      [[fallthrough]];
    case DexFormat::k3rc:
      out.argument_count = static_cast<std::uint16_t>(high);
      out.index = unit_at(units, 1);
      out.c = unit_at(units, 2);
      break;
    case DexFormat::k51l:
      out.a = high;
      out.literal = static_cast<std::int64_t>(two_units_at(units, 1) |
                                              std::uint64_t{two_units_at(units, 3)} << 32U);
      break;
  }
}

// Size of the payload that starts at `units`, in code units; 0 if its head does not fit or `ident`
// is not a payload's.
std::uint64_t payload_units(ByteSpan units, std::uint16_t ident) {
  const auto size = load_le<std::uint16_t>(units, 2);
  if (!size) return 0;
  switch (ident) {
    case kPackedSwitchIdent:
      return std::uint64_t{*size} * 2 + 4;
    case kSparseSwitchIdent:
      return std::uint64_t{*size} * 4 + 2;
    case kArrayDataIdent: {
      const auto count = load_le<std::uint32_t>(units, 4);
      return count ? (std::uint64_t{*count} * *size + 1) / 2 + 4 : 0;
    }
    default:
      return 0;
  }
}

// The whole payload that `instruction` points to, if it has one of the two idents and fits.
Result<ByteSpan> payload_of(const DexCode& code, const DexInstruction& instruction) {
  const auto where = [&] { return "instruction at " + hex4(instruction.pc); };
  if (instruction.target == kDexNoPc)
    return fail(ErrorCode::kCorrupt, "payload lies outside the code", where());
  const ByteSpan rest =
      code.instructions.subspan(std::size_t{2} * std::min(instruction.target, code.units()));
  const auto ident = load_le<std::uint16_t>(rest, 0);
  const std::uint64_t units = ident ? payload_units(rest, *ident) : 0;
  const auto payload = subspan_checked(rest, 0, units * 2);
  if (units == 0 || !payload)
    return fail(ErrorCode::kCorrupt, "payload is absent or does not fit", where());
  return *payload;
}

std::vector<DexHandler> read_handlers(const DexCode& code, ByteSpan lists, std::uint32_t offset,
                                      std::vector<std::string>* problems) {
  std::vector<DexHandler> handlers;
  const auto problem = [&](const char* what) {
    if (problems != nullptr)
      problems->push_back(std::string(what) + " in the handler list at " + hex4(offset));
  };
  const auto add = [&](std::uint32_t type, std::uint32_t pc) {
    if (pc < code.units()) {
      handlers.push_back({type, pc});
    } else {
      problem("address outside the code");
    }
  };
  ByteReader reader(lists, offset);
  const std::int64_t size = reader.sleb128();
  const std::int64_t typed = size < 0 ? -size : size;
  if (!reader.ok() || typed > kMaxDexHandlers) {
    problem("bad size");
    return handlers;
  }
  for (std::int64_t i = 0; i < typed; ++i) {
    const std::uint32_t type = reader.uleb128();
    const std::uint32_t pc = reader.uleb128();
    if (!reader.ok()) break;
    add(type, pc);
  }
  // A list that is not positive ends with the address of a handler for everything.
  if (size <= 0) {
    const std::uint32_t pc = reader.uleb128();
    if (reader.ok()) add(kDexNoIndex, pc);
  }
  if (!reader.ok()) problem("early end");
  return handlers;
}

}  // namespace

bool DexInstructionReader::stop(const char* why) {
  problem_ = why;
  return false;
}

std::string DexInstructionReader::problem() const {
  if (problem_ == nullptr) return {};
  std::string text = problem_;
  if (const auto unit = load_le<std::uint16_t>(units_, std::uint64_t{pc_} * 2)) {
    text += " (code unit " + hex4(*unit) + ")";
  }
  return text + " at " + hex4(pc_);
}

bool DexInstructionReader::decode_payload(DexInstruction& out, std::uint16_t ident) {
  const std::size_t total = units_.size() / 2;
  const std::uint64_t size = payload_units(units_.subspan(std::size_t{2} * pc_), ident);
  if (size == 0 || size > total - pc_) return stop("payload does not fit");
  out.format = DexFormat::kPayload;
  out.size = static_cast<std::uint32_t>(size);
  pc_ += out.size;
  return true;
}

bool DexInstructionReader::next(DexInstruction& out) {
  if (problem_ != nullptr) return false;
  const std::size_t total = units_.size() / 2;
  if (pc_ >= total) {
    return missing_units_ == 0 ? false : stop("code continues behind the end of the file");
  }
  const std::uint16_t first = unit_at(units_, pc_);
  out = DexInstruction{};
  out.pc = pc_;
  if (first == kPackedSwitchIdent || first == kSparseSwitchIdent || first == kArrayDataIdent) {
    return decode_payload(out, first);
  }
  out.opcode = first & 0xffU;
  out.format = dex_opcode(out.opcode).format;
  out.size = dex_format_units(out.format);
  if (out.size == 0) return stop("unknown opcode");
  if (out.size > total - pc_) return stop("instruction cut off");
  decode_operands(out, units_.subspan(std::size_t{2} * pc_), total);
  if (out.argument_count > out.listed.size() && !out.is_range())
    return stop("more than five listed registers");
  pc_ += out.size;
  return true;
}

Result<DexInstruction> decode_dex_instruction(const DexCode& code, std::uint32_t pc) {
  DexInstructionReader reader(code, pc);
  DexInstruction out;
  if (reader.next(out)) return out;
  return fail(ErrorCode::kCorrupt,
              reader.complete() ? "no instruction at " + hex4(pc) : reader.problem());
}

Result<DexSwitch> dex_switch(const DexCode& code, const DexInstruction& instruction) {
  const ByteSpan payload = TRY(payload_of(code, instruction));
  const std::uint16_t ident = unit_at(payload, 0);
  const std::uint16_t wanted =
      instruction.opcode == kOpPackedSwitch ? kPackedSwitchIdent : kSparseSwitchIdent;
  if ((instruction.info().flags & kDexSwitch) == 0 || ident != wanted) {
    return fail(ErrorCode::kCorrupt, "payload is of another kind",
                "instruction at " + hex4(instruction.pc));
  }
  const std::size_t count = unit_at(payload, 1);
  const bool packed = ident == kPackedSwitchIdent;
  DexSwitch out;
  out.cases.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    // The specification lets packed keys wrap around; so does Android.
    const std::uint32_t key = packed ? two_units_at(payload, 2) + static_cast<std::uint32_t>(i)
                                     : two_units_at(payload, 2 + 2 * i);
    const std::uint32_t delta = two_units_at(payload, packed ? 4 + 2 * i : 2 + 2 * (count + i));
    out.cases.emplace_back(
        static_cast<std::int32_t>(key),
        absolute(instruction.pc, static_cast<std::int32_t>(delta), code.units()));
  }
  return out;
}

Result<DexArrayData> dex_array_data(const DexCode& code, const DexInstruction& instruction) {
  const ByteSpan payload = TRY(payload_of(code, instruction));
  DexArrayData out;
  out.width = unit_at(payload, 1);
  const bool width_known = out.width == 1 || out.width == 2 || out.width == 4 || out.width == 8;
  if (unit_at(payload, 0) != kArrayDataIdent || !width_known) {
    return fail(ErrorCode::kCorrupt, "payload is of another kind",
                "instruction at " + hex4(instruction.pc));
  }
  out.count = two_units_at(payload, 2);
  out.data = payload.subspan(8, std::size_t{out.width} * out.count);
  return out;
}

std::vector<DexTry> dex_tries(const DexCode& code, std::vector<std::string>* problems) {
  std::vector<DexTry> out;
  if (code.tries == 0 || code.missing_units != 0) return out;
  // Rows are aligned to four bytes; an odd number of code units leaves one unit of padding.
  const std::size_t padding = code.units() % 2 == 0 ? 0 : 2;
  const std::size_t rows_end = padding + std::size_t{8} * code.tries;
  const auto lists = subspan_checked(code.after, rows_end,
                                     code.after.size() - std::min(rows_end, code.after.size()));
  if (!lists) {
    if (problems != nullptr) problems->emplace_back("try table does not fit");
    return out;
  }
  ByteReader reader(code.after, padding);
  for (unsigned i = 0; i < code.tries; ++i) {
    const std::uint32_t start = reader.u32();
    const std::uint32_t count = reader.u16();
    const std::uint16_t handlers = reader.u16();
    if (start >= code.units() || count > code.units() - start) {
      if (problems != nullptr) problems->push_back("try range outside the code at " + hex4(start));
      continue;
    }
    out.push_back({start, start + count, read_handlers(code, *lists, handlers, problems)});
  }
  return out;
}

std::set<std::uint32_t> dex_jump_targets(const DexCode& code) {
  std::set<std::uint32_t> out;
  DexInstructionReader reader(code);
  DexInstruction instruction;
  while (reader.next(instruction)) {
    if (instruction.is_payload()) continue;
    const std::uint16_t flags = instruction.info().flags;
    if ((flags & kDexBranch) != 0) out.insert(instruction.target);
    if ((flags & kDexSwitch) == 0) continue;
    if (const auto cases = dex_switch(code, instruction)) {
      for (const auto& [key, target] : cases->cases) out.insert(target);
    }
  }
  for (const DexTry& range : dex_tries(code)) {
    for (const DexHandler& handler : range.handlers) out.insert(handler.pc);
  }
  return out;
}

}  // namespace dl
