// SPDX-License-Identifier: Apache-2.0
// Signers: real apps against apksigner, archives that the test signs itself, and what happens when
// one bit changes.
#include "daylight/format/package/signing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/package/certificate.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool has_program(const std::string& name) {
  return testing::run_command("command -v " + name).has_value();
}

SigningReport signers_of(const std::string& bytes) {
  const auto archive = ZipArchive::open(as_bytes(bytes), "t.apk");
  EXPECT_TRUE(archive);
  return archive ? read_signers(*archive) : SigningReport();
}

std::map<std::string, bool> validity(const SigningReport& report) {
  std::map<std::string, bool> valid;
  for (const ApkSigner& signer : report.signers)
    valid[std::string(scheme_name(signer.scheme))] = signer.valid;
  return valid;
}

std::string first_fault(const SigningReport& report) {
  return report.signers.empty() ? "no signer" : report.signers.front().why_invalid;
}

// Makes a key with keytool and signs a small archive with apksigner or jarsigner.
class Signing : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("apksigner") || !has_program("keytool"))
      GTEST_SKIP() << "apksigner or keytool is absent here";
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // One key of each kind serves all tests: making one starts a Java machine.
  void make_key(const std::string& options) {
    std::string& file = key_files()[options];
    if (file.empty()) {
      static const testing::TemporaryFolder keys;
      file = (keys.path() / (std::to_string(key_files().size()) + ".jks")).string();
      ASSERT_TRUE(
          testing::run_command("keytool -genkeypair -keystore '" + file +
                               "' -storepass android -keypass android -alias k -validity 9999 "
                               "-dname 'CN=Test, O=\"A, B\"' " +
                               options + " 2>&1"));
    }
    key_file_ = file;
  }

  // The archive's bytes after signing; "" where the tool refused. Signed once for each key and
  // options.
  std::string sign(const std::string& options) {
    static std::map<std::string, std::string> signed_archives;
    const auto [found, added] = signed_archives.try_emplace(key_file_ + options);
    if (!added) return found->second;
    const testing::BuiltZip zip =
        testing::build_zip({{.name = "AndroidManifest.xml", .content = "manifest"},
                            {.name = "classes.dex", .content = std::string(3'000'000, 'd')},
                            {.name = "assets/m.tflite", .content = "model", .deflate = true}});
    std::ofstream(path("in.apk"), std::ios::binary) << zip.bytes;
    const auto done = testing::run_command(
        "apksigner sign --ks '" + key_file_ + "' --ks-pass pass:android --min-sdk-version 21 " +
        options + " --out '" + path("out.apk") + "' '" + path("in.apk") + "' 2>&1");
    if (done) found->second = read_file(path("out.apk")).value_or("");
    return found->second;
  }

 private:
  static std::map<std::string, std::string>& key_files() {
    static std::map<std::string, std::string> files;  // by the options that made the key
    return files;
  }

  testing::TemporaryFolder folder_;
  std::string key_file_;
};

TEST_F(Signing, EverySchemeOfAnRsaKeyIsValid) {
  make_key("-keyalg RSA -keysize 2048");
  const std::string signed_bytes =
      sign("--v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled true");
  ASSERT_FALSE(signed_bytes.empty());
  const SigningReport report = signers_of(signed_bytes);
  EXPECT_EQ(validity(report),
            (std::map<std::string, bool>{{"v1", true}, {"v2", true}, {"v3", true}}))
      << first_fault(report);
  std::set<std::string> certificates;
  for (const ApkSigner& signer : report.signers) certificates.insert(signer.cert_sha256);
  EXPECT_EQ(certificates.size(), 1U);
  EXPECT_EQ(report.signers[0].cert_subject, "CN=Test,O=A\\, B");
  EXPECT_EQ(report.signers[1].algorithm, "RSA-PKCS1-SHA256");
}

TEST_F(Signing, OneChangedBitOfContentBreaksEveryScheme) {
  make_key("-keyalg RSA -keysize 2048");
  std::string signed_bytes =
      sign("--v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled true");
  ASSERT_FALSE(signed_bytes.empty());
  const std::size_t at = signed_bytes.find(std::string(1000, 'd'));
  ASSERT_NE(at, std::string::npos);
  signed_bytes[at + 2'500'000] ^= 1;  // in the third chunk
  const SigningReport report = signers_of(signed_bytes);
  EXPECT_EQ(validity(report),
            (std::map<std::string, bool>{{"v1", false}, {"v2", false}, {"v3", false}}));
  EXPECT_EQ(report.signers[0].why_invalid, "classes.dex is not what was signed");
  EXPECT_EQ(report.signers[1].why_invalid, "the archive is not what was signed");
}

