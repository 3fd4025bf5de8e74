// SPDX-License-Identifier: Apache-2.0
// What an app's package tells its native code: classes, name, signers.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/jni/own_java_world.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/package/app_package.h"

namespace dl::cli {

// The classes of an app's DEX files as JNI asks for them; what the app does not define is unknown.
// Const methods are thread safe.
class AppClasses : public guest::ClassHierarchy {
 public:
  explicit AppClasses(const std::vector<DexFile>& files)
      : index_(program::ClassIndex::build(files)) {}

  std::optional<std::string> superclass(const std::string& name) const override;
  std::vector<std::string> interfaces(const std::string& name) const override;
  std::optional<bool> declares(const guest::JavaMember& member) const override;

 private:
  program::ClassId defined(const std::string& name) const;  // kNoId where the app has no such class

  program::ClassIndex index_;
};

// The package that a library comes from.
class GuestApp {
 public:
  // `archive` is an APK or AAR; null where it has neither a manifest nor classes, or cannot be read
  // as an app (the libraries in it may be fine all the same).
  static std::unique_ptr<GuestApp> open(const std::filesystem::path& archive, LogSink& log);

  const guest::ClassHierarchy& classes() const { return *classes_; }
  std::string package_name() const;
  // As DER, the first signer's first.
  std::vector<std::vector<std::uint8_t>> certificates() const;

 private:
  explicit GuestApp(program::AppPackage package) : package_(std::move(package)) {}

  program::AppPackage package_;
  std::unique_ptr<AppClasses> classes_;
};

}  // namespace dl::cli
