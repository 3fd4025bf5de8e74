// SPDX-License-Identifier: Apache-2.0
// Matches Java's native methods with the functions that implement them.
#include "daylight/detect/native/native_entries.h"

#include <algorithm>
#include <set>

#include "daylight/base/text.h"
#include "daylight/program/native_code/jni_names.h"

namespace dl {

using program::CallerSite;
using program::ClassIndex;
using program::FunctionId;
using program::kNoFunction;
using program::kNoId;
using program::MethodId;
using program::NativeCode;
using program::NativeFunction;
using program::NativeReference;
using program::RegisteredNative;

namespace {

constexpr std::size_t kMaxRegistrars = 16;  // functions that refer to one table
constexpr std::uint64_t kRowSize = 24;      // of a table for RegisterNatives: three words

// "libx.so" -> "x", as System.loadLibrary takes it; "" for other names.
std::string_view library_stem(std::string_view file) {
  if (!file.starts_with("lib") || !file.ends_with(".so") || file.size() <= 6) return {};
  return file.substr(3, file.size() - 6);
}

// Class names among the constants that a function uses: "org/example/Net", "Lorg/example/Net;".
std::set<std::string> named_classes(const NativeCode& code, FunctionId function) {
  std::set<std::string> out;
  for (const NativeReference reference : code.references().made_by(code.functions()[function])) {
    if (reference.is_code_flow()) continue;
    std::uint64_t address = reference.to;
    if (const auto* pointer = code.pointers().at(address); pointer != nullptr && !pointer->imported)
      address = pointer->target;
    const auto text = program::short_string_at(code.elf(), address, program::kMaxJniTextSize);
    if (!text || text->empty()) continue;
    const bool descriptor = text->front() == 'L' && text->back() == ';';
    out.insert(descriptor ? std::string(*text) : "L" + std::string(*text) + ";");
  }
  return out;
}

// The functions that refer to the table in which a row stands.
std::set<FunctionId> registrars(const NativeCode& code, std::uint64_t table) {
  std::set<FunctionId> out;
  for (const NativeReference& use : code.uses_of_constant(table)) {
    const FunctionId id = code.functions().holding(use.from);
    if (id != kNoFunction && out.size() < kMaxRegistrars) out.insert(id);
  }
  return out;
}

class EntryCollector {
 public:
  EntryCollector(const NativeCode& code, const JavaNatives& natives, std::string_view library)
      : code_(code), natives_(natives), library_(library) {}

  std::vector<NativeEntry> collect() {
    add_exports();
    add_registered();
    add_initialisers();
    std::stable_sort(out_.begin(), out_.end(), [](const NativeEntry& a, const NativeEntry& b) {
      return a.function != b.function ? a.function < b.function : a.how < b.how;
    });
    return std::move(out_);
  }

 private:
  void add_exports();
  void add_registered();
  void add_initialisers();
  void add_row(const RegisteredNative& row, const std::set<std::string>& classes);
  const std::set<std::string>& classes_of(FunctionId registrar);
  std::vector<MethodId> loaders() const {
    std::vector<MethodId> out;
    for (const CallerSite& site : natives_.loads(library_)) out.push_back(site.caller);
    return out;
  }

