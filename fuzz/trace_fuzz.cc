// SPDX-License-Identifier: Apache-2.0
// Hostile traces. The first byte chooses: 0 frames as they come from a socket, 1 a segment, 2 a
// pack, 3 an index of blobs, 4 a compressed blob; else payloads with right checksums, the second
// byte being their kind.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "daylight/artifact/trace/blob_compression.h"
#include "daylight/artifact/trace/blob_reader.h"
#include "daylight/artifact/trace/trace_check.h"
#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/artifact/trace/trace_writer.h"

namespace {

using dl::ByteSpan;

void require(bool holds) {
  if (!holds) std::abort();
}

// A folder of this process with a good trace.json, in memory where the system has such a place.
class Folder {
 public:
  Folder() {
    const std::string root = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    std::string name = root + "/daylight-trace-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    dl::TraceHead head;
    head.source = "fuzz";
    const auto writer = dl::TraceWriter::create(path_, head);
    require(writer.has_value());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path blobs() const { return path_ / dl::kTraceBlobFolder; }

 private:
  std::filesystem::path path_;
};

const Folder& folder() {
  static const Folder the_folder;
  return the_folder;
}

void put(const std::filesystem::path& path, ByteSpan bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << dl::as_text(bytes);
}

// What is decoded can be written, and comes back as it was.
void check_event(const dl::TraceFrame& frame) {
  const auto event = dl::decode_event(frame);
  if (!event) {
    require(!event.error().what.empty());
    return;
  }
  std::string bytes;
  require(dl::append_frame(*event, bytes).has_value());
  const auto reading = dl::read_frame(dl::as_bytes(bytes));
  require(reading.state == dl::FrameState::kWhole && reading.size == bytes.size());
  const auto again = dl::decode_event(reading.frame);
  require(again.has_value());
  std::string twice;
  require(dl::append_frame(*again, twice).has_value() && twice == bytes);
}

void check_frames(ByteSpan bytes) {
  while (true) {
    const auto reading = dl::read_frame(bytes);
    if (reading.state == dl::FrameState::kShort) {
      require(reading.size > bytes.size() && reading.size <= dl::kMaxTraceFrameBytes);
      return;
    }
    if (reading.state == dl::FrameState::kBadHeader) return;
    require(reading.size <= bytes.size());
    if (reading.state == dl::FrameState::kWhole) check_event(reading.frame);
    bytes = bytes.subspan(reading.size);
  }
}

void check_segment(ByteSpan bytes) {
  put(dl::segment_path(folder().path(), 0), bytes);
  auto reader = dl::TraceReader::open(folder().path());
  require(reader.has_value());
  dl::TraceEvent event;
  std::uint64_t events = 0;
  while (reader->next(event)) ++events;
  require(events == reader->summary().events && !reader->next(event));
  require(dl::trace_problems(folder().path()).has_value());
}

void check_pack(ByteSpan bytes) {
  put(dl::pack_path(folder().blobs(), 0), bytes);
  const auto reader = dl::BlobReader::open(folder().blobs());
  require(reader.has_value());
  for (const auto& entry : reader->index().entries) {
    const auto blob = reader->get(entry.digest);
    if (blob) require(dl::sha256_bytes(dl::as_bytes(*blob)) == entry.digest);
  }
  std::filesystem::remove(dl::pack_path(folder().blobs(), 0));
}

void check_index(ByteSpan bytes) {
  const auto index = dl::decode_blob_index(bytes);
  if (!index) return;
  require(dl::encode_blob_index(*index) == dl::as_text(bytes));
  for (const auto& entry : index->entries) require(index->find(entry.digest).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteSpan rest(data + 1, size - 1);
  switch (data[0]) {
    case 0:
      check_frames(rest);
      break;
    case 1:
      check_segment(rest);
      break;
    case 2:
      check_pack(rest);
      break;
    case 3:
      check_index(rest);
      break;
    case 4: {
      const std::uint64_t claim = std::uint64_t{rest[0]} * 100;
      const auto raw = dl::decompress_blob(rest.subspan(1), dl::BlobCodec::kZstd, claim);
      if (raw) require(raw->size() == claim);
      break;
    }
    default:
      check_event({rest[0], {1, 2, 3, 4}, rest.subspan(1)});
  }
  return 0;
}
