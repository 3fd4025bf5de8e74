// SPDX-License-Identifier: Apache-2.0
// Containers inside containers: one way to list and to open zip, tar, 7z, Unity bundles, compressed
// streams, base64 and parts of other files.
//
// A place inside an app is a chain of steps from the outside in. A step is the name of a member
// (of a zip, tar, 7z or Unity bundle), or begins with "~":
//   ~gzip ~zlib ~xz ~lzma ~zstd ~lz4 ~brotli   the content of the compressed stream
//   ~at@A+N                                    the N bytes from byte A on
//   ~base64@A+N                                what the N characters from byte A on stand for
//   ~xor@A+N:KEY                               the N bytes from A on, XORed with KEY (hex,
//   repeated)
//   ~CIPHER@A+N:KEY:IV                         the same with a cipher of stored_cipher.h taken off
//   ~/NAME                                     the member NAME, where NAME begins with "~"
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/compressed_stream.h"
#include "daylight/format/archive/stored_cipher.h"

namespace dl {

// Containers inside containers that are opened.
inline constexpr int kMaxContainerDepth = 8;
// One member is not unpacked beyond this many bytes.
inline constexpr std::uint64_t kMaxMemberSize = std::uint64_t{1} << 30;
// All that is unpacked from one outermost file, together: so many times its size, or the
// allowance if that is more.
inline constexpr std::uint64_t kMaxUnpackRatio = 200;
inline constexpr std::uint64_t kUnpackAllowance = std::uint64_t{512} << 20;

// Bytes and what keeps them alive. Copying is cheap.
struct Content {
  ByteSpan bytes;
  std::shared_ptr<const void> owner;  // null: bytes live elsewhere

  static Content owned(std::vector<std::uint8_t> data);
  static Content owned(Inflated data);
  // The part [offset, offset + size), which lies inside; shares the owner.
  Content part(std::uint64_t offset, std::uint64_t size) const;
};

// What may still be unpacked from one outermost file. Thread safe.
class UnpackBudget {
 public:
  // kMaxUnpackRatio times the size, or the allowance if that is more.
  explicit UnpackBudget(std::uint64_t outer_size, std::uint64_t allowance = kUnpackAllowance);
  // Takes `size` bytes, or takes nothing and returns false.
  bool take(std::uint64_t size);
  std::uint64_t left() const { return left_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> left_;
};

enum class ContainerKind { kZip, kTar, kSevenZip, kUnityBundle, kStream };
std::string_view container_name(ContainerKind kind);

// The kind of container that these bytes are, by structure; `name` decides only for brotli.
std::optional<ContainerKind> container_kind(ByteSpan bytes, std::string_view name);

struct MemberVisit {
  // A member: its step and content.
  std::function<void(const std::string& step, const Content& content)> member;
  // What could not be read: the step ("" for the container itself) and why.
  std::function<void(const std::string& step, const std::string& why)> gap;
};

// Opens every member in the order of the container. Each is unpacked once, charged to the budget
// and given up after the call. Members that are empty or folders are not visited. Never fails: what
// cannot be read is a gap. `where` goes into gaps.
void visit_members(ContainerKind kind, const Content& container, std::string_view name,
                   UnpackBudget& budget, const MemberVisit& visit);

// The content that one step leads to. kNotFound for a member that is not there, kInvalidArgument
// for a step that is malformed.
Result<Content> open_step(const Content& outer, std::string_view step);

// The step for a member's name, and for a part, an encoded and a ciphered part.
std::string member_step(std::string_view name);
std::string part_step(std::uint64_t offset, std::uint64_t size);
std::string base64_step(std::uint64_t offset, std::uint64_t size);
std::string xor_step(std::uint64_t offset, std::uint64_t size, ByteSpan key);
std::string cipher_step(const CipherSpec& spec, std::uint64_t offset, std::uint64_t size);

// bytes[i] ^ key[i % key.size()]; `key` is not empty. Thread safe.
std::vector<std::uint8_t> xor_with_key(ByteSpan bytes, ByteSpan key);

}  // namespace dl
