// SPDX-License-Identifier: Apache-2.0
// Reads a manifest's elements by the place they stand at, as the package installer does.
#include "daylight/format/package/android_manifest.h"

#include <array>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

// android.R.attr
constexpr std::uint32_t kLabel = 0x01010001;
constexpr std::uint32_t kName = 0x01010003;
constexpr std::uint32_t kEnabled = 0x0101000e;
constexpr std::uint32_t kDebuggable = 0x0101000f;
constexpr std::uint32_t kExported = 0x01010010;
constexpr std::uint32_t kProcess = 0x01010011;
constexpr std::uint32_t kAuthorities = 0x01010018;
constexpr std::uint32_t kValue = 0x01010024;
constexpr std::uint32_t kResource = 0x01010025;
constexpr std::uint32_t kTargetActivity = 0x01010202;
constexpr std::uint32_t kMinSdkVersion = 0x0101020c;
constexpr std::uint32_t kVersionCode = 0x0101021b;
constexpr std::uint32_t kVersionName = 0x0101021c;
constexpr std::uint32_t kTargetSdkVersion = 0x01010270;
constexpr std::uint32_t kRequired = 0x0101028e;
constexpr std::uint32_t kExtractNativeLibs = 0x010104ea;
constexpr std::uint32_t kVersionCodeMajor = 0x01010576;
constexpr std::uint32_t kAppComponentFactory = 0x0101057a;

// Providers were exported by default before this target SDK.
constexpr std::int32_t kProvidersPrivateSince = 17;

struct ComponentTag {
  std::string_view element;
  ManifestComponentKind kind;
};
constexpr std::array<ComponentTag, 5> kComponentTags{{
    {"activity", ManifestComponentKind::kActivity},
    {"activity-alias", ManifestComponentKind::kActivityAlias},
    {"service", ManifestComponentKind::kService},
    {"receiver", ManifestComponentKind::kReceiver},
    {"provider", ManifestComponentKind::kProvider},
}};

class ManifestReader {
 public:
  ManifestReader(const AxmlDocument& document, const ResourceTable* resources,
                 const std::string& where)
      : document_(document), resources_(resources), where_(where) {}

  Result<ManifestInfo> read();

 private:
  void read_element(std::size_t index);
  void read_manifest(const AxmlElement& element);
  void read_below_manifest(const AxmlElement& element);
  void read_application(const AxmlElement& element);
  void read_below_application(std::size_t index);
  void read_component(std::size_t index, ManifestComponentKind kind);
  void read_meta_data(const AxmlElement& element, std::string owner);
  void read_filter_item(const AxmlElement& element);
  void settle_exported();

  std::string text(const AxmlElement& element, std::uint32_t id, std::string_view name);
  std::string value_text(const AxmlElement& element, const AxmlAttribute& attribute);
  std::optional<std::int64_t> number(const AxmlElement& element, std::uint32_t id,
                                     std::string_view name);
  std::optional<bool> flag(const AxmlElement& element, std::uint32_t id, std::string_view name);
  std::string class_name(const AxmlElement& element, std::uint32_t id, std::string_view name);
  ManifestNamed named(const AxmlElement& element);
  const AxmlElement* parent_of(const AxmlElement& element) const;
  bool is(const AxmlElement* element, std::string_view name) const {
    return element != nullptr && element->name == name;
  }
  void gap(const AxmlElement& element, std::string why);

  const AxmlDocument& document_;
  const ResourceTable* resources_;
  const std::string& where_;
  ManifestInfo info_;
  std::vector<std::int32_t> component_of_element_;  // index into info_.components, -1 for none
  std::vector<std::optional<bool>> declared_exported_;
  std::vector<bool> has_filter_;
};

Result<ManifestInfo> ManifestReader::read() {
  if (document_.elements.empty() || document_.elements.front().name != "manifest") {
    return fail(ErrorCode::kCorrupt, "no <manifest> element", where_);
  }
  info_.gaps = document_.gaps;
  component_of_element_.assign(document_.elements.size(), -1);
  for (std::size_t i = 0; i < document_.elements.size(); ++i) read_element(i);
  settle_exported();
  return std::move(info_);
}