  const NativeCode& code_;
  const JavaNatives& natives_;
  std::string_view library_;
  std::map<FunctionId, std::set<std::string>> classes_;  // that a registering function names
  std::vector<NativeEntry> out_;
};

const std::set<std::string>& EntryCollector::classes_of(FunctionId registrar) {
  const auto found = classes_.find(registrar);
  if (found != classes_.end()) return found->second;
  return classes_.emplace(registrar, named_classes(code_, registrar)).first->second;
}

void EntryCollector::add_exports() {
  // One function may implement several methods: the linker folds equal bodies, and symbols alias.
  for (const ElfSymbol& symbol : code_.elf().symbols()) {
    if (!symbol.defined()) continue;
    const bool on_load = symbol.name == "JNI_OnLoad";
    if (!on_load && !symbol.name.starts_with("Java_")) continue;
    const FunctionId id = code_.functions().at(symbol.value);
    if (id == kNoFunction) continue;
    NativeEntry entry{id,
                      on_load ? NativeEntry::How::kOnLoad : NativeEntry::How::kExport,
                      std::string(symbol.name),
                      {},
                      {}};
    entry.methods = on_load ? loaders() : natives_.of_symbol(symbol.name);
    if (on_load) entry.why = "runs when the library is loaded";
    out_.push_back(std::move(entry));
  }
}

void EntryCollector::add_row(const RegisteredNative& row, const std::set<std::string>& classes) {
  const ClassIndex& index = natives_.code().index();
  NativeEntry entry{row.function,
                    NativeEntry::How::kRegistered,
                    std::string(row.name) + std::string(row.signature),
                    {},
                    {}};
  const auto candidates = natives_.of_name(row.name, row.signature);
  for (const MethodId method : candidates) {
    if (classes.contains(std::string(index.method_owner(method)))) entry.methods.push_back(method);
  }
  if (!entry.methods.empty()) {
    entry.why = "registered by a function that names the class";
  } else if (candidates.size() == 1) {
    entry.methods = candidates;
    entry.why = "registered; the only native method of this name and type";
  } else {
    entry.why = candidates.empty() ? "registered; the app declares no such native method"
                                   : "registered; several classes have such a native method";
  }
  out_.push_back(std::move(entry));
}

void EntryCollector::add_registered() {
  const auto& rows = code_.registered_natives();
  std::set<std::string> classes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].registrar != kNoFunction) {
      add_row(rows[i], classes_of(rows[i].registrar));
      continue;
    }
    // Rows that follow each other are one table, which code refers to by its first.
    if (i == 0 || rows[i - 1].row + kRowSize != rows[i].row) {
      classes.clear();
      for (const FunctionId registrar : registrars(code_, rows[i].row)) {
        const auto& named = classes_of(registrar);
        classes.insert(named.begin(), named.end());
      }
    }
    add_row(rows[i], classes);
  }
}

void EntryCollector::add_initialisers() {
  const auto functions = code_.functions().all();
  for (FunctionId id = 0; id < functions.size(); ++id) {
    if ((functions[id].sources & program::kFromInit) == 0) continue;
    out_.push_back({id, NativeEntry::How::kInitialiser, code_.functions().label(id), loaders(),
                    "runs when the library is loaded"});
  }
}

}  // namespace

JavaNatives::JavaNatives(const program::AppCode& code) : code_(code) {
  add_methods();
  add_loads();
}

void JavaNatives::add_methods() {
  const ClassIndex& index = code_.index();
  for (MethodId method = 0; method < index.method_count(); ++method) {
    if (!index.method_info(method).is_native()) continue;
    const auto owner = index.method_owner(method);
    const auto name = index.method_name(method);
    const auto descriptor = index.method_descriptor(method);
    by_symbol_[program::jni_short_name(owner, name)].push_back(method);
    by_symbol_[program::jni_long_name(owner, name, descriptor)].push_back(method);
    by_name_[{name, descriptor}].push_back(method);
  }
}

void JavaNatives::add_loads() {
  const ClassIndex& index = code_.index();
  for (MethodId method = 0; method < index.method_count(); ++method) {
    // System, Runtime, and the helpers that apps put in their place all call it so.
    if (index.method_name(method) != "loadLibrary") continue;
    for (const CallerSite& site : code_.graph().named_callers(method)) {
      for (const program::StringUse& use : code_.facts().strings(site.caller))
        loads_[std::string(use.text)].push_back(site);
    }
  }
  for (auto& [name, sites] : loads_) {
    std::stable_sort(sites.begin(), sites.end(), [](const CallerSite& a, const CallerSite& b) {
      return a.caller != b.caller ? a.caller < b.caller : a.pc < b.pc;
    });
    sites.erase(std::unique(sites.begin(), sites.end(),
                            [](const CallerSite& a, const CallerSite& b) {
                              return a.caller == b.caller && a.pc == b.pc;
                            }),
                sites.end());
  }
}

std::vector<MethodId> JavaNatives::of_symbol(std::string_view symbol) const {
  const auto found = by_symbol_.find(std::string(symbol));
  return found == by_symbol_.end() ? std::vector<MethodId>() : found->second;
}

std::vector<MethodId> JavaNatives::of_name(std::string_view name,
                                           std::string_view descriptor) const {
  const auto found = by_name_.find({name, descriptor});
  return found == by_name_.end() ? std::vector<MethodId>() : found->second;
}

std::vector<CallerSite> JavaNatives::loads(std::string_view library) const {
  std::vector<CallerSite> out;
  for (const std::string_view name : {library_stem(library), library}) {
    const auto found = loads_.find(name);
    if (name.empty() || found == loads_.end()) continue;
    out.insert(out.end(), found->second.begin(), found->second.end());
  }
  return out;
}

std::vector<NativeEntry> native_entries(const NativeCode& code, const JavaNatives& natives,
                                        std::string_view library) {
  return EntryCollector(code, natives, library).collect();
}

}  // namespace dl
