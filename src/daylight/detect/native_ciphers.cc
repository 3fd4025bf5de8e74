// SPDX-License-Identifier: Apache-2.0
// Which functions may decrypt, what they make of a blob, and what that is.
#include "daylight/detect/native_ciphers.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/detect/cipher_relation.h"
#include "daylight/detect/model_use.h"
#include "daylight/detect/native/native_entries.h"
#include "daylight/detect/opened_models.h"
#include "daylight/format/archive/byte_statistics.h"
#include "daylight/program/native_machine/native_machine.h"
#include "daylight/program/native_machine/native_xor_loops.h"

namespace dl {
namespace {

using program::FunctionId;
using program::kNoFunction;
using program::MethodId;
using program::NativeCode;
using program::NativeMachine;

// Callers that are looked at from a loop, and how far up.
constexpr int kCallerLevels = 3;
constexpr std::size_t kMaxCallersOfLevel = 64;
// Loops of one library that are tried themselves.
constexpr std::size_t kMaxLoopsTried = 48;
// Instructions of one trial besides those for each byte.
constexpr std::uint64_t kTrialSteps = 100'000;
// What making a box costs, in steps.
constexpr std::uint64_t kStepsOfSetUp = 5'000;
constexpr std::uint64_t kTrialStepsOfByte = 64;

// The ways in which a function may take bytes (NativeMachine::run): in place, from one buffer to
// another in either order, by the file's name alone or with an AssetManager.
constexpr const char* kWays[] = {"bn", "bon", "obn", "bno", "s", "hs"};
// A JNI function whose Java method is not known.
constexpr const char* kJavaWay = "jhhhnn";

std::string_view file_name(std::string_view entry) {
  const std::size_t slash = entry.rfind('/');
  return slash == std::string_view::npos ? entry : entry.substr(slash + 1);
}

// The letters for the arguments of a native method.
std::string way_of_method(const program::ClassIndex& index, MethodId method) {
  std::string out = "jh";
  for (const program::ClassId parameter : index.proto(method).parameters) {
    if (out.size() >= program::kMaxNativeArguments) break;
    const std::string_view type = index.descriptor(parameter);
    const bool object = type.starts_with('L') || type.starts_with('[');
    out.push_back(object ? 'h' : type == "I" || type == "J" ? 'n' : '0');
  }
  return out;
}

struct Trial {
  FunctionId function = kNoFunction;
  std::string way;
};

// One library that is read, with what is tried of it.
struct Library {
  const program::AppEntry* entry = nullptr;
  std::string name;
  const ElfFile* elf = nullptr;
  const NativeCode* code = nullptr;
  std::vector<Trial> trials;
};

// A blob that is still unexplained, with its first bytes once they were read.
struct Candidate {
  const HiddenBlob* blob = nullptr;
  bool done = false;
  std::vector<std::uint8_t> first;
};

class NativeCiphers {
 public:
  NativeCiphers(const CodeContext& context, LogSink& log, EntryFindings& entries)
      : context_(context), log_(log), entries_(entries), opened_(context, entries) {}

  Result<void> open();

 private:
  void choose_blobs();
  std::vector<const program::AppEntry*> choose_libraries();
  void note_unread(const program::AppEntry& entry);
  void read_library(const program::AppEntry& entry);
  std::vector<Trial> trials_of(const NativeCode& code, const std::string& name);
  bool may_try();
  bool try_blob(const Library& library, Candidate& candidate);
  void note_limit(const std::string& what);
  program::NativeWorld world(const HiddenBlob& blob, ByteSpan bytes) const;
  static bool shows_something(const NativeMachine& machine, ByteSpan input);
  bool run_whole(const Library& library, const Trial& trial, const HiddenBlob& blob);
  bool add_models(const Library& library, const Trial& trial, const HiddenBlob& blob,
                  const NativeMachine& machine, std::size_t block, ByteSpan whole);
  Evidence evidence(const Library& library, const Trial& trial, const HiddenBlob& blob,
                    std::uint64_t writer, const std::string& how) const;