void ManifestReader::read_element(std::size_t index) {
  const AxmlElement& element = document_.elements[index];
  const AxmlElement* parent = parent_of(element);
  switch (element.depth) {
    case 0:
      if (index == 0) read_manifest(element);
      break;
    case 1:
      read_below_manifest(element);
      break;
    case 2:
      if (is(parent, "application")) read_below_application(index);
      break;
    case 3: {
      const std::int32_t component =
          component_of_element_[static_cast<std::size_t>(element.parent)];
      if (component < 0) break;
      const auto at = static_cast<std::size_t>(component);
      if (element.name == "intent-filter") has_filter_[at] = true;
      if (element.name == "meta-data") read_meta_data(element, info_.components[at].name);
      break;
    }
    case 4:
      if (is(parent, "intent-filter")) read_filter_item(element);
      break;
    default:
      break;
  }
}

void ManifestReader::read_manifest(const AxmlElement& element) {
  info_.package = text(element, 0, "package");
  info_.split = text(element, 0, "split");
  info_.config_for_split = text(element, 0, "configForSplit");
  info_.version_name = text(element, kVersionName, "versionName");
  const std::int64_t low = number(element, kVersionCode, "versionCode").value_or(0) & 0xffffffff;
  const std::int64_t high =
      number(element, kVersionCodeMajor, "versionCodeMajor").value_or(0) & 0x7fffffff;
  info_.version_code = (high << 32U) | low;
}

