// SPDX-License-Identifier: Apache-2.0
// Assembles the small app.
#include "support/small_app.h"

#include <cstdlib>

#include "support/dex_builder.h"

namespace dl::testing {
namespace {

constexpr std::uint16_t kReturnVoid = 0x000e;
constexpr std::uint32_t kConstructor = 0x10001;
constexpr std::uint32_t kPublic = 0x1;
constexpr std::uint32_t kAbstract = 0x401;

// invoke-<kind> {v0}
DexUnits invoke(std::uint16_t opcode, std::uint16_t method) {
  return {static_cast<std::uint16_t>(0x1000 | opcode), method, 0};
}

DexUnits joined(const std::vector<DexUnits>& parts) {
  DexUnits out;
  for (const DexUnits& part : parts) out.insert(out.end(), part.begin(), part.end());
  out.push_back(kReturnVoid);
  return out;
}

// new-instance v0, then its constructor
DexUnits make(const DexIds& ids, const std::string& type) {
  return {0x0022, ids.type(type), 0x1070, ids.method(type, "<init>", "()V"), 0};
}

DexTestMethod constructor(const std::string& super) {
  return {.name = "<init>",
          .access = kConstructor,
          .registers = 1,
          .ins = 1,
          .outs = 1,
          .code = [super](const DexIds& ids) {
            return joined({invoke(0x70, ids.method(super, "<init>", "()V"))});
          }};
}

DexTestMethod virtual_method(const std::string& name, std::function<DexUnits(const DexIds&)> code,
                             const std::string& descriptor = "()V", std::uint16_t ins = 1) {
  return {.name = name,
          .descriptor = descriptor,
          .access = kPublic,
          .registers = static_cast<std::uint16_t>(ins + 1),
          .ins = ins,
          .outs = 1,
          .code = std::move(code)};
}

DexUnits nothing(const DexIds& /*ids*/) { return {kReturnVoid}; }

DexTestClass plain(const std::string& name, const std::string& super = "Ljava/lang/Object;") {
  DexTestClass cls;
  cls.descriptor = name;
  cls.superclass = super;
  cls.direct_methods = {constructor(super)};
  return cls;
}

}  // namespace

std::string small_app_dex() {
  DexBuilder builder;
  DexTestClass main = plain("Lapp/Main;", "Landroid/app/Activity;");
  main.virtual_methods = {
      virtual_method(
          "onCreate",
          [](const DexIds& ids) {
            return joined({make(ids, "Lapp/Task;"),
                           make(ids, "Lapp/Circle;"),
                           invoke(0x6e, ids.method("Lapp/Shape;", "area", "()V")),
                           {0x001a, ids.string("app.Loaded")},
                           invoke(0x71, ids.method("Ljava/lang/Class;", "forName",
                                                   "(Ljava/lang/String;)Ljava/lang/Class;")),
                           {0x0071, ids.method("Lapp/Other;", "help", "()V"), 0}});
          },
          "(Landroid/os/Bundle;)V", 2),
      virtual_method("untouched", nothing)};
  DexTestClass task = plain("Lapp/Task;");
  task.interfaces = {"Ljava/lang/Runnable;"};
  task.virtual_methods = {virtual_method("run", [](const DexIds& ids) {
    return joined({{0x001a, ids.string("task string")}, make(ids, "Lapp/Worker;")});
  })};
  DexTestClass shape = plain("Lapp/Shape;");
  shape.access = kAbstract;
  shape.virtual_methods = {{.name = "area", .access = kAbstract}};
  DexTestClass circle = plain("Lapp/Circle;", "Lapp/Shape;");
  circle.virtual_methods = {virtual_method("area", nothing)};
  DexTestClass square = plain("Lapp/Square;", "Lapp/Shape;");
  square.virtual_methods = {virtual_method("area", nothing)};
  builder.classes = {
      main, task, shape, circle, square, plain("Lapp/Worker;"), plain("Lapp/Loaded;")};
  builder.strings = {"app.Loaded", "task string"};
  builder.methods = {{"Ljava/lang/Object;", "<init>", "()V"},
                     {"Landroid/app/Activity;", "<init>", "()V"},
                     {"Ljava/lang/Class;", "forName", "(Ljava/lang/String;)Ljava/lang/Class;"},
                     {"Lapp/Other;", "help", "()V"}};
  return builder.build();
}

std::string small_app_second_dex() {
  DexBuilder builder;
  DexTestClass other;
  other.descriptor = "Lapp/Other;";
  other.direct_methods = {{.name = "help", .access = 0x9, .registers = 1, .code = nothing}};
  DexTestClass dead;
  dead.descriptor = "Lapp/Dead;";
  dead.direct_methods = {
      {.name = "never", .access = 0x9, .registers = 1, .code = [](const DexIds& ids) {
         return joined({{0x0071, ids.method("Lapp/Other;", "help", "()V"), 0}});
       }}};
  builder.classes = {other, dead};
  return builder.build();
}

ManifestInfo small_app_manifest() {
  ManifestInfo manifest;
  manifest.package = "app";
  ManifestComponent activity;
  activity.name = "app.Main";
  manifest.components.push_back(activity);
  return manifest;
}

std::vector<DexFile> open_dex_files(const std::vector<std::string>& contents) {
  std::vector<DexFile> files;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    auto dex = DexFile::open(as_bytes(contents[i]),
                             i == 0 ? "classes.dex" : "classes" + std::to_string(i + 1) + ".dex");
    if (!dex) std::abort();
    files.push_back(std::move(*dex));
  }
  return files;
}

}  // namespace dl::testing
