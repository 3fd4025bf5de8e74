// SPDX-License-Identifier: Apache-2.0
// Fills AppInfo for every shape of app.
#include "daylight/detect/app_info.h"

#include <algorithm>
#include <set>

#include "daylight/base/text.h"
#include "daylight/program/package/ios_bundle.h"

namespace dl {
namespace {

void describe_android(const ManifestInfo& manifest, AppInfo& info) {
  info.package = manifest.package;
  info.version_name = manifest.version_name;
  info.version_code = std::to_string(manifest.version_code);
  info.permissions = manifest.permissions;
}

void describe_ios(const program::IosBundle& bundle, AppInfo& info) {
  info.package = printable(bundle.identifier);
  info.version_name = printable(bundle.version_name);
  info.version_code = printable(bundle.version_code);
  for (const std::string& usage : bundle.usages) info.permissions.push_back(printable(usage));
  info.abis = bundle.cpus;
}

// Split APKs; of a bundle its modules beside the base.
std::vector<std::string> parts_of(const program::AppPackage& app) {
  std::vector<std::string> out;
  for (const std::string& split : app.splits()) out.push_back(printable(split));
  if (app.shape() != program::AppShape::kBundle) return out;
  for (const program::AppModule& module : app.modules()) out.push_back(printable(module.name));
  return out;
}

}  // namespace

AppInfo describe_app(const program::AppPackage& app, bool verify_signatures,
                     std::vector<Gap>& gaps) {
  AppInfo info;
  info.sha256 = app.sha256();
  info.shape = std::string(program::shape_name(app.shape()));
  info.files.push_back({app.file_name(), info.sha256, app.size()});
  info.splits = parts_of(app);
  std::set<std::string> abis;
  for (const auto& library : app.native_libraries()) abis.insert(library.abi);
  info.abis.assign(abis.begin(), abis.end());
  if (const auto& manifest = app.manifest()) {
    describe_android(*manifest, info);
  } else {
    GapList found;
    if (const auto bundle = program::read_ios_bundle(app, found)) {
      describe_ios(*bundle, info);
      found.add(bundle->root.empty() ? app.file_name() : bundle->root,
                "Objective-C and Swift: classes and symbols are listed, calls are not read, and "
                "signatures are not verified");
    }
    for (const FormatGap& gap : found.list())
      gaps.push_back({printable(gap.where), printable(gap.why, 300)});
  }
  const SigningReport report = app.signers(verify_signatures);
  for (const ApkSigner& signer : report.signers) {
    info.signers.push_back(
        {signer.cert_sha256, std::string(scheme_name(signer.scheme)), signer.valid});
  }
  for (const FormatGap& gap : report.gaps.list()) gaps.push_back({gap.where, gap.why});
  return info;
}

void note_delivery(const program::AppPackage& app, std::vector<ModelRecord>& models) {
  if (app.modules().empty()) return;
  for (ModelRecord& model : models) {
    for (const program::AppEntry& entry : app.entries()) {
      const auto chain = app.chain_of(entry);
      const auto& of_model = model.location.entry;
      if (chain.size() > of_model.size() ||
          !std::equal(chain.begin(), chain.end(), of_model.begin()))
        continue;
      const program::AppModule* module = app.module_of(entry);
      if (module == nullptr) break;
      model.metadata["module"] = printable(module->name);
      if (!module->delivery.empty()) model.metadata["delivery"] = module->delivery;
      Evidence evidence{"manifest", app.file_name(), module->chain};
      evidence.rule = "app.module";
      const std::string when = delivery_text(*module);
      evidence.excerpt =
          printable(module->kind + " \"" + module->name + "\"" + (when.empty() ? "" : " " + when));
      model.evidence.push_back(std::move(evidence));
      break;
    }
  }
}

}  // namespace dl