void ManifestReader::read_below_manifest(const AxmlElement& element) {
  if (element.name == "application") {
    read_application(element);
  } else if (element.name == "uses-sdk") {
    const auto sdk = [&](std::uint32_t id, std::string_view name) -> std::optional<std::int32_t> {
      const auto value = number(element, id, name);
      if (!value || *value < 0 || *value > 100'000) return std::nullopt;
      return static_cast<std::int32_t>(*value);
    };
    info_.min_sdk = sdk(kMinSdkVersion, "minSdkVersion");
    info_.target_sdk = sdk(kTargetSdkVersion, "targetSdkVersion");
  } else if (element.name.starts_with("uses-permission")) {
    info_.permissions.push_back(text(element, kName, "name"));
  } else if (element.name == "uses-feature") {
    info_.features.push_back(named(element));
  } else if (element.name == "instrumentation") {
    info_.instrumentations.push_back(class_name(element, kName, "name"));
  }
}

void ManifestReader::read_application(const AxmlElement& element) {
  info_.label = text(element, kLabel, "label");
  info_.application_class = class_name(element, kName, "name");
  info_.component_factory = class_name(element, kAppComponentFactory, "appComponentFactory");
  info_.debuggable = flag(element, kDebuggable, "debuggable").value_or(false);
  info_.extract_native_libs = flag(element, kExtractNativeLibs, "extractNativeLibs");
}

void ManifestReader::read_below_application(std::size_t index) {
  const AxmlElement& element = document_.elements[index];
  for (const ComponentTag& tag : kComponentTags) {
    if (element.name == tag.element) return read_component(index, tag.kind);
  }
  if (element.name == "meta-data") {
    read_meta_data(element, "");
  } else if (element.name == "uses-library") {
    info_.libraries.push_back(named(element));
  } else if (element.name == "uses-native-library") {
    info_.native_libraries.push_back(named(element));
  }
}

void ManifestReader::read_component(std::size_t index, ManifestComponentKind kind) {
  const AxmlElement& element = document_.elements[index];
  ManifestComponent component;
  component.kind = kind;
  component.name = class_name(element, kName, "name");
  if (component.name.empty()) gap(element, "has no class name");
  component.target = class_name(element, kTargetActivity, "targetActivity");
  component.enabled = flag(element, kEnabled, "enabled").value_or(true);
  component.process = text(element, kProcess, "process");
  const std::string authorities = text(element, kAuthorities, "authorities");
  if (!authorities.empty()) component.authorities = split(authorities, ';');
  component_of_element_[index] = static_cast<std::int32_t>(info_.components.size());
  declared_exported_.push_back(flag(element, kExported, "exported"));
  has_filter_.push_back(false);
  info_.components.push_back(std::move(component));
}

void ManifestReader::read_meta_data(const AxmlElement& element, std::string owner) {
  ManifestMetaData data;
  data.name = text(element, kName, "name");
  data.owner = std::move(owner);
  const AxmlAttribute* value = element.attribute(kValue, "value");
  const AxmlAttribute* resource = element.attribute(kResource, "resource");
  if (value != nullptr) {
    if (value->value.is_reference()) data.resource_id = value->value.data;
    data.value = value_text(element, *value);
  } else if (resource != nullptr && resource->value.is_reference()) {
    // The app gets the id, not what it points at: no text here.
    data.resource_id = resource->value.data;
  }
  info_.meta_data.push_back(std::move(data));
}

void ManifestReader::read_filter_item(const AxmlElement& element) {
  const AxmlElement* filter = parent_of(element);
  if (filter == nullptr || filter->parent < 0) return;
  const std::int32_t at = component_of_element_[static_cast<std::size_t>(filter->parent)];
  if (at < 0) return;
  ManifestComponent& component = info_.components[static_cast<std::size_t>(at)];
  if (element.name == "action") component.actions.push_back(text(element, kName, "name"));
  if (element.name == "category") component.categories.push_back(text(element, kName, "name"));
}

void ManifestReader::settle_exported() {
  const std::int32_t target = info_.target_sdk.value_or(info_.min_sdk.value_or(1));
  for (std::size_t i = 0; i < info_.components.size(); ++i) {
    ManifestComponent& component = info_.components[i];
    const bool provider = component.kind == ManifestComponentKind::kProvider;
    const bool by_default = provider ? target < kProvidersPrivateSince : has_filter_[i];
    component.exported = declared_exported_[i].value_or(by_default);
  }
}

std::string ManifestReader::text(const AxmlElement& element, std::uint32_t id,
                                 std::string_view name) {
  const AxmlAttribute* attribute = element.attribute(id, name);
  return attribute == nullptr ? std::string() : value_text(element, *attribute);
}

std::string ManifestReader::value_text(const AxmlElement& element, const AxmlAttribute& attribute) {
  const ResValue& value = attribute.value;
  if (value.type == ResType::kString || value.type == ResType::kNull) return attribute.text;
  if (value.is_reference()) {
    if (value.data == 0) return {};
    const auto resolved = resources_ != nullptr ? resources_->string_of(value.data) : std::nullopt;
    if (resolved) return *resolved;
    gap(element, "its " + attribute.name + " refers to a resource that was not found");
    return {};
  }
  if (const auto simple = simple_text(value)) return *simple;
  return attribute.text;
}

std::optional<std::int64_t> ManifestReader::number(const AxmlElement& element, std::uint32_t id,
                                                   std::string_view name) {
  const AxmlAttribute* attribute = element.attribute(id, name);
  if (attribute == nullptr) return std::nullopt;
  if (attribute->value.is_integer()) {
    return static_cast<std::int32_t>(attribute->value.data);
  }
  const auto parsed = parse_integer(value_text(element, *attribute));
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::optional<bool> ManifestReader::flag(const AxmlElement& element, std::uint32_t id,
                                         std::string_view name) {
  const AxmlAttribute* attribute = element.attribute(id, name);
  if (attribute == nullptr) return std::nullopt;
  if (attribute->value.is_integer()) return attribute->value.data != 0;
  const std::string written = to_lower(value_text(element, *attribute));
  if (written == "true" || written == "1") return true;
  if (written == "false" || written == "0") return false;
  return std::nullopt;
}

std::string ManifestReader::class_name(const AxmlElement& element, std::uint32_t id,
                                       std::string_view name) {
  return manifest_class_name(info_.package, text(element, id, name));
}

ManifestNamed ManifestReader::named(const AxmlElement& element) {
  return {text(element, kName, "name"), flag(element, kRequired, "required").value_or(true)};
}

const AxmlElement* ManifestReader::parent_of(const AxmlElement& element) const {
  return element.parent < 0 ? nullptr
                            : &document_.elements[static_cast<std::size_t>(element.parent)];
}

void ManifestReader::gap(const AxmlElement& element, std::string why) {
  info_.gaps.add(where_ + " <" + element.name + "> line " + std::to_string(element.line),
                 std::move(why));
}

}  // namespace

std::string manifest_class_name(std::string_view package, std::string_view name) {
  if (name.empty()) return {};
  if (name.front() == '.') return std::string(package) + std::string(name);
  if (name.find('.') == std::string_view::npos)
    return std::string(package) + "." + std::string(name);
  return std::string(name);
}

Result<ManifestInfo> read_manifest(const AxmlDocument& document, const ResourceTable* resources,
                                   const std::string& where) {
  return ManifestReader(document, resources, where).read();
}

}  // namespace dl
