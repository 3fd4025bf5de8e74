// SPDX-License-Identifier: Apache-2.0
// Which methods may decrypt, what they make of a blob, and what that is.
#include "daylight/detect/cipher_calls.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/detect/cipher_relation.h"
#include "daylight/detect/model_use.h"
#include "daylight/detect/native_ciphers.h"
#include "daylight/detect/opened_models.h"
#include "daylight/format/archive/byte_statistics.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/program/interpreter/dex_interpreter.h"

namespace dl {
namespace {

using program::ClassId;
using program::ClassIndex;
using program::DexInterpreter;
using program::kNoId;
using program::MethodId;
using program::RunKind;
using program::RunObject;

// Callers that are looked at from a method that decrypts, and how far up.
constexpr int kCallerLevels = 3;
constexpr std::size_t kMaxDecryptors = 400;
// Other files that code may read while it runs.
constexpr std::uint64_t kMaxSideFile = std::uint64_t{1} << 20;

// Bytes that code made, and the steps that make them too.
struct Derived {
  std::vector<std::string> steps;
  std::vector<std::uint8_t> bytes;
  std::string cipher;  // the state: xor or encrypted
  std::string key_hex;
  std::string how;
  MethodId method = kNoId;
};

// A method that changes bytes by arithmetic in a loop, or calls a cipher of the platform.
class Decryptors {
 public:
  explicit Decryptors(const program::AppCode& code) : code_(code), index_(code.index()) {
    for (MethodId method = 0; method < index_.method_count(); ++method) {
      if (found_.size() >= kMaxDecryptors) break;
      if (!index_.method_info(method).has_code()) continue;
      if (calls_cipher(method) || changes_bytes(method)) found_.push_back(method);
    }
  }
  const std::vector<MethodId>& all() const { return found_; }

 private:
  bool calls_cipher(MethodId method) const {
    const auto calls = code_.facts().calls(method);
    return std::any_of(calls.begin(), calls.end(), [&](const program::CallSite& site) {
      const std::string_view owner = index_.method_owner(site.callee);
      if (!owner.starts_with("Ljavax/crypto/Cipher")) return false;
      const std::string_view name = index_.method_name(site.callee);
      return name == "doFinal" || name == "update" || name == "<init>";
    });
  }
  bool changes_bytes(MethodId method) const {
    const auto code = index_.code(method);
    if (!code || code->units() > program::kMaxRunInstructions) return false;
    DexInstructionReader reader(*code);
    DexInstruction instruction;
    bool stores = false;
    bool loops = false;
    bool computes = false;
    while (reader.next(instruction)) {
      if (instruction.is_payload()) continue;
      const std::uint8_t op = instruction.opcode;
      stores |= op == kOpAputByte || op == kOpIntToByte;
      loops |= (instruction.info().flags & kDexBranch) != 0 && instruction.target < instruction.pc;
      computes |= op == kOpIntToByte || op == kOpXorInt || op == kOpXorInt2addr ||
                  op == kOpXorIntLit8 || op == kOpXorIntLit16 || op == kOpNotInt;
    }
    return stores && loops && computes;
  }

  const program::AppCode& code_;
  const ClassIndex& index_;
  std::vector<MethodId> found_;
};

class HiddenModels {
 public:
  HiddenModels(const CodeContext& context, LogSink& log, EntryFindings& entries)
      : context_(context),
        index_(context.code.index()),
        log_(log),
        entries_(entries),
        opened_(context, entries) {}

  Result<void> open();

 private:
  std::vector<HiddenBlob> choose(std::vector<std::vector<MethodId>>& naming) const;
  std::vector<MethodId> methods_for(const std::vector<MethodId>& naming) const;
  bool try_blob(const HiddenBlob& blob, const std::vector<MethodId>& methods);
  program::RunWorld world(const HiddenBlob& blob,
                          const std::shared_ptr<const std::vector<std::uint8_t>>& content) const;
  bool run_on(DexInterpreter& machine, MethodId method, const HiddenBlob& blob,
              ByteSpan content) const;
  bool shows_something(const DexInterpreter& machine, ByteSpan trial) const;
  std::vector<Derived> derive(const DexInterpreter& machine, ByteSpan content,
                              MethodId& unexplained) const;
  bool add_models(const HiddenBlob& blob, Derived& derived);
  void note_unexplained(const HiddenBlob& blob, MethodId method);

