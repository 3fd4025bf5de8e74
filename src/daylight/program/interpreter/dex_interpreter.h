// SPDX-License-Identifier: Apache-2.0
// Runs an app's DEX code on bytes in a closed box: arithmetic, arrays, strings, streams, ciphers;
// no device, no native code, no end without a limit.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/archive/stored_cipher.h"
#include "daylight/program/code/class_index.h"

namespace dl::program {

// Limits of one interpreter; whatever runs beyond them ends there.
struct RunLimits {
  std::uint64_t steps = 1'000'000;                  // instructions, and 16 bytes moved each
  std::uint64_t memory = std::uint64_t{256} << 20;  // bytes of all arrays and texts
  std::size_t objects = 200'000;
  int depth = 48;  // nested calls
};
// Instructions of a method that is run; a longer one is left out like one of the platform.
inline constexpr std::size_t kMaxRunInstructions = 20'000;

// What the box lets code read. Every member may be empty.
struct RunWorld {
  // The content of a file, asset or raw resource by the name under which code asks for it; null:
  // there is none, or its name is not known ("").
  std::function<std::shared_ptr<const std::vector<std::uint8_t>>(const std::string&)> file;
  std::function<std::optional<std::string>(std::uint32_t)> resource_text;
  std::function<std::string(std::uint32_t)> resource_file;  // "" where it is none
};

using RunRef = std::int64_t;  // 0: null

enum class RunKind : std::uint8_t {
  kPlain,     // an object of the app
  kArray,     // `width` bytes for each element, little-endian; references take eight
  kText,      // String, StringBuilder, Charset
  kStream,    // reads `link` (an array) from `position` to `limit`
  kSink,      // collects bytes
  kBuffer,    // ByteBuffer over `link`
  kDigest,    // collects bytes; text: the algorithm
  kMac,       // the same with `key`
  kKey,       // key: secret bytes
  kStart,     // key: a start value; number: of ChaCha20's first block
  kPassword,  // PBEKeySpec: text, key: salt, number: rounds, position: bits
  kFactory,   // SecretKeyFactory: text: the algorithm
  kCipher,    // text: transformation
  kNumber,    // a boxed number
  kRandom,    // number: state
  kOpaque,    // anything else: never null, knows nothing
};

struct RunObject {
  RunKind kind = RunKind::kOpaque;
  ClassId type = kNoId;
  std::uint8_t width = 0;
  bool element_is_byte = false;
  bool lenient = false;  // fields that nothing set are there, and opaque
  bool decrypts = true;
  RunRef link = 0;
  std::int64_t number = 0;
  std::int64_t position = 0;
  std::int64_t limit = 0;
  MethodId writer = kNoId;  // who wrote bytes last, or made it
  std::vector<std::uint8_t> bytes = {};
  std::vector<std::uint8_t> key = {};
  std::vector<std::uint8_t> start = {};
  std::u16string text = {};
  std::unordered_map<FieldId, std::int64_t> fields = {};
};

// One use of a cipher of the platform.
struct CipherUse {
  CipherSpec spec;
  std::vector<std::uint8_t> input;
  MethodId method = kNoId;  // whose code asked for it
};

// Not thread safe. What it refers to must outlive it. Every run shares the heap, the static fields
// and what is left of the limits.
class DexInterpreter {
 public:
  DexInterpreter(const ClassIndex& index, const RunWorld& world, const RunLimits& limits);
  DexInterpreter(const DexInterpreter&) = delete;
  DexInterpreter& operator=(const DexInterpreter&) = delete;
  ~DexInterpreter();

  // Runs a method with one value for each parameter, the receiver first. True if it returned; false
  // where it threw, has no code or met a limit. Whatever it did to the heap stays.
  bool run(MethodId method, const std::vector<std::int64_t>& arguments, std::int64_t& result);

  RunRef add(RunObject object);  // 0 where a limit is met
  RunRef bytes(ByteSpan content);
  RunRef text(std::string_view utf8);
  RunRef stream(ByteSpan content);
  RunRef opaque(ClassId type = kNoId);
  // A new object of a class of the app: its constructor with the fewest parameters was tried,
  // arguments unknown.
  RunRef instance(ClassId type);

  RunObject* object(RunRef ref) {
    return ref > 0 && ref < static_cast<RunRef>(objects_.size())
               ? &objects_[static_cast<std::size_t>(ref)]
               : nullptr;
  }
  const std::deque<RunObject>& objects() const { return objects_; }
  const std::vector<CipherUse>& ciphers() const { return ciphers_; }
  std::uint64_t steps() const { return steps_; }
  bool exhausted() const { return exhausted_; }

 private:
  friend class PlatformCall;
  struct Body;
  struct Frame;
  enum class Step : std::uint8_t { kNext, kJump, kReturn, kThrow };

  const Body* body_of(MethodId method);
  bool execute(MethodId method, const std::vector<std::int64_t>& words, std::int64_t& result);
  bool run_frame(Frame& frame);
  // ---- one instruction, by group (dex_interpreter.cc) ----
  Step step(Frame& frame, const DexInstruction& instruction);
  Step step_number(Frame& frame, const DexInstruction& instruction);
  Step step_branch(Frame& frame, const DexInstruction& instruction);
  Step step_switch(Frame& frame, const DexInstruction& instruction);
  Step step_other(Frame& frame, const DexInstruction& instruction);
  // ---- calls (dex_calls.cc) ----
  Step invoke(Frame& frame, const DexInstruction& instruction);
  MethodId method_called(std::uint8_t opcode, MethodId named, const RunObject* receiver) const;
  bool call_platform(MethodId named, const std::vector<std::int64_t>& words, bool is_static,
                     std::int64_t& result);
  // ---- the heap (dex_heap.cc) ----
  Step step_object(Frame& frame, const DexInstruction& instruction);
  Step step_array(Frame& frame, const DexInstruction& instruction);
  Step step_field(Frame& frame, const DexInstruction& instruction);
  Step static_field(Frame& frame, const DexInstruction& instruction, FieldId field);
  Step object_field(Frame& frame, const DexInstruction& instruction, FieldId field);
  bool is_instance(const RunObject* held, ClassId type) const;
  Step make_object(Frame& frame, const DexInstruction& instruction, ClassId type);
  Step make_array(Frame& frame, const DexInstruction& instruction, std::int64_t length);
  Step array_length(Frame& frame, const DexInstruction& instruction);
  Step fill_array(Frame& frame, const DexInstruction& instruction);
  void initialise(ClassId type);
  void set_constants(const ClassInfo& info);
  void run_initialisers(const ClassInfo& info);
  std::int64_t unknown_of(ClassId type);
  bool spend(std::uint64_t steps);
  bool spend_memory(std::uint64_t bytes);

  const ClassIndex& index_;
  const RunWorld& world_;
  RunLimits limits_;
  std::deque<RunObject> objects_;
  std::vector<CipherUse> ciphers_;
  std::unordered_map<MethodId, std::unique_ptr<Body>> bodies_;
  std::unordered_map<FieldId, std::int64_t> statics_;
  std::unordered_set<ClassId> initialised_;
  std::unordered_map<std::uint64_t, RunRef> literals_;
  std::uint64_t steps_ = 0;
  std::uint64_t memory_ = 0;
  int depth_ = 0;
  bool exhausted_ = false;
  MethodId current_ = kNoId;
};

}  // namespace dl::program
