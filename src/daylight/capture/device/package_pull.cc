// SPDX-License-Identifier: Apache-2.0
// Every step that a phone may refuse is a gap, but for the base APK.
#include "daylight/capture/device/package_pull.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "daylight/artifact/provenance.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/package/signing.h"

namespace dl::capture {
namespace {

// Of the phone that matter for what an app does: version, processor, build.
constexpr const char* kKeptProperties[] = {"ro.product.manufacturer",
                                           "ro.product.model",
                                           "ro.product.cpu.abilist",
                                           "ro.build.version.release",
                                           "ro.build.version.sdk",
                                           "ro.build.version.security_patch",
                                           "ro.build.type",
                                           "ro.debuggable",
                                           "ro.hardware",
                                           "persist.sys.locale"};

// What stands behind `key` on the first line that begins with it, up to one of `ends`.
std::string value_behind(std::string_view text, std::string_view key, std::string_view ends) {
  for (const std::string& raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (!line.starts_with(key)) continue;
    const std::string_view value = line.substr(key.size());
    return std::string(value.substr(0, value.find_first_of(ends)));
  }
  return "";
}

// A name of ours for a file of the phone's: its last part, if that is an ordinary one.
std::string local_name(const std::string& remote, std::size_t number,
                       const std::set<std::string>& taken) {
  std::string name = remote.substr(remote.find_last_of('/') + 1);
  const bool ordinary = name.size() <= 128 && name.size() > 4 && name.front() != '.' &&
                        std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                        });
  if (ordinary && name.ends_with(".apk") && !taken.contains(name)) return name;
  do {
    name = "split-" + std::to_string(number++) + ".apk";
  } while (taken.contains(name));
  return name;
}

// What `exec-out` gives has no exit code and no stderr of its own: whether it is whole is seen in
// the bytes.
std::vector<std::string> output_of(const DeviceFacts& facts, const std::string& command) {
  return {"-s", facts.device.serial, "exec-out", command + " 2>/dev/null"};
}

Result<void> pull_apk(const Adb& adb, const DeviceFacts& facts, const std::string& remote,
                      const std::filesystem::path& local) {
  const std::string path = quoted_for_shell(remote);
  const AdbAnswer size = TRY(adb.run(shell_words(facts.device.serial, "stat -c %s " + path)));
  (void)TRY(adb.run_to_file(output_of(facts, "cat " + path), local, kMaxPulledBytes));
  const auto file = MappedFile::open(local);
  const auto wanted = parse_integer(trim(size.out));
  const bool whole =
      file && (!wanted || static_cast<std::uint64_t>(*wanted) == file->bytes().size());
  if (whole && ZipArchive::open(file->bytes(), local.filename().string())) return {};
  std::error_code error;
  std::filesystem::remove(local, error);
  return fail(ErrorCode::kIo,
              whole ? "cannot be pulled: what comes is no archive"
                    : "cannot be pulled: what comes is not the whole file",
              remote);
}

Result<void> pull_splits(const Adb& adb, const DeviceFacts& facts,
                         const std::filesystem::path& folder, PulledPackage& pulled) {
  std::set<std::string> taken;
  for (const std::string& remote : pulled.package.paths) {
    const std::string name = local_name(remote, taken.size(), taken);
    const auto done = pull_apk(adb, facts, remote, folder / name);
    if (!done && taken.empty()) return done;  // without the base there is no app
    if (!done) {
      pulled.gaps.push_back(printable(remote) + ": " + done.error().what);
      continue;
    }
    taken.insert(name);
    pulled.files.push_back({name, remote, TRY(sha256_of_file(folder / name))});
  }
  return {};
}

void read_certificates(const std::filesystem::path& base, PulledPackage& pulled) {
  const auto file = MappedFile::open(base);
  const auto archive = file ? ZipArchive::open(file->bytes(), base.filename().string())
                            : tl::unexpected<Error>(file.error());
  if (!archive) {
    pulled.gaps.push_back("the base is no archive: " + archive.error().what);
    return;
  }
  std::set<std::string> certificates;
  for (const ApkSigner& signer : read_signers(*archive).signers) {
    if (signer.valid) certificates.insert(signer.cert_sha256);
  }
  pulled.certificates.assign(certificates.begin(), certificates.end());
  if (certificates.empty()) pulled.gaps.emplace_back("no signature of the base verifies");
}

// Whether a file is a tar from its first header to its end: two blocks of zeros.
bool is_whole_tar(const std::filesystem::path& path) {
  constexpr std::size_t kBlock = 512;
  const auto file = MappedFile::open(path);
  if (!file || file->bytes().size() < 2 * kBlock || file->bytes().size() % kBlock != 0)
    return false;
  const ByteSpan bytes = file->bytes();
  const ByteSpan end = bytes.subspan(bytes.size() - 2 * kBlock);
  if (std::any_of(end.begin(), end.end(), [](std::uint8_t each) { return each != 0; }))
    return false;
  return bytes[0] == 0 || std::memcmp(bytes.data() + 257, "ustar", 5) == 0;
}

// The app's own folder as the phone's tar packs it.
Result<bool> pull_data_by(const Adb& adb, const std::vector<std::string>& words,
                          const std::filesystem::path& file, PulledPackage& pulled) {
  const auto answer = adb.run_to_file(words, file, kMaxPulledBytes);
  if (answer && is_whole_tar(file)) {
    pulled.data_sha256 = TRY(sha256_of_file(file));
    return true;
  }
  std::error_code error;
  std::filesystem::remove(file, error);
  return false;
}

