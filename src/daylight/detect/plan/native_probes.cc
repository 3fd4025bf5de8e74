// SPDX-License-Identifier: Apache-2.0
// Reads the evidence of native calls back into places that an agent can hook.
#include "daylight/detect/plan/native_probes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "daylight/artifact/selector.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/detect/plan/native_signatures.h"
#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_names.h"

namespace dl {
namespace {

using program::AppCode;
using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;

constexpr std::string_view kNativeApi = "native:";

// "Lpkg/Class;->method(D)R"; kNoId if the app has none.
MethodId method_of_text(const ClassIndex& index, std::string_view text) {
  const std::size_t arrow = text.find("->");
  const std::size_t paren = text.find('(');
  if (arrow == std::string_view::npos || paren == std::string_view::npos || paren < arrow)
    return kNoId;
  return index.find_method(text.substr(0, arrow), text.substr(arrow + 2, paren - arrow - 2),
                           text.substr(paren));
}

bool is_native_call(const CallRecord& call) { return call.api.starts_with(kNativeApi); }

// "native:tflite.input", "native:tflite.TfLiteTensorCopyToBuffer" -> the probe's role.
std::string role_of_native(const CallRecord& call) {
  const std::string name = call.api.substr(call.api.rfind('.') + 1);
  if (const NativeSignature* known = runtime_signature(name)) return std::string(known->role);
  for (const Evidence& evidence : call.evidence) {
    if (!evidence.rule.starts_with("native-anchor.")) continue;
    std::string anchor = evidence.rule.substr(evidence.rule.rfind('.') + 1);
    if (anchor == "input" || anchor == "output") return anchor;
    if (anchor == "run") return "model-run";
  }
  return "model-load";
}

void add_reason(std::vector<std::string>& why, const std::string& id) {
  if (std::find(why.begin(), why.end(), id) == why.end()) why.push_back(id);
}

// A buffer or picture goes in or comes out.
bool passes_pixels(const ClassIndex& index, MethodId method) {
  const auto is_buffer = [&](ClassId id) {
    if (id == kNoId) return false;
    const std::string_view type = index.descriptor(id);
    return type == "[B" || type == "[I" || type == "[F" || type == "Ljava/nio/ByteBuffer;" ||
           type == "Landroid/graphics/Bitmap;" || type == "Landroid/media/Image;";
  };
  const auto& proto = index.proto(method);
  return is_buffer(proto.result) ||
         std::any_of(proto.parameters.begin(), proto.parameters.end(), is_buffer);
}

// A library as far as probes need it.
struct Library {
  std::string name;  // file name
  LibraryPin pin;
  std::set<std::string, std::less<>> defined;
  std::set<std::string, std::less<>> imported;
  std::map<std::string, std::string> by_label;  // readable name -> symbol
};

class LibraryProbes {
 public:
  LibraryProbes(const program::AppPackage& app, const Inventory& inventory, std::vector<Gap>& gaps)
      : app_(app), inventory_(inventory), gaps_(gaps) {}

  std::vector<Probe> run() {
    for (const CallRecord& call : inventory_.calls) {
      if (is_native_call(call)) add_call(call);
    }
    for (const TaskRecord& task : inventory_.tasks) {
      for (const Evidence& evidence : task.evidence) {
        if (evidence.rule == "task.native-method") add_imports(evidence, task.id);
      }
    }
    std::vector<Probe> out;
    for (auto& [selector, probe] : probes_) {
      if (out.size() == kMaxLibraryProbes) {
        gaps_.push_back({app_.file_name(), std::to_string(probes_.size() - kMaxLibraryProbes) +
                                               " more places in libraries than are listed"});
        break;
      }
      out.push_back(std::move(probe));
    }
    return out;
  }

 private:
  const Library* library_of(const std::vector<std::string>& chain);
  void add_call(const CallRecord& call);
  void add_imports(const Evidence& evidence, const std::string& why);
  void add(const Selector& selector, const std::string& role, std::vector<std::string> decode,
           const std::string& why);

