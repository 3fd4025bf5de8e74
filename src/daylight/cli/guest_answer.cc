// SPDX-License-Identifier: Apache-2.0
// Answers of a jailed guest, put together inside.
#include "daylight/cli/guest_answer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/native_methods.h"

namespace dl::cli {
namespace {

Json gaps_json(const GapList& gaps) {
  Json out = Json::array();
  for (const FormatGap& gap : gaps.list()) out.push_back({{"where", gap.where}, {"why", gap.why}});
  return out;
}

}  // namespace

void KeptEvents::lookup(const guest::GuestLookup& lookup) {
  const std::scoped_lock lock(mutex_);
  const std::string key = std::string(name_of(lookup.what)) + "\n" + lookup.name;
  if (lookups_.contains(key)) return;
  if (lookups_.size() < kMostKept) {
    lookups_.emplace(key, lookup);
  } else {
    ++dropped_lookups_;
  }
}

void KeptEvents::log(int priority, std::string_view tag, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  if (log_.size() < kMostKept) {
    log_.push_back(Json{{"priority", priority}, {"tag", tag}, {"text", text}});
  } else {
    ++dropped_log_;
  }
}

Json KeptEvents::lookups() const {
  const std::scoped_lock lock(mutex_);
  Json out = Json::array();
  for (const auto& [key, lookup] : lookups_)
    out.push_back({{"what", name_of(lookup.what)},
                   {"name", lookup.name},
                   {"found", lookup.found},
                   {"answer", lookup.answer}});
  return out;
}

Json KeptEvents::log() const {
  const std::scoped_lock lock(mutex_);
  return log_;
}

Json KeptEvents::dropped() const {
  const std::scoped_lock lock(mutex_);
  if (dropped_lookups_ + dropped_log_ == 0) return nullptr;
  return {{"lookups", dropped_lookups_}, {"log", dropped_log_}};
}

Json to_json(const guest::GuestFault& fault) {
  return {{"kind", name_of(fault.kind)}, {"what", fault.what}, {"backtrace", fault.backtrace}};
}

void tell_events(guest::Guest& guest, const KeptEvents& events, Json& answer) {
  answer["lookups"] = events.lookups();
  answer["log"] = events.log();
  if (Json dropped = events.dropped(); !dropped.is_null()) answer["dropped"] = std::move(dropped);
  Json wanted = Json::array();
  for (const auto& gap : guest.java().gaps())
    wanted.push_back({{"java", gap.what}, {"times", gap.times}});
  answer["wanted_of_java"] = std::move(wanted);
}

Result<Json> load_library(guest::Guest& guest, const guest::LibraryFiles& files,
                          const KeptEvents& events, const guest::SayStep& say) {
  say("while its libraries were loaded");
  const auto library = guest.load(files.name());
  if (!library) return tl::unexpected<Error>(library.error());
  Json out = {{"library", files.name()}, {"abi", abi_of(files.machine())}};
  say("in JNI_OnLoad");
  const auto version = guest.run_on_load(**library);
  Json on_load = {{"exported", (*library)->find("JNI_OnLoad").has_value()}};
  if (version) {
    on_load["version"] = "0x" + hex_number(static_cast<std::uint32_t>(*version), 8);
  } else {
    on_load["fault"] = to_json(version.error());
  }
  out["jni_on_load"] = std::move(on_load);
  Json libraries = Json::array();
  for (const auto& each : guest.loader().libraries())
    libraries.push_back({{"name", each->name}, {"build_id", each->elf.build_id()}});
  out["libraries"] = std::move(libraries);
  Json missing = Json::array();
  for (const auto& import : guest.loader().missing())
    missing.push_back({{"library", import.library}, {"name", import.name}, {"weak", import.weak}});
  out["missing_imports"] = std::move(missing);
  tell_events(guest, events, out);
  out["gaps"] = gaps_json(guest.loader().gaps());
  return out;
}

Json files_json(guest::Guest& guest, Json& gaps) {
  const guest::FileChanges changes = guest::file_changes(guest.machine());
  Json written = Json::array();
  for (const auto& [path, size] : changes.written)
    written.push_back({{"path", path}, {"size", size}});
  for (const std::string& why : changes.gaps) gaps.push_back({{"where", "files"}, {"why", why}});
  return {{"written", std::move(written)}, {"removed", changes.removed}};
}

Json natives_json(guest::Guest& guest) {
  Json out = Json::array();
  std::vector<guest::NativeMethod> natives = guest::native_methods(guest);
  std::stable_sort(natives.begin(), natives.end(), [](const auto& a, const auto& b) {
    return std::tie(a.owner, a.name, a.signature) < std::tie(b.owner, b.name, b.signature);
  });
  for (const guest::NativeMethod& native : natives) {
    std::string klass = native.owner;
    std::replace(klass.begin(), klass.end(), '/', '.');
    Json entry = {{"class", klass},
                  {"name", native.name},
                  {"signature", native.signature},
                  {"library", native.library},
                  {native.library.empty() ? "address" : "offset", "0x" + hex_number(native.offset)},
                  {"route", name_of(native.route)}};
    if (!native.problem.empty()) entry["problem"] = native.problem;
    out.push_back(std::move(entry));
  }
  return out;
}

Json engines_json(guest::Guest& guest) {
  Json out = Json::array();
  for (const guest::EngineRegistration& each : guest.loader().registrations()) {
    Json functions = Json::array();
    for (const std::uint64_t function : each.functions)
      functions.push_back("0x" + hex_number(function));
    out.push_back({{"library", each.library},
                   {"receiver", each.receiver},
                   {"symbol", each.symbol},
                   {"name", each.name},
                   {"functions", std::move(functions)},
                   {"texts", each.texts}});
  }
  return out;
}

Result<Json> read_exports(const guest::LibraryFiles& files) {
  const auto file = files.find(files.name());
  if (!file) return fail(ErrorCode::kNotFound, "is gone", files.name());
  const ElfFile elf = TRY(ElfFile::parse(file->content.bytes, files.name()));
  Json exports = Json::array();
  for (const ElfSymbol& symbol : elf.symbols()) {
    if (!symbol.defined() || symbol.binding == 0) continue;
    exports.push_back({{"name", symbol.name},
                       {"kind", symbol.type == 2   ? "function"
                                : symbol.type == 1 ? "data"
                                                   : "other"},
                       {"offset", "0x" + hex_number(symbol.value)},
                       {"size", symbol.size}});
  }
  return Json{{"library", files.name()},
              {"abi", abi_of(files.machine())},
              {"build_id", elf.build_id()},
              {"exports", std::move(exports)},
              {"gaps", gaps_json(elf.gaps())}};
}

}  // namespace dl::cli