Result<void> pull_data(const Adb& adb, const DeviceFacts& facts,
                       const std::filesystem::path& folder, PulledPackage& pulled) {
  const std::string& name = pulled.package.name;
  const auto file = folder / "app-data.tar";
  std::string tried;
  if (pulled.package.debuggable || facts.debuggable_build()) {
    pulled.data_by = "run-as";
    const auto words = output_of(facts, "run-as " + name + " tar -cf - .");
    if (TRY(pull_data_by(adb, words, file, pulled))) return {};
    tried = "run-as gave no whole archive";
  }
  if (facts.root != DeviceRoot::kNone) {
    pulled.data_by = "root";
    const auto words =
        root_words(facts, "tar -C /data/data/" + name + " -cf - . 2>/dev/null", "exec-out");
    if (TRY(pull_data_by(adb, words, file, pulled))) return {};
    tried += std::string(tried.empty() ? "" : ", ") + "root gave no whole archive";
  }
  pulled.data_by.clear();
  pulled.gaps.push_back(
      "the app's data: " +
      (tried.empty() ? "the app is not debuggable, and there is no root on the phone" : tried));
  return {};
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error))
    return fail(ErrorCode::kInvalidArgument, "is not empty", folder.string(), "name a new folder");
  return make_private_folder(folder / "apks");
}

}  // namespace

std::vector<std::string> read_package_paths(std::string_view text) {
  constexpr std::string_view kMark = "package:";
  std::vector<std::string> out;
  for (const std::string& raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (!line.starts_with(kMark) || !line.substr(kMark.size()).starts_with('/')) continue;
    if (out.size() < kMaxSplits) out.emplace_back(line.substr(kMark.size()));
  }
  std::stable_partition(out.begin(), out.end(),
                        [](const std::string& each) { return each.ends_with("/base.apk"); });
  return out;
}

void read_package_dump(std::string_view text, InstalledPackage& package) {
  package.version_name = value_behind(text, "versionName=", "");
  package.version_code = value_behind(text, "versionCode=", " ");
  package.installer = value_behind(text, "installerPackageName=", " ");
  if (package.installer == "null") package.installer.clear();
  const auto flags = text.find("pkgFlags=[");
  if (flags != std::string_view::npos) {
    const auto all = text.substr(flags, text.find(']', flags) - flags);
    package.debuggable = all.find(" DEBUGGABLE ") != std::string_view::npos;
  }
}

Result<InstalledPackage> installed_package(const Adb& adb, const DeviceFacts& facts,
                                           const std::string& name) {
  if (!is_package_name(name))
    return fail(ErrorCode::kInvalidArgument, "is no name of a package", name);
  InstalledPackage package;
  package.name = name;
  const AdbAnswer paths = TRY(adb.run(shell_words(facts.device.serial, "pm path " + name)));
  package.paths = read_package_paths(paths.out);
  if (package.paths.empty())
    return fail(ErrorCode::kNotFound, "is not installed there", name,
                "adb shell pm list packages names those that are");
  const AdbAnswer dump = TRY(adb.run(shell_words(facts.device.serial, "dumpsys package " + name)));
  read_package_dump(dump.out, package);
  return package;
}

Result<PulledPackage> pull_package(const Adb& adb, const DeviceFacts& facts,
                                   const std::string& name, const std::filesystem::path& folder,
                                   bool with_data) {
  PulledPackage pulled;
  pulled.package = TRY(installed_package(adb, facts, name));
  TRY_VOID(make_folder(folder));
  TRY_VOID(pull_splits(adb, facts, folder / "apks", pulled));
  read_certificates(folder / "apks" / pulled.files.front().name, pulled);
  if (with_data) TRY_VOID(pull_data(adb, facts, folder, pulled));
  TRY_VOID(write_file_atomic(folder / "device.json", dump_json(to_json(facts, pulled))));
  return pulled;
}

Json to_json(const DeviceFacts& facts, const PulledPackage& pulled) {
  Provenance provenance;
  for (const PulledFile& file : pulled.files)
    provenance.inputs.push_back({"app", file.name, file.sha256});
  if (pulled.data_sha256)
    provenance.inputs.push_back({"app-data", "app-data.tar", *pulled.data_sha256});
  Json json = artifact_head("device", provenance);
  Json properties = Json::object();
  for (const char* const name : kKeptProperties) {
    if (const std::string value = facts.property(name); !value.empty()) properties[name] = value;
  }
  json["device"] = {{"root", word(facts.root)}, {"properties", properties}};
  Json splits = Json::array();
  for (const PulledFile& file : pulled.files)
    splits.push_back({{"name", file.name}, {"source", file.source}, {"sha256", file.sha256}});
  json["package"] = {{"name", pulled.package.name},
                     {"version_name", pulled.package.version_name},
                     {"version_code", pulled.package.version_code},
                     {"installer", pulled.package.installer},
                     {"debuggable", pulled.package.debuggable},
                     {"certificates", pulled.certificates},
                     {"splits", splits}};
  json["data"] = {{"by", pulled.data_by}};
  if (pulled.data_sha256) json["data"]["sha256"] = *pulled.data_sha256;
  json["gaps"] = pulled.gaps;
  return json;
}

}  // namespace dl::capture
