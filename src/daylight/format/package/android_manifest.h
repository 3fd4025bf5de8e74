// SPDX-License-Identifier: Apache-2.0
// What an AndroidManifest declares: package, versions, components, meta-data, permissions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/arsc.h"
#include "daylight/format/package/axml.h"

namespace dl {

// A <meta-data> element. `value` is the text that the app would read: a string, a number, or a
// resolved reference.
struct ManifestMetaData {
  std::string name;
  std::string value;
  std::uint32_t resource_id = 0;  // android:resource, or android:value where that is a reference
  std::string owner;              // class of the component around it; "" for the application's own
};

enum class ManifestComponentKind { kActivity, kActivityAlias, kService, kReceiver, kProvider };

struct ManifestComponent {
  ManifestComponentKind kind = ManifestComponentKind::kActivity;
  std::string name;    // full class name, dotted
  std::string target;  // of an alias: the class that runs
  // As declared; where it is not, Android's default for this component (an intent filter means
  // true).
  bool exported = false;
  bool enabled = true;
  std::string process;
  std::vector<std::string> actions;  // of all its intent filters
  std::vector<std::string> categories;
  std::vector<std::string> authorities;  // of a provider
};

struct ManifestNamed {
  std::string name;
  bool required = true;
};

struct ManifestInfo {
  std::string package;
  std::string version_name;
  std::int64_t version_code = 0;  // versionCodeMajor in the upper 32 bits
  std::optional<std::int32_t> min_sdk;
  std::optional<std::int32_t> target_sdk;
  bool debuggable = false;
  std::optional<bool> extract_native_libs;
  std::string label;              // resolved where a resource table was given
  std::string application_class;  // full class name, "" for Android's own
  std::string component_factory;  // full class name of android:appComponentFactory, "" if none
  std::string split;              // split name of a split APK, "" for a base
  std::string config_for_split;
  std::vector<ManifestComponent> components;  // in document order
  std::vector<ManifestMetaData> meta_data;
  std::vector<std::string> permissions;         // uses-permission*
  std::vector<ManifestNamed> features;          // uses-feature
  std::vector<ManifestNamed> libraries;         // uses-library
  std::vector<ManifestNamed> native_libraries;  // uses-native-library
  std::vector<std::string> instrumentations;    // full class names
  GapList gaps;
};

// The class that a manifest name means: ".Foo" and "Foo" (without a dot) lie in `package`.
std::string manifest_class_name(std::string_view package, std::string_view name);

// Reads the elements. References are resolved with `resources` where given; those that cannot be
// are gaps and stay "". kCorrupt if there is no <manifest> element.
Result<ManifestInfo> read_manifest(const AxmlDocument& document, const ResourceTable* resources,
                                   const std::string& where);

}  // namespace dl