  const CodeContext& context_;
  LogSink& log_;
  EntryFindings& entries_;
  std::vector<Candidate> blobs_;
  std::unique_ptr<JavaNatives> natives_;
  OpenedModels opened_;
  std::uint64_t trial_steps_ = 0;
  std::uint64_t whole_steps_ = 0;
  std::size_t loops_left_ = 0;
  bool exhausted_ = false;
};

// What nobody has explained so far. Plain bytes only where code names the file.
void NativeCiphers::choose_blobs() {
  std::set<std::string> solved;
  for (const ModelRecord& model : entries_.models) {
    if (model.format == "unknown") continue;
    std::string chain;
    for (const std::string& step : model.location.entry) {
      chain += step + "\n";
      solved.insert(chain);
    }
  }
  std::vector<ModelRecord> records;
  for (const HiddenBlob& blob : entries_.hidden) {
    ModelRecord record;
    record.location = {context_.app.file_name(), blob.chain, 0, blob.size};
    records.push_back(std::move(record));
  }
  const auto code = link_models_to_code(context_, {}, records);
  std::size_t untried = 0;
  for (const bool plain : {false, true}) {
    for (std::size_t i = 0; i < entries_.hidden.size(); ++i) {
      const HiddenBlob& blob = entries_.hidden[i];
      if (blob.plain != plain || (plain && code[i].naming.empty())) continue;
      if (solved.contains(join(blob.chain, "\n") + "\n")) continue;
      if (blobs_.size() < kMaxNativeBlobs && blob.size <= kMaxNativeBlobSize) {
        blobs_.push_back({&blob, false, {}});
      } else {
        ++untried;
      }
    }
  }
  if (untried > 0)
    note_limit(std::to_string(untried) + " more files that nothing explains (at most " +
               std::to_string(kMaxNativeBlobs) + " of at most 64 MiB each)");
}

// What native code was not tried on, or which of it.
void NativeCiphers::note_limit(const std::string& what) {
  entries_.gaps.push_back(
      {context_.app.file_name(), "the app's native code was not tried on " + what});
}

// One library of each name, for 64 bits; the smallest first: those are the app's own.
std::vector<const program::AppEntry*> NativeCiphers::choose_libraries() {
  std::map<std::string_view, const program::AppEntry*> chosen;
  std::map<std::string_view, const program::AppEntry*> narrow;
  for (const program::AppEntry& entry : context_.app.entries()) {
    if (entry.shadowed || !entry.name.ends_with(".so")) continue;
    if (context_.app.find(entry.name) != &entry) continue;
    const bool arm = entry.name.find("arm64") != std::string::npos;
    const bool other = entry.name.find("armeabi") != std::string::npos ||
                       entry.name.find("/x86/") != std::string::npos;
    auto& list = other ? narrow : chosen;
    const program::AppEntry*& slot = list[file_name(entry.name)];
    if (slot == nullptr || arm) slot = &entry;
  }
  for (const auto& [name, entry] : narrow) {
    if (!chosen.contains(name)) note_unread(*entry);
  }
  std::vector<const program::AppEntry*> out;
  for (const auto& [name, entry] : chosen) {
    if (entry->size <= kMaxCipherLibrary) {
      out.push_back(entry);
    } else {
      entries_.gaps.push_back({where_of_blob(context_.app.chain_of(*entry)),
                               "is larger than 64 MiB: a key that it holds is not tried on the "
                               "app's unexplained files"});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return a->size != b->size ? a->size < b->size : a->name < b->name;
  });
  return out;
}

void NativeCiphers::note_unread(const program::AppEntry& entry) {
  entries_.gaps.push_back({where_of_blob(context_.app.chain_of(entry)),
                           "is for 32 bits and not read: a key that it holds is not tried on the "
                           "app's unexplained files"});
}

// The loops, then what calls them; JNI functions as their Java methods say.
std::vector<Trial> NativeCiphers::trials_of(const NativeCode& code, const std::string& name) {
  std::vector<program::NativeXorLoop> loops = program::find_xor_loops(code);
  if (loops.empty()) return {};
  std::stable_sort(loops.begin(), loops.end(), [&](const auto& a, const auto& b) {
    return code.functions()[a.function].size < code.functions()[b.function].size;
  });
  if (loops.size() > kMaxLoopsTried) {
    loops_left_ += loops.size() - kMaxLoopsTried;
    loops.resize(kMaxLoopsTried);
  }
  if (natives_ == nullptr) natives_ = std::make_unique<JavaNatives>(context_.code);
  std::map<FunctionId, std::set<std::string>> java;
  for (const NativeEntry& entry : native_entries(code, *natives_, name)) {
    if (entry.how != NativeEntry::How::kExport && entry.how != NativeEntry::How::kRegistered)
      continue;
    auto& ways = java[entry.function];
    for (const MethodId method : entry.methods)
      ways.insert(way_of_method(context_.code.index(), method));
    if (entry.methods.empty()) ways.insert(kJavaWay);
  }
  std::vector<Trial> out;
  std::set<FunctionId> seen;
  const auto add = [&](FunctionId id) {
    if (seen.size() >= kMaxNativeFunctionsTried || !seen.insert(id).second) return;
    const auto known = java.find(id);
    if (known == java.end()) {
      for (const char* way : kWays) out.push_back({id, way});
      return;
    }
    for (const std::string& way : known->second) out.push_back({id, way});
  };
  std::vector<FunctionId> level;
  level.reserve(loops.size());
  for (const program::NativeXorLoop& loop : loops) level.push_back(loop.function);
  for (int up = 0; up <= kCallerLevels; ++up) {
    std::vector<FunctionId> above;
    for (const FunctionId id : level) {
      add(id);
      for (const program::NativeEdge& edge : code.graph().call_sites(id)) {
        if (above.size() >= kMaxCallersOfLevel) break;
        if (code.graph().is_function(edge.from)) above.push_back(edge.from);
      }
    }
    level = std::move(above);
  }
  return out;
}

program::NativeWorld NativeCiphers::world(const HiddenBlob& blob, ByteSpan bytes) const {
  return program::native_world(native_entry_reader(context_.app), blob.name, bytes);
}

// Whether a run made of the bytes what may be a model.
bool NativeCiphers::shows_something(const NativeMachine& machine, ByteSpan input) {
  const bool weak = byte_entropy(input) < kRandomEntropy;
  const auto& blocks = machine.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const ByteSpan bytes = blocks[i].bytes;
    if (machine.is_own(i) || blocks[i].writer == 0 || bytes.size() < input.size() / 2) continue;
    const std::size_t common = std::min(bytes.size(), input.size());
    std::size_t same = 0;
    std::size_t zeros = 0;
    for (std::size_t at = 0; at < common; ++at) {
      same += bytes[at] == input[at] ? 1 : 0;
      zeros += bytes[at] == 0 ? 1 : 0;
    }
    // Nearly everything as it was, or nothing but zeros: no decryption.
    if (same > common - common / 8 || zeros == common) continue;
    if (weak || byte_entropy(bytes) < kRandomEntropy || container_kind(bytes, "")) return true;
  }
  return false;
}

Evidence NativeCiphers::evidence(const Library& library, const Trial& trial, const HiddenBlob& blob,
                                 std::uint64_t writer, const std::string& how) const {
  Evidence out{"native", context_.app.file_name(), context_.app.chain_of(*library.entry)};
  out.rule = "cipher.native-code";
  out.offset = library.elf->offset_of(writer);
  const auto& functions = library.code->functions();
  const FunctionId writing = functions.holding(writer);
  const FunctionId shown = writing == kNoFunction ? trial.function : writing;
  out.method = printable(functions.label(shown), 160);
  std::string text = "decrypts " + where_of_blob(blob.chain) + ": " + how;
  if (shown != trial.function)
    text += "; called from " + printable(functions.label(trial.function), 160);
  out.excerpt = text;
  return out;
}

bool NativeCiphers::add_models(const Library& library, const Trial& trial, const HiddenBlob& blob,
                               const NativeMachine& machine, std::size_t block, ByteSpan whole) {
  const program::NativeBlock& made = machine.blocks()[block];
  const auto relation = relate_bytes(whole, made.bytes);
  if (relation && relation->cipher.empty()) return false;  // a copy, a part, the order
  BlobPlace place{blob.chain, blob.name, 1, "encrypted", ""};
  std::string how = "a key that does not repeat; the function is run for each use";
  if (relation) {
    place.chain.insert(place.chain.end(), relation->steps.begin(), relation->steps.end());
    place.key_hex = to_hex(relation->key);
    if (relation->cipher == "xor" && relation->steps.size() == 1) place.cipher = "xor";
    how = relation->how;
  } else {
    place.chain.push_back(
        program::native_step({0, whole.size(), library.code->functions()[trial.function].address,
                              trial.way, block, library.name}));
  }
  return opened_.add(blob, place, made.bytes,
                     [&] { return evidence(library, trial, blob, made.writer, how); });
}

bool NativeCiphers::run_whole(const Library& library, const Trial& trial, const HiddenBlob& blob) {
  const auto located = context_.app.located_bytes(blob.chain, 0, blob.size);
  if (!located) return false;
  const ByteSpan whole = located->bytes;
  const program::NativeWorld all = world(blob, whole);
  NativeMachine machine(*library.code, all, program::native_limits(whole.size()));
  machine.run(library.code->functions()[trial.function].address, trial.way);
  whole_steps_ += machine.steps();
  for (std::size_t i = 0; i < machine.blocks().size(); ++i) {
    const auto& block = machine.blocks()[i];
    if (machine.is_own(i) || block.writer == 0 || block.bytes.size() < whole.size() / 4) continue;
    if (add_models(library, trial, blob, machine, i, whole)) return true;
  }
  return false;
}

// Whether trials may go on; where not, a gap says so once.
bool NativeCiphers::may_try() {
  if (trial_steps_ < kMaxNativeTrialSteps && whole_steps_ < kMaxNativeWholeSteps) return true;
  if (!exhausted_)
    entries_.gaps.push_back({context_.app.file_name(),
                             "native code was not tried on every blob that nothing explains: it "
                             "takes more instructions than the limit"});
  exhausted_ = true;
  return false;
}

bool NativeCiphers::try_blob(const Library& library, Candidate& candidate) {
  if (!may_try()) return false;
  const HiddenBlob& blob = *candidate.blob;
  if (candidate.first.empty()) {
    const auto located = context_.app.located_bytes(blob.chain, 0, blob.size);
    if (!located) return false;
    const auto size = std::min<std::size_t>(located->bytes.size(), kNativeTrialSize);
    candidate.first.assign(located->bytes.begin(),
                           located->bytes.begin() + static_cast<std::ptrdiff_t>(size));
  }
  const ByteSpan first = candidate.first;
  const program::NativeWorld part = world(blob, first);
  program::NativeRunLimits limits;
  limits.steps = kTrialSteps + kTrialStepsOfByte * first.size();
  limits.memory = (std::uint64_t{4} << 20) + 8 * first.size();
  for (const Trial& trial : library.trials) {
    if (!may_try()) return false;
    NativeMachine machine(*library.code, part, limits);
    machine.run(library.code->functions()[trial.function].address, trial.way);
    trial_steps_ += machine.steps() + kStepsOfSetUp;
    if (!shows_something(machine, first)) continue;
    if (run_whole(library, trial, blob)) return true;
  }
  return false;
}

void NativeCiphers::read_library(const program::AppEntry& entry) {
  const auto content = context_.app.read_once(entry);
  if (!content || !looks_like_elf(content->bytes)) return;
  const auto elf = ElfFile::parse(content->bytes, entry.name);
  if (!elf) return;
  const auto code = NativeCode::read(*elf, entry.name);
  if (!code) {
    if (code.error().code == ErrorCode::kUnsupported) note_unread(entry);
    return;
  }
  Library library{&entry, entry.name, &*elf, code->get(), {}};
  library.trials = trials_of(**code, std::string(file_name(entry.name)));
  if (library.trials.empty()) return;
  for (Candidate& candidate : blobs_) {
    if (!candidate.done) candidate.done = try_blob(library, candidate);
  }
}

Result<void> NativeCiphers::open() {
  choose_blobs();
  if (blobs_.empty()) return {};
  for (const program::AppEntry* entry : choose_libraries()) {
    if (log_.cancelled())
      return fail(ErrorCode::kCancelled, "stopped while looking for ciphers in native code",
                  context_.app.file_name());
    if (!may_try()) break;
    read_library(*entry);
  }
  if (loops_left_ > 0)
    entries_.gaps.push_back({context_.app.file_name(),
                             std::to_string(loops_left_) +
                                 " loops of exclusive ors in large libraries were not tried on the "
                                 "files that nothing explains"});
  std::stable_sort(entries_.models.begin(), entries_.models.end(),
                   [](const ModelRecord& a, const ModelRecord& b) {
                     return a.location.entry != b.location.entry
                                ? a.location.entry < b.location.entry
                                : a.location.offset < b.location.offset;
                   });
  return {};
}

}  // namespace

program::NativeEntryReader native_entry_reader(const program::AppPackage& app) {
  return [&app](const std::string& name, std::uint64_t limit) -> program::NativeFileBytes {
    const program::AppEntry* const entry = app.find(name);
    if (entry == nullptr || entry->size > limit) return nullptr;
    const auto content = app.entry_bytes(*entry);
    if (!content) return nullptr;
    return std::make_shared<const std::vector<std::uint8_t>>(content->bytes.begin(),
                                                             content->bytes.end());
  };
}

Result<void> open_models_of_native_code(const CodeContext& context, LogSink& log,
                                        EntryFindings& entries) {
  if (entries.hidden.empty()) return {};
  return NativeCiphers(context, log, entries).open();
}

}  // namespace dl
