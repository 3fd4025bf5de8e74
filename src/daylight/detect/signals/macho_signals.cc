// SPDX-License-Identifier: Apache-2.0
// Fills BinaryFacts from a Mach-O image.
#include "daylight/detect/signals/macho_signals.h"

namespace dl {
namespace {

constexpr std::string_view kClassSymbol = "_OBJC_CLASS_$_";

std::string_view rule_name(std::string_view symbol) {
  if (symbol.starts_with('_') && !symbol.starts_with("_OBJC_")) symbol.remove_prefix(1);
  return symbol;
}

}  // namespace

void read_macho_facts(const MachoFile& file, std::string_view path, MachoFacts& out) {
  BinaryFacts& facts = out.facts;
  facts.name = path.substr(path.rfind('/') + 1);
  facts.soname = file.install_name();
  facts.build_id = file.uuid();
  for (const MachoDylib& dylib : file.dylibs()) facts.links.push_back(dylib.name);
  for (const std::string& name : file.imports()) facts.imports.push_back(rule_name(name));
  out.names = file.exported_names();
  for (const std::string& name : file.objc_defined_classes())
    out.names.push_back(std::string(kClassSymbol) + name);
  for (const std::string& name : out.names) facts.exports.push_back(rule_name(name));
  for (const MachoRange& range : file.data_ranges())
    facts.data.push_back({range.address, file.slice_offset() + range.offset, range.bytes});
}

}  // namespace dl
