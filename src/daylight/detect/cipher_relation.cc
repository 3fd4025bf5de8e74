// SPDX-License-Identifier: Apache-2.0
// Tries each relation on all bytes.
#include "daylight/detect/cipher_relation.h"

#include <algorithm>
#include <array>

#include "daylight/format/archive/container.h"
#include "daylight/format/archive/stored_cipher.h"

namespace dl {
namespace {

// The shortest key of which the stream is a repetition; empty if there is none.
template <typename Stream>
std::vector<std::uint8_t> repeating_key(std::size_t size, const Stream& stream) {
  const std::size_t longest = std::min(kMaxRelationKey, size / 2);
  for (std::size_t period = 1; period <= longest; ++period) {
    bool good = true;
    for (std::size_t i = period; i < size && good; ++i) good = stream(i) == stream(i - period);
    if (!good) continue;
    std::vector<std::uint8_t> key(period);
    for (std::size_t i = 0; i < period; ++i) key[i] = stream(i);
    return key;
  }
  return {};
}

// The table that makes `out` of `in` byte by byte; what does not occur stays as it is.
std::vector<std::uint8_t> byte_table(ByteSpan in, ByteSpan out) {
  std::array<int, 256> found{};
  found.fill(-1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    int& entry = found[in[i]];
    if (entry >= 0 && entry != out[i]) return {};
    entry = out[i];
  }
  std::vector<std::uint8_t> table(256);
  std::array<bool, 256> taken{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<std::uint8_t>(found[i] < 0 ? static_cast<int>(i) : found[i]);
    if (found[i] < 0) continue;
    // Two bytes for one: no cipher.
    if (taken[table[i]]) return {};
    taken[table[i]] = true;
  }
  return table;
}

std::string counted(std::size_t size, const char* what) {
  return std::string(what) + " a key of " + std::to_string(size) + " bytes, repeated";
}

std::optional<CipherRelation> relate_in_place(ByteSpan in, ByteSpan out, std::uint64_t offset) {
  CipherRelation relation;
  if (std::equal(in.begin(), in.end(), out.begin())) {
    relation.steps.push_back(part_step(offset, out.size()));
    return relation;
  }
  relation.key = repeating_key(
      out.size(), [&](std::size_t i) { return static_cast<std::uint8_t>(in[i] ^ out[i]); });
  if (!relation.key.empty()) {
    relation.cipher = "xor";
    relation.how = counted(relation.key.size(), "XOR with");
    relation.steps.push_back(xor_step(offset, out.size(), relation.key));
    return relation;
  }
  relation.key = repeating_key(
      out.size(), [&](std::size_t i) { return static_cast<std::uint8_t>(out[i] - in[i]); });
  relation.cipher = "add";
  relation.how = counted(relation.key.size(), "addition of");
  if (relation.key.empty()) {
    relation.key = byte_table(in, out);
    relation.cipher = "map";
    relation.how = "a table of bytes";
  }
  if (relation.key.empty()) return std::nullopt;
  relation.steps.push_back(cipher_step({relation.cipher, relation.key}, offset, out.size()));
  return relation;
}

std::optional<CipherRelation> relate_parts(ByteSpan in, ByteSpan out) {
  // A header in front is the common case, then one behind.
  const std::size_t room = in.size() - out.size();
  if (auto found = relate_in_place(in.subspan(room), out, room)) return found;
  return room == 0 ? std::nullopt : relate_in_place(in.first(out.size()), out, 0);
}

}  // namespace

std::optional<CipherRelation> relate_bytes(ByteSpan in, ByteSpan out) {
  if (out.size() < kMinRelationSize || out.size() > in.size()) return std::nullopt;
  if (std::equal(in.begin(), in.end(), out.begin(), out.end())) return CipherRelation{};
  if (auto found = relate_parts(in, out)) return found;
  const auto turned = decipher({"reverse"}, in);
  if (!turned) return std::nullopt;
  auto found = relate_parts(*turned, out);
  if (found) found->steps.insert(found->steps.begin(), cipher_step({"reverse"}, 0, in.size()));
  return found;
}

}  // namespace dl
