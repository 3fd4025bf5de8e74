// SPDX-License-Identifier: Apache-2.0
// Runs arbitrary bytes as the code of a small library in the closed box: byte 0 says the machine
// and the arguments, the others are instructions. The same run twice must give the same.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "daylight/program/native_machine/native_machine.h"
#include "daylight/program/native_machine/native_step.h"
#include "daylight/program/native_machine/native_xor_loops.h"

namespace {

constexpr std::size_t kHeaders = 120;  // of the file, and of one segment

void put(std::vector<std::uint8_t>& out, std::size_t at, std::uint64_t value, std::size_t size) {
  std::memcpy(out.data() + at, &value, size);
}

// A library that is one segment, mapped at 0.
std::vector<std::uint8_t> library_of(bool arm, dl::ByteSpan code) {
  std::vector<std::uint8_t> out(kHeaders + code.size());
  const std::array<std::uint8_t, 7> magic = {0x7f, 'E', 'L', 'F', 2, 1, 1};
  std::memcpy(out.data(), magic.data(), magic.size());
  put(out, 16, 3, 2);
  put(out, 18, arm ? 183 : 62, 2);
  put(out, 20, 1, 4);
  put(out, 32, 64, 8);
  put(out, 52, 64, 2);
  put(out, 54, 56, 2);
  put(out, 56, 1, 2);
  put(out, 64, 1, 4);
  put(out, 68, 7, 4);  // read, write, execute
  put(out, 96, out.size(), 8);
  put(out, 104, out.size() + 256, 8);
  put(out, 112, 4096, 8);
  std::memcpy(out.data() + kHeaders, code.data(), code.size());
  return out;
}

std::uint64_t digest_of(const dl::program::NativeMachine& machine) {
  std::uint64_t sum = machine.steps();
  for (const auto& block : machine.blocks()) {
    for (const std::uint8_t byte : block.bytes) sum = sum * 31 + byte;
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bytes = library_of((data[0] & 1U) != 0, {data + 1, size - 1});
  const auto elf = dl::ElfFile::parse(bytes, "fuzz");
  if (!elf) return 0;
  const auto code = dl::program::NativeCode::read(*elf, "fuzz");
  if (!code) return 0;
  (void)dl::program::find_xor_loops(**code);
  constexpr std::array<const char*, 6> kWays = {"bn", "bon", "obn", "s", "hs", "jhhhnn"};
  const char* const way = kWays[(data[0] >> 1U) % kWays.size()];
  dl::program::NativeWorld world;
  world.input = std::make_shared<const std::vector<std::uint8_t>>(64, std::uint8_t{0x5a});
  world.input_name = "data.bin";
  dl::program::NativeRunLimits limits;
  limits.steps = 3000;
  limits.memory = 1U << 20U;
  std::array<std::uint64_t, 2> digests{};
  for (std::uint64_t& digest : digests) {
    dl::program::NativeMachine machine(**code, world, limits);
    machine.run(kHeaders, way);
    digest = digest_of(machine);
  }
  if (digests[0] != digests[1]) std::abort();
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto step = dl::program::parse_native_step(text)) {
    const auto again = dl::program::parse_native_step(dl::program::native_step(*step));
    if (!again || again->library != step->library || again->function != step->function)
      std::abort();
  }
  return 0;
}
