// SPDX-License-Identifier: Apache-2.0
// Builds the files that samples describe.
#include "support/rule_samples.h"

#include <map>
#include <vector>

#include "support/dex_builder.h"
#include "support/elf_builder.h"
#include "support/res_builder.h"
#include "support/zip_builder.h"

namespace dl::testing {
namespace {

using Strings = std::vector<std::string>;
using Member = std::tuple<std::string, std::string, std::string>;

Strings texts(const Json& json, const char* key) {
  return json.contains(key) ? json[key].get<Strings>() : Strings();
}

// "Lx/Y;->m(I)V" into owner, name, descriptor.
Member split_method(const std::string& text) {
  const std::size_t arrow = text.find("->");
  const std::size_t open = text.find('(', arrow);
  return {text.substr(0, arrow), text.substr(arrow + 2, open - arrow - 2), text.substr(open)};
}

// Opcodes and lengths, in units, of instructions that shapes name.
const std::map<std::string, DexUnits>& instructions() {
  static const std::map<std::string, DexUnits> known{{"neg-float", {0x007f}},
                                                     {"div-float", {0x00a9, 0x0000}}};
  return known;
}

DexUnits body(const Json& method, const DexIds& ids) {
  DexUnits units;
  for (const std::string& text : texts(method, "strings"))
    units.insert(units.end(), {0x001a, ids.string(text)});
  for (const std::string& type : texts(method, "creates"))
    units.insert(units.end(), {0x0022, ids.type(type)});
  for (const std::string& call : texts(method, "calls")) {
    const auto [owner, name, descriptor] = split_method(call);
    units.insert(units.end(), {0x0071, ids.method(owner, name, descriptor), 0x0000});
  }
  for (const std::string& name : texts(method, "instructions")) {
    const DexUnits& code = instructions().at(name);
    units.insert(units.end(), code.begin(), code.end());
  }
  units.push_back(0x000e);  // return-void: nobody runs it
  return units;
}

void add_method(const Json& json, DexBuilder& builder, DexTestClass& out) {
  constexpr std::uint32_t kPublic = 0x1, kStatic = 0x8, kNative = 0x100, kAbstract = 0x400;
  constexpr std::uint32_t kConstructor = 0x10000;
  DexTestMethod method;
  method.name = json["name"];
  method.descriptor = json.value("descriptor", "()V");
  const bool constructor = method.name.starts_with('<');
  const bool is_static = json.value("static", false);
  const bool without_code = json.value("native", false) || json.value("abstract", false);
  method.access = kPublic | (is_static ? kStatic : 0) | (constructor ? kConstructor : 0) |
                  (json.value("native", false) ? kNative : 0) |
                  (json.value("abstract", false) ? kAbstract : 0);
  if (!without_code) {
    method.registers = 16;
    method.code = [json](const DexIds& ids) { return body(json, ids); };
    std::uint16_t ins = is_static ? 0 : 1;
    for (const std::string& type : split_descriptor(method.descriptor)) {
      ins = static_cast<std::uint16_t>(ins + (type == "J" || type == "D" ? 2 : 1));
    }
    method.ins = static_cast<std::uint16_t>(ins - 1);  // the last one is the result
    method.registers = static_cast<std::uint16_t>(method.ins + 2);
  }
  for (const std::string& text : texts(json, "strings")) builder.strings.push_back(text);
  for (const std::string& type : texts(json, "creates")) builder.types.push_back(type);
  for (const std::string& call : texts(json, "calls"))
    builder.methods.push_back(split_method(call));
  (is_static || constructor ? out.direct_methods : out.virtual_methods).push_back(method);
}

}  // namespace

std::string sample_library(const Json& library) {
  ElfSpec spec;
  spec.soname = library.value("soname", "");
  spec.build_id = library.value("build_id", "");
  spec.needed = texts(library, "needed");
  spec.exports = texts(library, "exports");
  spec.imports = texts(library, "imports");
  spec.strings = texts(library, "strings");
  return build_elf(spec);
}

std::string sample_dex(const Json& classes) {
  DexBuilder builder;
  for (const Json& json : classes) {
    DexTestClass out;
    out.descriptor = json["name"];
    out.superclass = json.value("superclass", "Ljava/lang/Object;");
    out.interfaces = texts(json, "interfaces");
    if (json.value("interface", false)) out.access = 0x601;  // public abstract interface
    int number = 0;
    for (const std::string& type : texts(json, "fields"))
      out.instance_fields.push_back({"f" + std::to_string(number++), type, 0x1});
    if (json.contains("methods")) {
      for (const Json& method : json["methods"]) add_method(method, builder, out);
    }
    builder.classes.push_back(std::move(out));
  }
  return builder.build();
}

std::string sample_manifest(const Json& manifest) {
  constexpr const char* kAndroid = "http://schemas.android.com/apk/res/android";
  AxmlBuilder axml;
  const auto attribute = [&](const char* name, std::uint32_t id, const std::string& text) {
    return AxmlBuilder::Attribute{
        .name = name, .resource_id = id, .text = text, .android = kAndroid};
  };
  axml.start("manifest",
             {{.name = "package", .text = manifest.value("package", "org.example.sample")}});
  axml.start("application");
  if (manifest.contains("meta_data")) {
    for (const auto& [name, value] : manifest["meta_data"].items()) {
      axml.start("meta-data", {attribute("name", 0x01010003, name),
                               attribute("value", 0x01010024, value.get<std::string>())});
      axml.end("meta-data");
    }
  }
  for (const std::string& name : texts(manifest, "components")) {
    axml.start("service", {attribute("name", 0x01010003, name)});
    axml.end("service");
  }
  axml.end("application");
  axml.end("manifest");
  return axml.build();
}

std::string sample_app(const Json& sample) {
  std::vector<ZipItem> items;
  items.push_back(
      {"AndroidManifest.xml", sample_manifest(sample.value("manifest", Json::object()))});
  if (sample.contains("classes")) items.push_back({"classes.dex", sample_dex(sample["classes"])});
  if (sample.contains("library")) {
    const Json& library = sample["library"];
    items.push_back(
        {"lib/arm64-v8a/" + library.value("name", "libsample.so"), sample_library(library)});
  }
  if (sample.contains("script")) {
    const Json& script = sample["script"];
    const std::string hex = script.value("hex", "");
    std::string content;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      content += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    content += script.value("text", "");
    items.push_back({script["name"].get<std::string>(), content});
  }
  return build_zip(items).bytes;
}

}  // namespace dl::testing