TEST_F(Signing, AnAddedEntryBreaksV1) {
  make_key("-keyalg RSA -keysize 2048");
  const std::string signed_bytes =
      sign("--v1-signing-enabled true --v2-signing-enabled false --v3-signing-enabled false");
  ASSERT_FALSE(signed_bytes.empty());
  const auto archive = ZipArchive::open(as_bytes(signed_bytes), "t.apk");
  ASSERT_TRUE(archive);
  std::vector<testing::ZipItem> items;
  for (const ZipEntry& entry : archive->entries()) {
    items.push_back({.name = std::string(entry.name),
                     .content = std::string(as_text(archive->read(entry)->bytes()))});
  }
  EXPECT_EQ(validity(signers_of(testing::build_zip(items).bytes)),
            (std::map<std::string, bool>{{"v1", true}}));
  items.push_back({.name = "lib/evil.so", .content = "x"});
  EXPECT_EQ(first_fault(signers_of(testing::build_zip(items).bytes)), "lib/evil.so is not signed");
  items.pop_back();
  std::erase_if(items, [](const testing::ZipItem& item) { return item.name == "classes.dex"; });
  EXPECT_EQ(first_fault(signers_of(testing::build_zip(items).bytes)),
            "classes.dex is signed but missing");
}

TEST_F(Signing, ManyKindsOfKeysVerify) {
  for (const std::string key : {"-keyalg EC -groupname secp256r1", "-keyalg DSA -keysize 2048"}) {
    SCOPED_TRACE(key);
    make_key(key);
    const std::string signed_bytes =
        sign("--v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled true");
    ASSERT_FALSE(signed_bytes.empty());
    const SigningReport report = signers_of(signed_bytes);
    ASSERT_EQ(report.signers.size(), 3U);
    for (const ApkSigner& signer : report.signers)
      EXPECT_EQ(signer.why_invalid, "") << scheme_name(signer.scheme);
  }
}

TEST_F(Signing, TheVerityOneOfManyAlgorithmsVerifies) {
  make_key("-keyalg EC -groupname secp256r1");
  std::string signed_bytes = sign(
      "--v1-signing-enabled false --v2-signing-enabled true --v3-signing-enabled true "
      "--min-sdk-version 28 --verity-enabled true");
  if (signed_bytes.empty()) GTEST_SKIP() << "this apksigner does not know --verity-enabled";
  const SigningReport report = signers_of(signed_bytes);
  ASSERT_FALSE(report.signers.empty());
  for (const ApkSigner& signer : report.signers)
    EXPECT_EQ(signer.why_invalid, "") << signer.algorithm;
}

TEST_F(Signing, ABrokenSignatureIsNotValidButItsCertificateIsStillTold) {
  make_key("-keyalg RSA -keysize 2048");
  std::string signed_bytes =
      sign("--v1-signing-enabled false --v2-signing-enabled true --v3-signing-enabled false");
  ASSERT_FALSE(signed_bytes.empty());
  const std::string certificate = signers_of(signed_bytes).signers.at(0).cert_sha256;
  // The signature stands behind the signed data: algorithm 0x0103 and a length of 256 bytes.
  const std::string mark("\x03\x01\x00\x00\x00\x01\x00\x00", 8);
  const std::size_t at = signed_bytes.rfind(mark);
  ASSERT_NE(at, std::string::npos);
  signed_bytes[at + mark.size() + 5] ^= 1;
  const SigningReport report = signers_of(signed_bytes);
  ASSERT_EQ(report.signers.size(), 1U);
  EXPECT_FALSE(report.signers[0].valid);
  EXPECT_EQ(report.signers[0].why_invalid, "the signature does not verify");
  EXPECT_EQ(report.signers[0].cert_sha256, certificate);
}

TEST_F(Signing, WithoutContentChecksNothingIsCalledValid) {
  make_key("-keyalg RSA -keysize 2048");
  const std::string signed_bytes =
      sign("--v1-signing-enabled true --v2-signing-enabled true --v3-signing-enabled true");
  ASSERT_FALSE(signed_bytes.empty());
  const auto archive = ZipArchive::open(as_bytes(signed_bytes), "t.apk");
  ASSERT_TRUE(archive);
  for (const ApkSigner& signer : read_signers(*archive, false).signers) {
    EXPECT_FALSE(signer.valid);
    EXPECT_EQ(signer.why_invalid, "the content was not checked");
  }
}

TEST(SigningBlock, AnArchiveWithoutSignaturesHasNoSigners) {
  const SigningReport report =
      signers_of(testing::build_zip({{.name = "a", .content = "b"}}).bytes);
  EXPECT_THAT(report.signers, IsEmpty());
  EXPECT_TRUE(report.gaps.empty());
}