  const CodeContext& context_;
  const ClassIndex& index_;
  LogSink& log_;
  EntryFindings& entries_;
  std::unique_ptr<Decryptors> decryptors_;
  OpenedModels opened_;
  std::uint64_t trial_steps_ = 0;
  std::uint64_t whole_steps_ = 0;
};

// The blobs that are worth a try, with the methods that name each of them. Plain ones only where
// code names them.
std::vector<HiddenBlob> HiddenModels::choose(std::vector<std::vector<MethodId>>& naming) const {
  std::vector<ModelRecord> records;
  for (const HiddenBlob& blob : entries_.hidden) {
    ModelRecord record;
    record.location = {context_.app.file_name(), blob.chain, 0, blob.size};
    records.push_back(std::move(record));
  }
  const auto code = link_models_to_code(context_, {}, records);
  std::vector<HiddenBlob> out;
  for (const bool named : {true, false}) {
    for (std::size_t i = 0; i < entries_.hidden.size() && out.size() < kMaxTriedBlobs; ++i) {
      const HiddenBlob& blob = entries_.hidden[i];
      if (named == code[i].naming.empty() || blob.size > kMaxTriedSize) continue;
      if (blob.plain && !named) continue;
      out.push_back(blob);
      naming.push_back(code[i].naming);
    }
  }
  return out;
}

// Who is run: those that name the blob, those that decrypt, then their callers.
std::vector<MethodId> HiddenModels::methods_for(const std::vector<MethodId>& naming) const {
  std::vector<MethodId> out;
  std::set<MethodId> seen;
  const auto add = [&](MethodId method) {
    if (out.size() < kMaxTriedMethods && index_.method_info(method).has_code() &&
        index_.method_name(method) != "<clinit>" && seen.insert(method).second)
      out.push_back(method);
  };
  for (const MethodId method : naming) add(method);
  std::vector<MethodId> level = decryptors_->all();
  // Methods of the classes that name the blob come before the others.
  std::set<ClassId> near;
  for (const MethodId method : naming) near.insert(index_.method_info(method).owner);
  std::stable_partition(level.begin(), level.end(), [&](MethodId method) {
    return near.contains(index_.method_info(method).owner);
  });
  for (int up = 0; up < kCallerLevels && out.size() < kMaxTriedMethods; ++up) {
    std::vector<MethodId> above;
    for (const MethodId method : level) {
      add(method);
      if (above.size() >= kMaxDecryptors) continue;
      for (const program::CallerSite& site : context_.code.graph().callers(method))
        above.push_back(site.caller);
    }
    level = std::move(above);
  }
  return out;
}

program::RunWorld HiddenModels::world(
    const HiddenBlob& blob, const std::shared_ptr<const std::vector<std::uint8_t>>& content) const {
  program::RunWorld out;
  const std::string own = blob.name.substr(blob.name.rfind('/') + 1);
  out.file = [this, own, content](
                 const std::string& name) -> std::shared_ptr<const std::vector<std::uint8_t>> {
    if (name.empty() || name.substr(name.rfind('/') + 1) == own) return content;
    for (const std::string& path : {"assets/" + name, name}) {
      const program::AppEntry* const entry = context_.app.find(path);
      if (entry == nullptr || entry->size > kMaxSideFile) continue;
      const auto bytes = context_.app.entry_bytes(*entry);
      if (!bytes) continue;
      return std::make_shared<const std::vector<std::uint8_t>>(bytes->bytes.begin(),
                                                               bytes->bytes.end());
    }
    // A copy under another name, or one that is put together at run time.
    return content;
  };
  const ResourceTable* const resources = context_.app.resources();
  if (resources == nullptr) return out;
  out.resource_text = [resources](std::uint32_t id) { return resources->string_of(id); };
  out.resource_file = [resources](std::uint32_t id) {
    const auto files = resources->files_of(id);
    return files.empty() ? std::string() : files.front();
  };
  return out;
}

// Runs a method with the blob for every parameter that can hold bytes.
bool HiddenModels::run_on(DexInterpreter& machine, MethodId method, const HiddenBlob& blob,
                          ByteSpan content) const {
  std::vector<std::int64_t> arguments;
  const program::MethodInfo& info = index_.method_info(method);
  if (!info.is_static()) arguments.push_back(machine.instance(info.owner));
  for (const ClassId parameter : index_.proto(method).parameters) {
    const std::string_view type = index_.descriptor(parameter);
    std::int64_t value = 0;
    if (type == "[B") {
      value = machine.bytes(content);
    } else if (type.ends_with("InputStream;")) {
      value = machine.stream(content);
    } else if (type.ends_with("ByteBuffer;")) {
      RunObject buffer;
      buffer.kind = RunKind::kBuffer;
      buffer.link = machine.bytes(content);
      buffer.limit = static_cast<std::int64_t>(content.size());
      value = machine.add(std::move(buffer));
    } else if (type == "Ljava/lang/String;") {
      value = machine.text(blob.name.substr(blob.name.rfind('/') + 1));
    } else if (type.starts_with('L') || type.starts_with('[')) {
      value = machine.opaque(parameter);
    }
    arguments.push_back(value);
  }
  std::int64_t result = 0;
  return machine.run(method, arguments, result);
}

// Whether a run on the first bytes made of them what may be a model.
bool HiddenModels::shows_something(const DexInterpreter& machine, ByteSpan trial) const {
  for (const program::CipherUse& use : machine.ciphers()) {
    if (use.input.size() >= trial.size() / 2) return true;
  }
  const bool weak = byte_entropy(trial) < kRandomEntropy;
  for (const RunObject& object : machine.objects()) {
    const ByteSpan bytes = object.bytes;
    if (object.width > 1 || bytes.size() < trial.size() / 2) continue;
    if (std::search(trial.begin(), trial.end(), bytes.begin(), bytes.end()) != trial.end() ||
        std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; }))
      continue;
    if (weak || byte_entropy(bytes) < kRandomEntropy || container_kind(bytes, "")) return true;
  }
  return false;
}