  const program::AppPackage& app_;
  const Inventory& inventory_;
  std::vector<Gap>& gaps_;
  std::map<std::vector<std::string>, std::unique_ptr<Library>> libraries_;
  std::map<std::string, Probe> probes_;
};

std::unique_ptr<Library> read_library(ByteSpan bytes, const std::string& entry) {
  const auto elf = ElfFile::parse(bytes, entry);
  if (!elf) return nullptr;
  auto out = std::make_unique<Library>();
  out->name = entry.substr(entry.rfind('/') + 1);
  if (!elf->build_id().empty() && elf->build_id().size() <= 128) {
    out->pin.build_id = elf->build_id();
  } else {
    out->pin.sha256 = sha256_hex(bytes);
  }
  for (const auto* symbols : {&elf->symbols(), &elf->debug_symbols()}) {
    for (const ElfSymbol& symbol : *symbols) {
      if (symbol.name.empty()) continue;
      if (!symbol.defined()) {
        out->imported.emplace(symbol.name);
      } else if (symbol.type == 2 || symbol.type == 10) {
        out->defined.emplace(symbol.name);
        out->by_label.try_emplace(printable(program::readable_symbol(symbol.name), 200),
                                  symbol.name);
      }
    }
  }
  return out;
}

const Library* LibraryProbes::library_of(const std::vector<std::string>& chain) {
  const auto known = libraries_.find(chain);
  if (known != libraries_.end()) return known->second.get();
  std::unique_ptr<Library> library;
  for (const program::AppEntry& entry : app_.entries()) {
    if (entry.shadowed || chain.empty() || !chain.back().ends_with(entry.name) ||
        app_.chain_of(entry) != chain) {
      continue;
    }
    const auto content = app_.read_once(entry);
    if (content) library = read_library(content->bytes, chain.back());
    break;
  }
  if (library == nullptr && !chain.empty())
    gaps_.push_back({printable(chain.back()),
                     "the library is not in this app: no place in it is "
                     "planned"});
  return libraries_.emplace(chain, std::move(library)).first->second.get();
}

void LibraryProbes::add(const Selector& selector, const std::string& role,
                        std::vector<std::string> decode, const std::string& why) {
  const std::string text = print_selector(selector);
  // A name that is too long to be read back is no use to an agent.
  if (!parse_selector(text)) {
    gaps_.push_back({printable(text), "the name is too long for a selector"});
    return;
  }
  Probe& probe = probes_[text];
  if (probe.selector.empty()) {
    probe.layer = "native";
    probe.selector = text;
    probe.role = role;
    probe.decode = std::move(decode);
  }
  add_reason(probe.why, why);
}

void LibraryProbes::add_call(const CallRecord& call) {
  if (call.evidence.empty()) return;
  const Library* library = library_of(call.evidence.front().entry);
  if (library == nullptr) return;
  const std::string role = role_of_native(call);
  const NativeSignature* known = runtime_signature(call.method);
  const std::vector<std::string> decode =
      known == nullptr ? std::vector<std::string>() : decode_of(*known);
  const std::string name = call.method.substr(0, call.method.find('@'));
  if (library->defined.contains(name)) {
    add(symbol_selector(library->name, name), role, decode, call.id);
  } else if (library->imported.contains(name)) {
    add(import_selector(library->name, name), role, decode, call.id);
  } else {
    // A function without a name, or one that is looked up by name: the caller is the place.
    const std::string label = call.caller.substr(call.caller.find('!') + 1);
    const auto symbol = library->by_label.find(label);
    if (symbol != library->by_label.end()) {
      add(symbol_selector(library->name, symbol->second), role, {}, call.id);
    } else if (label.starts_with("+0x")) {
      const auto place = parse_selector("so:x" + label);
      if (place && place->offset)
        add(offset_selector(library->name, *place->offset, library->pin), role, {}, call.id);
    } else {
      gaps_.push_back({call.id, "no place in the library has the name " + printable(label, 100)});
    }
  }
  add_imports(call.evidence.front(), call.id);
}

void LibraryProbes::add_imports(const Evidence& evidence, const std::string& why) {
  const Library* library = library_of(evidence.entry);
  if (library == nullptr) return;
  for (const NativeSignature& known : file_imports()) {
    if (library->imported.contains(known.symbol)) {
      add(import_selector(library->name, std::string(known.symbol)), std::string(known.role),
          decode_of(known), why);
    }
  }
}

}  // namespace

std::vector<WatchedNative> watched_natives(const AppCode& code, const Inventory& inventory) {
  const ClassIndex& index = code.index();
  std::map<MethodId, WatchedNative> found;
  const auto add = [&](MethodId method, const std::string& role, const std::string& why) {
    if (method == kNoId || !index.method_info(method).is_native()) return;
    WatchedNative& native = found[method];
    native.method = method;
    if (native.role.empty()) native.role = role;
    add_reason(native.why, why);
  };
  for (const CallRecord& call : inventory.calls) {
    if (!is_native_call(call)) continue;
    for (const Evidence& evidence : call.evidence) {
      if (evidence.rule == "jni-method")
        add(method_of_text(index, evidence.method), role_of_native(call), call.id);
    }
  }
  for (const TaskRecord& task : inventory.tasks) {
    for (const Evidence& evidence : task.evidence) {
      if (evidence.rule == "task.native-method")
        add(method_of_text(index, evidence.excerpt), "model-run", task.id);
    }
  }
  // What stands beside them often prepares their pictures.
  const std::map<MethodId, WatchedNative> direct = found;
  for (const auto& [method, native] : direct) {
    for (const MethodId other : index.class_info(index.method_info(method).owner).methods) {
      if (direct.contains(other) || !passes_pixels(index, other)) continue;
      for (const std::string& why : native.why) add(other, "preprocess", why);
    }
  }
  std::vector<WatchedNative> out;
  out.reserve(found.size());
  for (auto& [method, native] : found) out.push_back(std::move(native));
  return out;
}

std::vector<Probe> library_probes(const program::AppPackage& app, const Inventory& inventory,
                                  std::vector<Gap>& gaps) {
  return LibraryProbes(app, inventory, gaps).run();
}

}  // namespace dl
