// SPDX-License-Identifier: Apache-2.0
// Reads the elements of the distribution namespace.
#include "daylight/program/package/app_modules.h"

#include <algorithm>

#include "daylight/base/text.h"

namespace dl::program {
namespace {

constexpr std::string_view kDistribution = "http://schemas.android.com/apk/distribution";

bool is_dist(const AxmlElement& element, std::string_view name) {
  return element.name == name &&
         (element.namespace_uri == kDistribution || element.namespace_uri == "dist");
}

std::string value_of(const AxmlElement& element, std::string_view name) {
  const AxmlAttribute* found = element.attribute(0, name);
  if (found == nullptr) return {};
  if (found->value.type == ResType::kString) return found->text;
  return simple_text(found->value).value_or(found->text);
}

bool inside(const AxmlDocument& document, const AxmlElement& element, std::string_view name) {
  for (std::int32_t at = element.parent; at >= 0;
       at = document.elements[static_cast<std::size_t>(at)].parent) {
    if (is_dist(document.elements[static_cast<std::size_t>(at)], name)) return true;
  }
  return false;
}

// The weakest promise wins: what may be fetched later may be absent.
int rank(std::string_view delivery) {
  if (delivery == "on-demand") return 3;
  if (delivery == "fast-follow") return 2;
  if (delivery == "conditional") return 1;
  return 0;
}

void offer(std::string_view delivery, AppModule& module) {
  if (module.delivery.empty() || rank(delivery) > rank(module.delivery)) module.delivery = delivery;
}

}  // namespace

AppModule read_module(const AxmlDocument& document) {
  AppModule module;
  module.kind = "base";
  if (document.elements.empty()) return module;
  const AxmlElement& manifest = document.elements.front();
  module.name = value_of(manifest, "split");
  if (!module.name.empty()) module.kind = "feature";
  if (!value_of(manifest, "configForSplit").empty() || module.name.starts_with("config.") ||
      module.name.find(".config.") != std::string::npos)
    module.kind = "config";
  for (const AxmlElement& element : document.elements) {
    if (is_dist(element, "module")) {
      if (value_of(element, "type") == "asset-pack") module.kind = "asset-pack";
      if (value_of(element, "type") == "feature") module.kind = "feature";
      if (to_lower(value_of(element, "onDemand")) == "true") offer("on-demand", module);
    }
    if (!inside(document, element, "delivery")) continue;
    if (is_dist(element, "install-time")) offer("install-time", module);
    if (is_dist(element, "conditions")) offer("conditional", module);
    if (is_dist(element, "fast-follow")) offer("fast-follow", module);
    if (is_dist(element, "on-demand")) offer("on-demand", module);
  }
  if (module.kind == "asset-pack" && module.delivery.empty()) module.delivery = "install-time";
  return module;
}

std::string delivery_text(const AppModule& module) {
  if (module.delivery == "install-time") return "comes with the installation";
  if (module.delivery == "fast-follow") return "is fetched right after the installation";
  if (module.delivery == "on-demand") return "is fetched when the app asks for it";
  if (module.delivery == "conditional") return "comes to some devices only";
  return "";
}

}  // namespace dl::program
