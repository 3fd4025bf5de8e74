// SPDX-License-Identifier: Apache-2.0
// Follows the chain of a signed JAR: block signs .SF, .SF has digests of the manifest, the manifest
// those of entries.
#include "daylight/format/package/jar_signature.h"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/package/certificate.h"

namespace dl {
namespace {

constexpr std::string_view kManifestName = "META-INF/MANIFEST.MF";

// Strongest first: that one is checked where several are there, as Android does.
struct NamedDigest {
  std::string_view name;
  DigestAlgorithm algorithm;
};
constexpr std::array<NamedDigest, 6> kDigests{{
    {"sha-512", DigestAlgorithm::kSha512},
    {"sha-384", DigestAlgorithm::kSha384},
    {"sha-256", DigestAlgorithm::kSha256},
    {"sha1", DigestAlgorithm::kSha1},
    {"sha-1", DigestAlgorithm::kSha1},
    {"md5", DigestAlgorithm::kMd5},
}};

// One section of a manifest: its attributes (names in lower case) and the bytes that digests cover.
struct Section {
  std::map<std::string, std::string> attributes;
  std::string_view bytes;  // the empty line at its end included
};

struct JarManifest {
  Section main;
  std::map<std::string, Section> entries;  // by the attribute "Name"
};

// Cuts lines off the front, with or without their end (CR LF, LF or CR).
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}
  bool at_end() const { return at_ >= text_.size(); }
  std::size_t offset() const { return at_; }
  std::string_view next() {
    const std::size_t end = text_.find_first_of("\r\n", at_);
    const std::size_t stop = end == std::string_view::npos ? text_.size() : end;
    const std::string_view line = text_.substr(at_, stop - at_);
    at_ = stop;
    if (at_ < text_.size()) at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
    return line;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Reads lines up to an empty one; a line that begins with a space goes on with the one before.
Section read_section(std::string_view text, LineReader& lines) {
  Section section;
  const std::size_t begin = lines.offset();
  std::string key;
  while (!lines.at_end()) {
    const std::string_view line = lines.next();
    if (line.empty()) break;
    if (line.front() == ' ') {
      if (!key.empty()) section.attributes[key] += line.substr(1);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    key = to_lower(line.substr(0, colon));
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    section.attributes[key] =
        value == std::string_view::npos ? "" : std::string(line.substr(value));
  }
  section.bytes = text.substr(begin, lines.offset() - begin);
  return section;
}

JarManifest read_jar_manifest(std::string_view text) {
  JarManifest manifest;
  LineReader lines(text);
  manifest.main = read_section(text, lines);
  while (!lines.at_end() && manifest.entries.size() < kMaxJarManifestSections) {
    Section section = read_section(text, lines);
    const auto name = section.attributes.find("name");
    if (name != section.attributes.end()) manifest.entries.emplace(name->second, section);
  }
  return manifest;
}

// Whether the strongest digest that the section gives under "<algorithm><suffix>" is that of
// `bytes`; nothing if it gives none.
std::optional<bool> digest_matches(const Section& section, std::string_view suffix,
                                   ByteSpan bytes) {
  for (const NamedDigest& known : kDigests) {
    const auto found = section.attributes.find(std::string(known.name) + std::string(suffix));
    if (found == section.attributes.end()) continue;
    return decode_base64(found->second) == digest_of(known.algorithm, {bytes});
  }
  return std::nullopt;
}

bool is_signature_block(std::string_view lower) {
  return lower.ends_with(".rsa") || lower.ends_with(".dsa") || lower.ends_with(".ec");
}

// Files directly in META-INF that make up the signature and are not signed themselves.
bool is_signature_file(std::string_view name) {
  const std::string lower = to_lower(name);
  if (!lower.starts_with("meta-inf/") || lower.find('/', 9) != std::string::npos) return false;
  return lower == "meta-inf/manifest.mf" || lower.ends_with(".sf") || is_signature_block(lower) ||
         lower.starts_with("meta-inf/sig-");
}

class JarVerifier {
 public:
  JarVerifier(const ZipArchive& archive, bool verify_content, GapList& gaps)
      : archive_(archive), verify_content_(verify_content), gaps_(gaps) {}

  std::vector<ApkSigner> verify();

 private:
  std::optional<EntryBytes> read(const ZipEntry& entry);
  void verify_block(const ZipEntry& block);
  std::string check_signature_file(std::string_view signature_file);
  const std::string& check_content();
  std::string check_entries();
  std::string check_entry(const ZipEntry& entry);

  const ZipArchive& archive_;
  bool verify_content_;
  GapList& gaps_;
  std::optional<EntryBytes> manifest_bytes_;
  JarManifest manifest_;
  std::optional<std::string> content_fault_;
  std::vector<ApkSigner> signers_;
};

std::vector<ApkSigner> JarVerifier::verify() {
  std::vector<const ZipEntry*> blocks;
  for (const ZipEntry& entry : archive_.entries()) {
    if (is_signature_file(entry.name) && is_signature_block(to_lower(entry.name)))
      blocks.push_back(&entry);
  }
  if (blocks.empty()) return {};
  if (const ZipEntry* manifest = archive_.find(kManifestName)) manifest_bytes_ = read(*manifest);
  if (manifest_bytes_) manifest_ = read_jar_manifest(as_text(manifest_bytes_->bytes()));
  for (const ZipEntry* block : blocks) {
    if (signers_.size() >= kMaxApkSigners) {
      gaps_.add(archive_.name(), "more than " + std::to_string(kMaxApkSigners) + " v1 signers");
      break;
    }
    verify_block(*block);
  }
  return std::move(signers_);
}

std::optional<EntryBytes> JarVerifier::read(const ZipEntry& entry) {
  auto content = archive_.read(entry, {.limit = kMaxSignatureFileSize, .check_crc = false});
  if (content) return *std::move(content);
  gaps_.add(archive_.name() + "!/" + std::string(entry.name), content.error().what);
  return std::nullopt;
}

void JarVerifier::verify_block(const ZipEntry& block) {
  const std::string where = archive_.name() + "!/" + std::string(block.name);
  const auto block_bytes = read(block);
  if (!block_bytes) return;
  const std::string stem(block.name.substr(0, block.name.rfind('.')));
  const ZipEntry* file = archive_.find(stem + ".SF");
  if (file == nullptr) file = archive_.find(stem + ".sf");
  std::optional<EntryBytes> file_bytes;
  if (file != nullptr) file_bytes = read(*file);
  const ByteSpan content = file_bytes ? file_bytes->bytes() : ByteSpan{};
  const auto signature = verify_pkcs7(block_bytes->bytes(), content, where);
  if (!signature) {
    gaps_.add(where, signature.error().what);
    return;
  }
  std::string fault;
  if (!file_bytes) {
    fault = "its .SF file is missing";
  } else if (!signature->valid) {
    fault = "the signature does not verify";
  } else {
    fault = check_signature_file(as_text(content));
  }
  for (std::size_t i = 0; i < signature->signers.size(); ++i) {
    ApkSigner signer;
    signer.scheme = SigningScheme::kV1;
    signer.certificate = signature->signers[i].der;
    signer.cert_sha256 = signature->signers[i].sha256;
    signer.cert_subject = signature->signers[i].subject;
    signer.algorithm = signature->algorithms[i];
    signer.why_invalid = signer.cert_sha256.empty() ? "its certificate is missing" : fault;
    signer.valid = signer.why_invalid.empty();
    signers_.push_back(std::move(signer));
  }
}

// Why the .SF file does not vouch for the archive; "" if it does.
std::string JarVerifier::check_signature_file(std::string_view signature_file) {
  if (!manifest_bytes_) return "META-INF/MANIFEST.MF is missing";
  const JarManifest file = read_jar_manifest(signature_file);
  if (file.main.attributes.contains("x-android-apk-signed") &&
      as_text(archive_.bytes())
              .substr(0, archive_.central_directory_offset())
              .ends_with("APK Sig Block 42") == false) {
    gaps_.add(archive_.name(),
              "the v1 signature says that a newer scheme was used as well, but there is no signing "
              "block");
  }
  if (digest_matches(file.main, "-digest-manifest", manifest_bytes_->bytes()) != true) {
    // The manifest as a whole was changed (entries added, say); each section may still be as it was
    // signed.
    for (const auto& [name, section] : manifest_.entries) {
      const auto signed_section = file.entries.find(name);
      const bool same =
          signed_section != file.entries.end() &&
          digest_matches(signed_section->second, "-digest", as_bytes(section.bytes)) == true;
      if (!same) return "the manifest's section of " + name + " is not the signed one";
    }
  }
  return check_content();
}

// The same for every signer of this archive, so done once.
const std::string& JarVerifier::check_content() {
  if (!content_fault_) {
    content_fault_ = verify_content_ ? check_entries() : std::string("the content was not checked");
  }
  return *content_fault_;
}

std::string JarVerifier::check_entries() {
  for (const auto& [name, section] : manifest_.entries) {
    if (archive_.find(name) == nullptr) return name + " is signed but missing";
  }
  for (const ZipEntry& entry : archive_.entries()) {
    if (entry.name.ends_with('/') || is_signature_file(entry.name)) continue;
    if (std::string fault = check_entry(entry); !fault.empty()) return fault;
  }
  return "";
}

std::string JarVerifier::check_entry(const ZipEntry& entry) {
  const std::string name(entry.name);
  const auto section = manifest_.entries.find(name);
  if (section == manifest_.entries.end()) return name + " is not signed";
  const auto content = archive_.read(entry, {.check_crc = false});
  if (!content) return name + " cannot be read";
  const auto same = digest_matches(section->second, "-digest", content->bytes());
  if (!same) return name + " has no digest in the manifest";
  return *same ? "" : name + " is not what was signed";
}

}  // namespace

std::vector<ApkSigner> read_jar_signers(const ZipArchive& archive, bool verify_content,
                                        GapList& gaps) {
  return JarVerifier(archive, verify_content, gaps).verify();
}

}  // namespace dl
