// SPDX-License-Identifier: Apache-2.0
// Rewrites what depends on its place; the decoder is Zydis, which the translator uses too.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2 (call, jmp, jcc,
// loop, push, pop: what they push and which flags they leave alone).
#include "daylight/guest/engine/x86_moved_code.h"

#include <Zydis/Zydis.h>

#include <cstring>
#include <initializer_list>
#include <limits>

namespace dl::guest {
namespace {

// Where the two addresses lie that code reads: behind the code.
constexpr std::size_t kFirstAddress = kMovedCodeSize - 16;
constexpr std::size_t kSecondAddress = kMovedCodeSize - 8;
// `jmp [rip + distance]`
constexpr std::uint8_t kJumpSize = 6;

class Writer {
 public:
  explicit Writer(MovedX86Code& to) : to_(to) {}
  void put(std::initializer_list<std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) to_.code[used_++] = byte;
  }
  void put(ByteSpan bytes) {
    std::memcpy(to_.code.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  // Neither changes flags or registers.
  void jump_through(std::size_t address) { through(0x25, address); }
  void push_from(std::size_t address) { through(0x35, address); }
  void address(std::size_t at, std::uint64_t value) {
    std::memcpy(to_.code.data() + at, &value, sizeof(value));
  }
  void word(std::size_t at, std::int32_t value) {
    std::memcpy(to_.code.data() + at, &value, sizeof(value));
  }
  std::size_t used() const { return used_; }

 private:
  void through(std::uint8_t mode, std::size_t address) {
    const auto distance = static_cast<std::int32_t>(address - (used_ + kJumpSize));
    put({0xff, mode, 0, 0, 0, 0});
    word(used_ - 4, distance);
  }

  MovedX86Code& to_;
  std::size_t used_ = 0;
};

// An instruction, where it stands, and where it is to run.
struct Move {
  ZydisDecodedInstruction decoded;
  ByteSpan bytes;  // all of it
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t next() const { return from + decoded.length; }
};

// One maker's processors take 16 bits of where a branch with this prefix leads, the other's all.
bool has_narrow_target(const ZydisDecodedInstruction& decoded) {
  for (std::size_t i = 0; i < decoded.raw.prefix_count; ++i) {
    if (decoded.raw.prefixes[i].value == 0x66) return true;
  }
  return false;
}

tl::unexpected<Error> refuse(const char* why) {
  return fail(ErrorCode::kUnsupported, why, "guest");
}

bool has_relative_data(const Move& move) {
  return (move.decoded.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 &&
         move.decoded.raw.modrm.mod == 0 && move.decoded.raw.modrm.rm == 5;
}

// Keeps the data that an instruction of `size` bytes at the slot's beginning reads, whose distance
// stands at `at`.
Result<void> keep_data(const Move& move, std::size_t at, std::size_t size, Writer& writer) {
  if (move.decoded.address_width != 64) return refuse("an address of 32 bits cannot be moved");
  const std::uint64_t data = move.next() + static_cast<std::uint64_t>(move.decoded.raw.disp.value);
  const auto distance = static_cast<std::int64_t>(data - (move.to + size));
  if (distance < std::numeric_limits<std::int32_t>::min() ||
      distance > std::numeric_limits<std::int32_t>::max())
    return refuse("an instruction cannot be moved so far from its data");
  writer.word(at, static_cast<std::int32_t>(distance));
  return {};
}

Result<void> move_as_it_is(const Move& move, Writer& writer, MovedX86Code& out) {
  writer.put(move.bytes);
  if (has_relative_data(move))
    TRY_VOID(keep_data(move, move.decoded.raw.disp.offset, move.decoded.length, writer));
  writer.jump_through(kFirstAddress);
  writer.address(kFirstAddress, move.next());
  out.whole = true;
  return {};
}

// Prefixes that say nothing for a call, but would for the push that stands for it.
bool is_idle_prefix(std::uint8_t byte) {
  return byte == 0xf2 || byte == 0xf3 || byte == 0x2e || byte == 0x3e;
}

// `call operand`: where it leads is pushed, the return address put in front of it. The stack below
// is not in use, since the call itself would have written there.
Result<void> move_indirect_call(const Move& move, Writer& writer) {
  const std::size_t mode_at = move.decoded.raw.modrm.offset;
  std::size_t dropped = 0;
  for (std::size_t i = 0; i < move.bytes.size(); ++i) {
    std::uint8_t byte = move.bytes[i];
    if (i + 1 < mode_at && is_idle_prefix(byte)) {
      ++dropped;
      continue;
    }
    if (i == mode_at) byte = static_cast<std::uint8_t>((byte & 0xc7U) | 0x30U);  // push operand
    writer.put({byte});
  }
  if (has_relative_data(move))
    TRY_VOID(keep_data(move, move.decoded.raw.disp.offset - dropped, writer.used(), writer));
  writer.put({0xff, 0x34, 0x24});  // push [rsp]
  writer.push_from(kFirstAddress);
  writer.put({0x8f, 0x44, 0x24, 0x08});  // pop [rsp + 8]: over the lower of the two
  writer.put({0xc3});                    // ret: to where the call leads
  writer.address(kFirstAddress, move.next());
  return {};
}

Result<void> move_branch(const Move& move, Writer& writer) {
  const auto& raw = move.decoded.raw;
  const std::uint64_t target = move.next() + static_cast<std::uint64_t>(raw.imm[0].value.s);
  writer.address(kFirstAddress, move.next());
  writer.address(kSecondAddress, target);
  switch (move.decoded.mnemonic) {
    case ZYDIS_MNEMONIC_XBEGIN:
      return refuse("a transaction cannot be moved");
    case ZYDIS_MNEMONIC_CALL:
      writer.push_from(kFirstAddress);
      break;
    case ZYDIS_MNEMONIC_JMP:
      break;
    default: {
      // Conditional: the short form of the same condition, over the way to the next instruction.
      const bool loops = move.decoded.opcode >= 0xe0 && move.decoded.opcode <= 0xe3 &&
                         move.decoded.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
      if (loops && move.decoded.address_width == 32) writer.put({0x67});
      const auto condition = static_cast<std::uint8_t>(loops ? move.decoded.opcode
                                                             : 0x70U | (move.decoded.opcode & 15U));
      writer.put({condition, kJumpSize});
      writer.jump_through(kFirstAddress);
    }
  }
  writer.jump_through(kSecondAddress);
  return {};
}

}  // namespace

Result<MovedX86Code> move_x86_code(ByteSpan bytes, std::uint64_t from, std::uint64_t to) {
  Move move{{}, bytes, from, to};
  ZydisDecoder decoder;
  if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
      ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes.data(), bytes.size(),
                                                &move.decoded)))
    return fail(ErrorCode::kInvalidArgument, "no instruction begins there", "guest");
  move.bytes = bytes.first(move.decoded.length);
  MovedX86Code out;
  out.code.fill(0xcc);
  out.length = move.decoded.length;
  Writer writer(out);
  const bool call = move.decoded.mnemonic == ZYDIS_MNEMONIC_CALL;
  if (move.decoded.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR && call)
    return refuse("a far call cannot be moved");
  if ((call || move.decoded.raw.imm[0].is_relative != 0) && has_narrow_target(move.decoded))
    return refuse("a branch to an address of 16 bits cannot be moved");
  if (move.decoded.raw.imm[0].is_relative != 0) {
    TRY_VOID(move_branch(move, writer));
  } else if (call) {
    TRY_VOID(move_indirect_call(move, writer));
  } else {
    TRY_VOID(move_as_it_is(move, writer, out));
  }
  return out;
}

}  // namespace dl::guest
