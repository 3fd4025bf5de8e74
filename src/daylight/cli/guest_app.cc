// SPDX-License-Identifier: Apache-2.0
// Names as JNI writes them ("a/b/C") against descriptors ("La/b/C;").
#include "daylight/cli/guest_app.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace dl::cli {
namespace {

using program::kNoId;

std::string descriptor_of(const std::string& name) { return "L" + name + ";"; }

std::string name_of(std::string_view descriptor) {
  if (descriptor.size() < 3 || descriptor.front() != 'L') return std::string(descriptor);
  return std::string(descriptor.substr(1, descriptor.size() - 2));
}

// What every object can do.
bool is_of_object(const std::string& method) {
  constexpr std::array<std::string_view, 9> kMethods = {"getClass", "hashCode",  "equals",
                                                        "toString", "clone",     "finalize",
                                                        "notify",   "notifyAll", "wait"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

program::ClassId AppClasses::defined(const std::string& name) const {
  const program::ClassId id = index_.find_class(descriptor_of(name));
  return id != kNoId && index_.class_info(id).defined() ? id : kNoId;
}

std::optional<std::string> AppClasses::superclass(const std::string& name) const {
  const program::ClassId id = defined(name);
  if (id == kNoId || index_.class_info(id).superclass == kNoId) return std::nullopt;
  return name_of(index_.descriptor(index_.class_info(id).superclass));
}

std::vector<std::string> AppClasses::interfaces(const std::string& name) const {
  std::vector<std::string> out;
  const program::ClassId id = defined(name);
  if (id == kNoId) return out;
  for (const program::ClassId each : index_.class_info(id).interfaces)
    out.push_back(name_of(index_.descriptor(each)));
  return out;
}

std::optional<bool> AppClasses::declares(const guest::JavaMember& member) const {
  const program::ClassId id = defined(member.owner);
  if (id == kNoId) return std::nullopt;
  for (const program::ClassId each : index_.ancestors(id)) {
    const program::ClassInfo& at = index_.class_info(each);
    if (!at.defined()) {
      if (at.descriptor == "Ljava/lang/Object;") continue;
      return std::nullopt;  // the platform's class above may have it
    }
    if (member.is_field) {
      for (const program::FieldId field : at.fields) {
        const program::FieldInfo& known = index_.field_info(field);
        if (known.name == member.name && index_.descriptor(known.type) == member.signature)
          return true;
      }
      continue;
    }
    const program::MethodId method =
        index_.find_method(at.descriptor, member.name, member.signature);
    if (method != kNoId && index_.method_info(method).defined()) return true;
    if (member.name == "<init>" || member.name == "<clinit>") return false;  // not inherited
  }
  return !member.is_field && is_of_object(member.name);
}

std::unique_ptr<GuestApp> GuestApp::open(const std::filesystem::path& archive, LogSink& log) {
  auto package = program::AppPackage::open(archive, log);
  if (!package || (!package->manifest() && package->dex_files().empty())) return nullptr;
  std::unique_ptr<GuestApp> out(new GuestApp(std::move(*package)));
  out->classes_ = std::make_unique<AppClasses>(out->package_.dex_files());
  return out;
}

std::string GuestApp::package_name() const {
  return package_.manifest() ? package_.manifest()->package : std::string();
}

std::vector<std::vector<std::uint8_t>> GuestApp::certificates() const {
  std::vector<std::vector<std::uint8_t>> out;
  for (const ApkSigner& signer : package_.signers(false).signers) {
    std::vector<std::uint8_t> der(signer.certificate.begin(), signer.certificate.end());
    if (!der.empty() && std::find(out.begin(), out.end(), der) == out.end())
      out.push_back(std::move(der));
  }
  return out;
}

}  // namespace dl::cli