// What a run made of the blob, as far as steps say it. `unexplained`: a method that made a model in
// a way that they do not.
std::vector<Derived> HiddenModels::derive(const DexInterpreter& machine, ByteSpan content,
                                          MethodId& unexplained) const {
  std::vector<Derived> known(1);
  known.front().bytes.assign(content.begin(), content.end());
  const auto relate = [&](ByteSpan bytes, MethodId method) {
    for (std::size_t i = known.size(); i-- > 0;) {
      auto relation = relate_bytes(known[i].bytes, bytes);
      if (!relation) continue;
      Derived derived = known[i];
      derived.bytes.assign(bytes.begin(), bytes.end());
      derived.steps.insert(derived.steps.end(), relation->steps.begin(), relation->steps.end());
      if (!relation->cipher.empty()) {
        derived.cipher = derived.cipher.empty() && relation->cipher == "xor" ? "xor" : "encrypted";
        derived.key_hex = to_hex(relation->key);
        derived.how = relation->how;
        derived.method = method;
      } else if (!relation->steps.empty() && derived.cipher.empty() &&
                 relation->steps.front().starts_with("~reverse")) {
        derived.cipher = "encrypted";
        derived.how = "bytes in reverse order";
        derived.method = method;
      }
      if (relation->steps.empty()) return static_cast<int>(i);
      known.push_back(std::move(derived));
      return static_cast<int>(known.size()) - 1;
    }
    return -1;
  };
  for (const program::CipherUse& use : machine.ciphers()) {
    const int at = relate(use.input, use.method);
    if (at < 0) continue;
    auto plain = decipher(use.spec, use.input);
    if (!plain) continue;
    Derived derived = known[static_cast<std::size_t>(at)];
    // A part of the blob is said by the cipher's own range.
    std::uint64_t offset = 0;
    if (!derived.steps.empty() && derived.steps.back().starts_with("~at@")) {
      offset = static_cast<std::uint64_t>(
          parse_integer(derived.steps.back().substr(4, derived.steps.back().find('+') - 4))
              .value_or(0));
      derived.steps.pop_back();
    }
    derived.steps.push_back(cipher_step(use.spec, offset, use.input.size()));
    derived.bytes = std::move(*plain);
    derived.cipher = "encrypted";
    derived.key_hex = to_hex(use.spec.key);
    derived.how = use.spec.name;
    derived.method = use.method;
    known.push_back(std::move(derived));
  }
  for (const RunObject& object : machine.objects()) {
    const ByteSpan bytes = object.bytes;
    if (object.width > 1 || bytes.size() < std::max<std::size_t>(content.size() / 4, 64)) continue;
    const bool model = probe_model(bytes).has_value();
    if (!model && !container_kind(bytes, "")) continue;
    if (relate(bytes, object.writer) < 0 && model) unexplained = object.writer;
  }
  known.erase(known.begin());
  return known;
}