TEST(SigningBlock, LengthsThatLieAreGaps) {
  testing::BuiltZip zip = testing::build_zip({{.name = "a", .content = "b"}});
  std::string block;
  testing::put64(block, 100);  // a pair that reaches beyond the block
  testing::put32(block, 0x7109871a);
  std::string whole;
  testing::put64(whole, block.size() + 24);
  whole += block;
  testing::put64(whole, block.size() + 24);
  whole += "APK Sig Block 42";
  zip.bytes.insert(zip.directory_offset, whole);
  testing::poke32(zip.bytes, zip.end_offset + whole.size() + 16,
                  static_cast<std::uint32_t>(zip.directory_offset + whole.size()));
  const SigningReport report = signers_of(zip.bytes);
  EXPECT_THAT(report.signers, IsEmpty());
  ASSERT_EQ(report.gaps.count(), 1U);
  EXPECT_THAT(report.gaps.list()[0].why, HasSubstr("a pair reaches beyond it"));
}

TEST(SigningBlock, GarbageInMetaInfIsAGap) {
  const SigningReport report =
      signers_of(testing::build_zip({{.name = "META-INF/A.RSA", .content = "garbage"},
                                     {.name = "META-INF/A.SF", .content = "x"}})
                     .bytes);
  EXPECT_THAT(report.signers, IsEmpty());
  ASSERT_EQ(report.gaps.count(), 1U);
  EXPECT_EQ(report.gaps.list()[0].why, "no PKCS#7 signature");
}

TEST(Base64, DecodesAndRefuses) {
  EXPECT_EQ(decode_base64("aGVs\nbG8="), "hello");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("a*b="), std::nullopt);
  EXPECT_EQ(decode_base64("aG=k"), std::nullopt);
}

// What apksigner says of an app: schemes that verified and the certificate digests that it prints.
struct Verdict {
  bool verifies = false;
  std::map<std::string, bool> schemes;
  std::set<std::string> certificates;
};

Verdict apksigner_verdict(const std::string& app) {
  Verdict verdict;
  const auto output =
      testing::run_command("apksigner verify --print-certs -v '" + app + "' 2>&1 || true");
  for (const std::string& line : split(output.value_or(""), '\n')) {
    if (line == "Verifies") verdict.verifies = true;
    for (const std::string scheme : {"v1", "v2", "v3"}) {
      if (line.starts_with("Verified using " + scheme + " scheme"))
        verdict.schemes[scheme] = line.ends_with("true");
    }
    const std::size_t at = line.find("certificate SHA-256 digest: ");
    if (at != std::string::npos) verdict.certificates.insert(line.substr(at + 28));
  }
  return verdict;
}

void compare_with_apksigner(const std::filesystem::path& app) {
  SCOPED_TRACE(app.filename());
  const Verdict verdict = apksigner_verdict(app.string());
  const auto mapped = MappedFile::open(app);
  ASSERT_TRUE(mapped);
  const auto archive = ZipArchive::open(mapped->bytes(), "app");
  ASSERT_TRUE(archive);
  const SigningReport report = read_signers(*archive);
  const auto ours = validity(report);
  for (const auto& [scheme, valid] : verdict.schemes) {
    // apksigner does not look at v1 where a newer scheme serves every Android that the app runs on.
    if (!valid && scheme == "v1") continue;
    EXPECT_EQ(ours.contains(scheme) && ours.at(scheme), valid)
        << scheme << ": " << first_fault(report);
  }
  std::set<std::string> certificates;
  for (const ApkSigner& signer : report.signers) {
    if (signer.valid) certificates.insert(signer.cert_sha256);
  }
  EXPECT_EQ(certificates, verdict.certificates) << first_fault(report);
  EXPECT_EQ(!certificates.empty(), verdict.verifies);
}

TEST(SigningOracle, SomeAppsAgreeWithApksigner) {
  if (!has_program("apksigner")) GTEST_SKIP() << "apksigner is absent here";
  DAYLIGHT_SHARED_OR_SKIP(newest, "apps/facegauge-plain.apk");
  DAYLIGHT_SHARED_OR_SKIP(both, "apps/blooddonation.apk");
  DAYLIGHT_SHARED_OR_SKIP(broken, "apps/redex-test.apk");
  for (const auto& app : {newest, both, broken}) compare_with_apksigner(app);
}

TEST(SigningOracle, ManyAppsAgreeWithApksigner) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  if (!has_program("apksigner")) GTEST_SKIP() << "apksigner is absent here";
  for (const auto& file : std::filesystem::directory_iterator(apps)) {
    compare_with_apksigner(file.path());
  }
}

}  // namespace
}  // namespace dl
