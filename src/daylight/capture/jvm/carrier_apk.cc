// SPDX-License-Identifier: Apache-2.0
// Source: frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h for the manifest; PKWARE
// APPNOTE.TXT 6.3.10 for the archive.
#include "daylight/capture/jvm/carrier_apk.h"

#include <array>
#include <string_view>

#include "daylight/base/file.h"
#include "daylight/format/archive/inflate.h"
#include "daylight/format/archive/zip.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

void put16(std::string& to, std::uint64_t value) {
  to += static_cast<char>(value & 0xffU);
  to += static_cast<char>((value >> 8U) & 0xffU);
}
void put32(std::string& to, std::uint64_t value) {
  put16(to, value & 0xffffU);
  put16(to, (value >> 16U) & 0xffffU);
}

// ---- the manifest ----

constexpr std::uint32_t kNone = 0xffffffffU;
// Kinds of chunks.
constexpr std::uint16_t kStringPool = 0x0001;
constexpr std::uint16_t kXml = 0x0003;
constexpr std::uint16_t kStartNamespace = 0x0100;
constexpr std::uint16_t kEndNamespace = 0x0101;
constexpr std::uint16_t kStartElement = 0x0102;
constexpr std::uint16_t kEndElement = 0x0103;
constexpr std::uint16_t kResourceMap = 0x0180;
// Types of values.
constexpr std::uint8_t kText = 0x03;
constexpr std::uint8_t kInteger = 0x10;
// Attributes by their ids in Android's own resources; their names come first in the pool.
constexpr std::uint32_t kVersionCodeId = 0x0101021b;
constexpr std::uint32_t kMinSdkId = 0x0101020c;
constexpr std::uint32_t kTargetSdkId = 0x01010270;
constexpr std::uint32_t kLowestSdk = 21;
constexpr std::uint32_t kTargetSdk = 34;
// Places in the pool.
enum Text : std::uint32_t {
  kVersionCode,
  kMinSdk,
  kTargetSdkName,
  kAndroid,
  kUri,
  kPackage,
  kManifest,
  kUsesSdk,
  kApplication,
  kName,
};

std::string chunk(std::uint16_t kind, std::uint16_t header, const std::string& body) {
  std::string out;
  put16(out, kind);
  put16(out, header);
  put32(out, 8 + body.size());
  return out + body;
}

// UTF-16, as the first Android already read it. All texts are ASCII.
std::string string_pool(const std::array<std::string, 10>& texts) {
  constexpr std::uint32_t kHeader = 28;
  std::string places;
  std::string characters;
  for (const std::string& text : texts) {
    put32(places, characters.size());
    put16(characters, text.size());
    for (const char each : text) put16(characters, static_cast<std::uint8_t>(each));
    put16(characters, 0);
  }
  while (characters.size() % 4 != 0) characters += '\0';
  std::string body;
  put32(body, texts.size());
  put32(body, 0);  // styles
  put32(body, 0);  // flags: neither sorted nor UTF-8
  put32(body, kHeader + places.size());
  put32(body, 0);
  return chunk(kStringPool, kHeader, body + places + characters);
}

// A chunk of the tree: line, comment, then what it is.
std::string node(std::uint16_t kind, const std::string& what) {
  std::string body;
  put32(body, 1);
  put32(body, kNone);
  return chunk(kind, 16, body + what);
}

std::string name_pair(std::uint32_t first, std::uint32_t second) {
  std::string out;
  put32(out, first);
  put32(out, second);
  return out;
}

std::string attribute(std::uint32_t space, std::uint32_t name, std::uint8_t type,
                      std::uint32_t value) {
  std::string out;
  put32(out, space);
  put32(out, name);
  put32(out, type == kText ? value : kNone);
  put16(out, 8);
  out += '\0';
  out += static_cast<char>(type);
  put32(out, value);
  return out;
}

std::string element(std::uint32_t name, const std::vector<std::string>& attributes) {
  std::string what = name_pair(kNone, name);
  put16(what, 20);  // where attributes begin
  put16(what, 20);  // size of one
  put16(what, attributes.size());
  put16(what, 0);
  put16(what, 0);
  put16(what, 0);
  for (const std::string& each : attributes) what += each;
  return node(kStartElement, what);
}

// ---- the archive ----

constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kCentralMark = 0x02014b50;
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint16_t kZipVersion = 20;
constexpr std::uint16_t kFirstDay = 0x21;  // 1 January 1980
constexpr std::size_t kMaxEntries = 0xfffe;
// Where data of stored entries begins: native code maps them.
constexpr std::size_t kAlignment = 4;

