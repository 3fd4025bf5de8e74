// SPDX-License-Identifier: Apache-2.0
// Streams, buffers, files, assets and Base64, as the closed box knows them.
#include <algorithm>
#include <utility>

#include "daylight/format/archive/base64_run.h"
#include "daylight/format/archive/compressed_stream.h"
#include "daylight/format/archive/container.h"
#include "daylight/program/interpreter/dex_platform.h"
#include "daylight/program/interpreter/java_text.h"

namespace dl::program {
namespace {

// Unpacked bytes of one compressed stream.
constexpr std::uint64_t kMaxUnpacked = std::uint64_t{64} << 20;

ByteSpan rest_of(const RunObject& stream, const RunObject& array) {
  const auto size = static_cast<std::int64_t>(array.bytes.size());
  const std::int64_t end = std::clamp<std::int64_t>(stream.limit, 0, size);
  const std::int64_t begin = std::clamp<std::int64_t>(stream.position, 0, end);
  return ByteSpan(array.bytes)
      .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

}  // namespace

// The stream that argument i is, or one over its bytes.
RunRef PlatformCall::stream_of(std::size_t i) {
  const RunObject* const given = object(i);
  if (given == nullptr) return 0;
  if (given->kind == RunKind::kStream) return number(i);
  if (given->kind == RunKind::kArray && given->width == 1) {
    const auto content = span(i);
    if (!content) return 0;
    const std::vector<std::uint8_t> copy(content->begin(), content->end());
    return machine_.stream(copy);
  }
  return 0;
}

bool PlatformCall::open(const std::string& name) {
  if (!machine_.world_.file) return false;
  const auto content = machine_.world_.file(name);
  if (content == nullptr) return throw_now();
  return give(machine_.stream(*content));
}

bool PlatformCall::files() {
  if (is("AssetManager", "open") || is("AssetManager", "openFd") ||
      is("Context", "openFileInput") || name_ == "getResourceAsStream")
    return open(text(1));
  if (name_ == "openRawResource" || name_ == "openRawResourceFd") {
    if (!machine_.world_.resource_file) return false;
    const std::string file = machine_.world_.resource_file(static_cast<std::uint32_t>(number(1)));
    return file.empty() ? throw_now() : open(file);
  }
  if (name_ == "getString" && count() == 2 && types_[1] == "I" && machine_.world_.resource_text) {
    const auto found = machine_.world_.resource_text(static_cast<std::uint32_t>(number(1)));
    return found ? give_text(utf16_of(*found)) : throw_now();
  }
  if (is("Files", "readAllBytes") || is("FilesKt", "readBytes")) {
    if (!open(text(0)) || threw_) return true;
    const RunObject* const stream = machine_.object(result_);
    return stream == nullptr ? throw_now() : give(stream->link);
  }
  if (owner_ == "File" && name_ == "<init>") {
    RunObject* const self = object(0);
    if (self != nullptr) self->text = utf16_of(text(count() - 1));
    return true;
  }
  if (owner_ == "File" && name_ == "length") {
    const auto content = machine_.world_.file ? machine_.world_.file(text(0)) : nullptr;
    return give(content == nullptr ? 0 : static_cast<std::int64_t>(content->size()));
  }
  if (owner_ == "File" && (name_ == "exists" || name_ == "canRead")) return give(1);
  if (owner_ == "Base64" && (name_ == "decode" || name_ == "encodeToString")) {
    if (name_ != "decode") return false;
    const std::size_t at = static_ ? 0 : 1;
    const RunObject* const given = object(at);
    if (given == nullptr) return throw_now();
    const std::string characters =
        given->kind == RunKind::kArray ? std::string(as_text(given->bytes)) : text(at);
    return give_bytes(decode_base64(as_bytes(characters)));
  }
  if (name_ == "decode" && owner_ == "Base64$Decoder") {
    const RunObject* const given = object(1);
    if (given == nullptr) return throw_now();
    const std::string characters =
        given->kind == RunKind::kArray ? std::string(as_text(given->bytes)) : text(1);
    return give_bytes(decode_base64(as_bytes(characters)));
  }
  return false;
}

bool PlatformCall::streams() {
  RunObject* const self = object(0);
  if (self == nullptr) return false;
  if (name_ == "<init>" && self->kind == RunKind::kOpaque) {
    if (owner_ == "ByteArrayOutputStream" || owner_ == "FileOutputStream") {
      become(RunKind::kSink);
      return true;
    }
    if (owner_.ends_with("OutputStream") && of_kind(1, RunKind::kSink) != nullptr &&
        owner_ != "CipherOutputStream") {
      become(RunKind::kSink)->link = number(1);
      return true;
    }
    if (!owner_.ends_with("InputStream") && owner_ != "RandomAccessFile") return false;
    if (owner_ == "CipherInputStream" || owner_ == "ZipInputStream") return false;
    RunRef source = stream_of(1);
    if (source == 0 && (owner_ == "FileInputStream" || owner_ == "RandomAccessFile")) {
      if (!open(text(1)) || threw_) return threw_;
      source = std::exchange(result_, 0);
    }
    const RunObject* const inner = machine_.object(source);
    if (inner == nullptr) return false;
    const RunRef link = inner->link;
    const std::int64_t position = inner->position;
    const std::int64_t limit = inner->limit;
    RunObject* const made = become(RunKind::kStream);
    made->link = link;
    made->position = position;
    made->limit = limit;
    if (owner_ == "GZIPInputStream" || owner_ == "InflaterInputStream") {
      const RunObject* const array = machine_.object(link);
      auto plain = array == nullptr ? Result<Inflated>(fail(ErrorCode::kCorrupt, "nothing", ""))
                                    : unpack_stream(owner_.starts_with("GZIP") ? StreamKind::kGzip
                                                                               : StreamKind::kZlib,
                                                    rest_of(*made, *array), kMaxUnpacked, "stream");
      if (!plain) return throw_now();
      const Content content = Content::owned(std::move(*plain));
      made->link = machine_.bytes(content.bytes);
      made->position = 0;
      made->limit = static_cast<std::int64_t>(content.bytes.size());
    }
    return true;
  }
  if (self->kind == RunKind::kStream) return stream_methods(*self);
  if (self->kind == RunKind::kSink) return sink_methods(*self);
  return false;
}

bool PlatformCall::stream_methods(RunObject& stream) {
  const RunObject* const array = machine_.object(stream.link);
  if (array == nullptr) return throw_now();
  const ByteSpan rest = rest_of(stream, *array);
  const auto left = static_cast<std::int64_t>(rest.size());
  if (name_ == "read" && count() == 1) {
    if (rest.empty()) return give(-1);
    ++stream.position;
    return give(rest.front());
  }
  if (name_ == "read" || name_ == "readFully" || name_ == "readNBytes") {
    RunObject* const to = of_kind(1, RunKind::kArray);
    if (to == nullptr && name_ == "readNBytes") {
      const std::int64_t size = std::clamp<std::int64_t>(number(1), 0, left);
      stream.position += size;
      const auto part = rest.first(static_cast<std::size_t>(size));
      return give_bytes(std::vector<std::uint8_t>(part.begin(), part.end()));
    }
    if (to == nullptr || to->width != 1 || to == array) return throw_now();
    const auto room = static_cast<std::int64_t>(to->bytes.size());
    const std::int64_t offset = count() > 3 ? number(2) : 0;
    const std::int64_t wanted = count() > 3 ? number(3) : room;
    if (offset < 0 || wanted < 0 || offset > room || wanted > room - offset) return throw_now();
    const std::int64_t size = std::min(wanted, left);
    if (name_ == "readFully" && size < wanted) return throw_now();
    std::copy_n(rest.begin(), size, to->bytes.begin() + offset);
    machine_.spend(static_cast<std::uint64_t>(size) / 16);
    stream.position += size;
    return give(size == 0 && wanted > 0 ? -1 : size);
  }
  if (name_ == "readAllBytes") {
    stream.position = stream.limit;
    return give_bytes(std::vector<std::uint8_t>(rest.begin(), rest.end()));
  }
  if (name_ == "available" || name_ == "getLength" || name_ == "getDeclaredLength" ||
      name_ == "length" || name_ == "size")
    return give(left);
  if (name_ == "skip" || name_ == "skipBytes") {
    const std::int64_t size = std::clamp<std::int64_t>(number(1), 0, left);
    stream.position += size;
    return give(size);
  }
  if (name_ == "readInt" || name_ == "readUnsignedByte" || name_ == "readByte") {
    const std::size_t size = name_ == "readInt" ? 4 : 1;
    if (rest.size() < size) return throw_now();
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = (value << 8U) | rest[i];
    stream.position += static_cast<std::int64_t>(size);
    if (name_ == "readByte") return give(static_cast<std::int8_t>(value));
    return give(static_cast<std::int32_t>(value));
  }
  if (name_ == "getStartOffset") return give(0);
  if (name_ == "getFileDescriptor" || name_ == "createInputStream" || name_ == "getChannel" ||
      name_ == "getFD")
    return give(number(0));
  if (name_ == "map") {
    RunObject buffer;
    buffer.kind = RunKind::kBuffer;
    buffer.link = stream.link;
    buffer.limit = static_cast<std::int64_t>(array->bytes.size());
    return give(machine_.add(std::move(buffer)));
  }
  return name_ == "close" || name_ == "mark" || name_ == "reset";
}

bool PlatformCall::sink_methods(RunObject& sink) {
  RunObject* target = &sink;
  for (int level = 0; level < 4 && target->link != 0; ++level) {
    RunObject* const below = machine_.object(target->link);
    if (below == nullptr || below->kind != RunKind::kSink) break;
    target = below;
  }
  if (name_ == "write" && count() == 2 && types_[1] == "I") {
    if (!machine_.spend_memory(1)) return throw_now();
    target->bytes.push_back(static_cast<std::uint8_t>(number(1)));
    target->writer = machine_.current_;
    return true;
  }
  if (name_ == "write") {
    const auto content = span(1);
    if (!content || !machine_.spend_memory(content->size())) return throw_now();
    target->bytes.insert(target->bytes.end(), content->begin(), content->end());
    target->writer = machine_.current_;
    return true;
  }
  if (name_ == "toByteArray") return give_bytes(std::vector<std::uint8_t>(target->bytes));
  if (name_ == "size") return give(static_cast<std::int64_t>(target->bytes.size()));
  if (name_ == "reset") {
    target->bytes.clear();
    return true;
  }
  return name_ == "close" || name_ == "flush";
}

bool PlatformCall::buffers() {
  if (owner_ == "ByteBuffer" && static_) {
    RunObject buffer;
    buffer.kind = RunKind::kBuffer;
    if (name_ == "wrap" && of_kind(0, RunKind::kArray) != nullptr) {
      buffer.link = number(0);
    } else if (name_.starts_with("allocate")) {
      if (number(0) < 0 || static_cast<std::uint64_t>(number(0)) > machine_.limits_.memory)
        return throw_now();
      buffer.link = machine_.bytes(std::vector<std::uint8_t>(static_cast<std::size_t>(number(0))));
    } else {
      return false;
    }
    const RunObject* const array = machine_.object(buffer.link);
    if (array == nullptr) return throw_now();
    buffer.limit = static_cast<std::int64_t>(array->bytes.size());
    return give(machine_.add(std::move(buffer)));
  }
  RunObject* const self = static_ ? nullptr : of_kind(0, RunKind::kBuffer);
  return self != nullptr && buffer_methods(*self);
}

bool PlatformCall::buffer_methods(RunObject& buffer) {
  RunObject* const array = machine_.object(buffer.link);
  if (array == nullptr) return throw_now();
  const auto capacity = static_cast<std::int64_t>(array->bytes.size());
  buffer.limit = std::clamp<std::int64_t>(buffer.limit, 0, capacity);
  buffer.position = std::clamp<std::int64_t>(buffer.position, 0, buffer.limit);
  const std::int64_t left = buffer.limit - buffer.position;
  const auto place = [&](std::int64_t at) { return array->bytes.begin() + at; };
  const bool one = count() == 1;
  if (name_ == "array") return give(buffer.link);
  if (name_ == "capacity") return give(capacity);
  if (name_ == "remaining") return give(left);
  if (name_ == "hasRemaining") return give(left > 0);
  if (name_ == "hasArray") return give(1);
  if (name_ == "arrayOffset") return give(0);
  if (name_ == "position" && one) return give(buffer.position);
  if (name_ == "limit" && one) return give(buffer.limit);
  if (name_ == "get" && (one || (count() == 2 && types_[1] == "I"))) {
    const std::int64_t at = one ? buffer.position++ : number(1);
    if (at < 0 || at >= buffer.limit) return throw_now();
    return give(static_cast<std::int8_t>(*place(at)));
  }
  if (name_ == "get") {
    RunObject* const to = of_kind(1, RunKind::kArray);
    if (to == nullptr || to == array || static_cast<std::int64_t>(to->bytes.size()) > left ||
        count() > 2)
      return throw_now();
    std::copy_n(place(buffer.position), to->bytes.size(), to->bytes.begin());
    buffer.position += static_cast<std::int64_t>(to->bytes.size());
    machine_.spend(to->bytes.size() / 16);
    return give(number(0));
  }
  if (name_ == "put" && count() >= 2 && types_[count() - 1] == "B") {
    const std::int64_t at = count() == 2 ? buffer.position++ : number(1);
    if (at < 0 || at >= buffer.limit) return throw_now();
    *place(at) = static_cast<std::uint8_t>(number(count() - 1));
    array->writer = machine_.current_;
    return give(number(0));
  }
  if (name_ == "put") {
    const auto content = span(1);
    if (!content || static_cast<std::int64_t>(content->size()) > left || object(1) == array)
      return throw_now();
    std::copy(content->begin(), content->end(), place(buffer.position));
    buffer.position += static_cast<std::int64_t>(content->size());
    machine_.spend(content->size() / 16);
    return give(number(0));
  }
  if (name_ == "position") buffer.position = number(1);
  if (name_ == "limit") buffer.limit = number(1);
  if (name_ == "flip") buffer.limit = buffer.position;
  if (name_ == "clear") buffer.limit = capacity;
  if (name_ == "rewind" || name_ == "flip" || name_ == "clear") buffer.position = 0;
  if (name_ == "order" || name_ == "position" || name_ == "limit" || name_ == "flip" ||
      name_ == "clear" || name_ == "rewind" || name_ == "load" || name_ == "asReadOnlyBuffer")
    return give(number(0));
  if (name_ == "duplicate" || name_ == "slice") return give(machine_.add(RunObject(buffer)));
  return false;
}

}  // namespace dl::program