bool HiddenModels::add_models(const HiddenBlob& blob, Derived& derived) {
  if (derived.cipher.empty()) return false;
  BlobPlace place{blob.chain, blob.name, 1, derived.cipher, derived.key_hex};
  place.chain.insert(place.chain.end(), derived.steps.begin(), derived.steps.end());
  return opened_.add(blob, place, std::move(derived.bytes), [&] {
    return code_evidence(context_, derived.method, 0, "cipher.code",
                         "decrypts " + where_of_blob(blob.chain) + ": " + derived.how);
  });
}

void HiddenModels::note_unexplained(const HiddenBlob& blob, MethodId method) {
  entries_.gaps.push_back({where_of_blob(blob.chain),
                           "is a model that the app decrypts at run time in " +
                               printable(index_.method_text(method), 300) +
                               ": with a key that does not repeat, so it is not opened here"});
  for (ModelRecord& model : entries_.models) {
    if (model.location.entry == blob.chain && model.format == "unknown") {
      model.evidence.push_back(code_evidence(context_, method, 0, "cipher.code",
                                             "decrypts " + where_of_blob(blob.chain)));
      return;
    }
  }
  ModelRecord record;
  record.format = "unknown";
  record.location = {context_.app.file_name(), blob.chain, 0, blob.size};
  record.encryption = "encrypted";
  record.evidence.push_back(
      code_evidence(context_, method, 0, "cipher.code", "decrypts " + where_of_blob(blob.chain)));
  entries_.models.push_back(std::move(record));
}

bool HiddenModels::try_blob(const HiddenBlob& blob, const std::vector<MethodId>& methods) {
  const auto located = context_.app.located_bytes(blob.chain, 0, blob.size);
  if (!located) return false;
  const ByteSpan whole = located->bytes;
  const ByteSpan trial = whole.first(std::min<std::size_t>(whole.size(), kTrialSize));
  const auto copy = [](ByteSpan bytes) {
    return std::make_shared<const std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
  };
  const auto trial_world = world(blob, copy(trial));
  const auto whole_world = world(blob, copy(whole));
  for (const MethodId method : methods) {
    if (trial_steps_ >= kMaxTrialSteps || whole_steps_ >= kMaxWholeSteps) return false;
    program::RunLimits limits;
    limits.steps = 200'000 + 64 * trial.size();
    limits.memory = std::uint64_t{16} << 20;
    DexInterpreter first(index_, trial_world, limits);
    run_on(first, method, blob, trial);
    trial_steps_ += first.steps();
    if (!shows_something(first, trial)) continue;
    limits.steps = 2'000'000 + 64 * whole.size();
    limits.memory = (std::uint64_t{64} << 20) + 12 * whole.size();
    DexInterpreter machine(index_, whole_world, limits);
    run_on(machine, method, blob, whole);
    whole_steps_ += machine.steps();
    MethodId unexplained = kNoId;
    for (Derived& derived : derive(machine, whole, unexplained)) {
      if (add_models(blob, derived)) return true;
    }
    if (unexplained != kNoId) {
      note_unexplained(blob, unexplained);
      return true;
    }
  }
  return false;
}

Result<void> HiddenModels::open() {
  std::vector<std::vector<MethodId>> naming;
  const std::vector<HiddenBlob> blobs = choose(naming);
  if (blobs.empty()) return {};
  decryptors_ = std::make_unique<Decryptors>(context_.code);
  if (decryptors_->all().empty()) return {};
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    if (log_.cancelled())
      return fail(ErrorCode::kCancelled, "stopped while looking for ciphers in code",
                  context_.app.file_name());
    try_blob(blobs[i], methods_for(naming[i]));
  }
  std::stable_sort(entries_.models.begin(), entries_.models.end(),
                   [](const ModelRecord& a, const ModelRecord& b) {
                     return a.location.entry != b.location.entry
                                ? a.location.entry < b.location.entry
                                : a.location.offset < b.location.offset;
                   });
  return {};
}

}  // namespace

Result<void> open_hidden_models(const CodeContext& context, LogSink& log, EntryFindings& entries) {
  if (entries.hidden.empty()) return {};
  if (!context.app.dex_files().empty()) TRY_VOID(HiddenModels(context, log, entries).open());
  return open_models_of_native_code(context, log, entries);
}

}  // namespace dl