class Archive {
 public:
  // `data` as it is stored.
  Result<void> add(std::string_view name, bool deflated, std::uint32_t crc, std::uint64_t size,
                   ByteSpan data) {
    if (bytes_.size() + data.size() + name.size() > kMaxCarrierBytes || entries_ == kMaxEntries ||
        size > kMaxCarrierBytes || name.size() > 0xffff)
      return fail(ErrorCode::kLimit, "its resources are too large for a package of our own",
                  std::string(name));
    const std::size_t at = bytes_.size();
    const std::string facts = facts_of(name, deflated, crc, size, data.size());
    const std::size_t begin = at + 4 + facts.size() + 2 + name.size();
    const std::size_t padding = deflated ? 0 : (kAlignment - begin % kAlignment) % kAlignment;
    put32(bytes_, kLocalMark);
    bytes_ += facts;
    put16(bytes_, padding);
    bytes_ += name;
    bytes_.append(padding, '\0');
    bytes_.append(reinterpret_cast<const char*>(data.data()), data.size());
    put32(directory_, kCentralMark);
    put16(directory_, kZipVersion);
    directory_ += facts;
    put16(directory_, 0);  // extra
    put16(directory_, 0);  // comment
    put16(directory_, 0);  // disk
    put16(directory_, 0);  // attributes
    put32(directory_, 0);
    put32(directory_, at);
    directory_ += name;
    ++entries_;
    return {};
  }

  std::string finish() && {
    const std::size_t at = bytes_.size();
    bytes_ += directory_;
    put32(bytes_, kEndMark);
    put32(bytes_, 0);  // disks
    put16(bytes_, entries_);
    put16(bytes_, entries_);
    put32(bytes_, directory_.size());
    put32(bytes_, at);
    put16(bytes_, 0);  // comment
    return std::move(bytes_);
  }

 private:
  // What local header and directory share.
  static std::string facts_of(std::string_view name, bool deflated, std::uint32_t crc,
                              std::uint64_t size, std::uint64_t stored) {
    std::string out;
    put16(out, kZipVersion);
    put16(out, 0);  // flags
    put16(out, deflated ? 8 : 0);
    put16(out, 0);  // midnight
    put16(out, kFirstDay);
    put32(out, crc);
    put32(out, stored);
    put32(out, size);
    put16(out, name.size());
    return out;
  }

  std::string bytes_;
  std::string directory_;
  std::size_t entries_ = 0;
};

bool is_carried(std::string_view name) {
  const bool chosen =
      name == "resources.arsc" || name.starts_with("res/") || name.starts_with("assets/");
  return chosen && !name.ends_with('/') && name.find("..") == std::string_view::npos &&
         name.find('\\') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace

std::string neutral_manifest(const std::string& package) {
  const std::string pool = string_pool({"versionCode", "minSdkVersion", "targetSdkVersion",
                                        "android", "http://schemas.android.com/apk/res/android",
                                        "package", "manifest", "uses-sdk", "application", package});
  std::string ids;
  put32(ids, kVersionCodeId);
  put32(ids, kMinSdkId);
  put32(ids, kTargetSdkId);
  const std::string tree =
      node(kStartNamespace, name_pair(kAndroid, kUri)) +
      element(kManifest, {attribute(kUri, kVersionCode, kInteger, 1),
                          attribute(kNone, kPackage, kText, kName)}) +
      element(kUsesSdk, {attribute(kUri, kMinSdk, kInteger, kLowestSdk),
                         attribute(kUri, kTargetSdkName, kInteger, kTargetSdk)}) +
      node(kEndElement, name_pair(kNone, kUsesSdk)) + element(kApplication, {}) +
      node(kEndElement, name_pair(kNone, kApplication)) +
      node(kEndElement, name_pair(kNone, kManifest)) +
      node(kEndNamespace, name_pair(kAndroid, kUri));
  return chunk(kXml, 8, pool + chunk(kResourceMap, 8, ids) + tree);
}

Result<void> write_carrier(const fs::path& apk, const std::string& package, const fs::path& to) {
  const auto file = MappedFile::open(apk);
  if (!file) return tl::unexpected<Error>(file.error());
  const auto source = ZipArchive::open(file->bytes(), apk.string());
  if (!source) return tl::unexpected<Error>(source.error());
  const std::string manifest = neutral_manifest(package);
  const ByteSpan manifest_bytes(reinterpret_cast<const std::uint8_t*>(manifest.data()),
                                manifest.size());
  Archive carrier;
  TRY_VOID(carrier.add("AndroidManifest.xml", false, crc32_of(manifest_bytes), manifest.size(),
                       manifest_bytes));
  for (const ZipEntry& entry : source->entries()) {
    if (!is_carried(entry.name) || entry.shadowed) continue;
    const std::uint64_t size = entry.deflated() ? entry.uncompressed_size : entry.data.size();
    TRY_VOID(carrier.add(entry.name, entry.deflated(), entry.crc32, size, entry.data));
  }
  return write_file_atomic(to, std::move(carrier).finish());
}

}  // namespace dl::capture
