// SPDX-License-Identifier: Apache-2.0
// From calls to events.
#include "daylight/guest/observe/guest_tracer.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "daylight/guest/memory/memory_escape.h"
#include "daylight/guest/observe/call_arguments.h"

namespace dl::guest {
namespace {

// Calls under way on this thread, innermost last, and the call from the host that they lie in.
struct ThreadCalls {
  std::vector<std::uint64_t> ids;
};
thread_local ThreadCalls thread_calls;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

TraceLookupKind kind_of(GuestLookup::What what) {
  switch (what) {
    case GuestLookup::What::kProperty:
      return TraceLookupKind::kProperty;
    case GuestLookup::What::kSymbol:
      return TraceLookupKind::kSymbol;
    case GuestLookup::What::kFile:
      return TraceLookupKind::kFile;
    case GuestLookup::What::kLibrary:
      return TraceLookupKind::kLibrary;
    case GuestLookup::What::kImport:
      return TraceLookupKind::kImport;
    case GuestLookup::What::kSystemCall:
      return TraceLookupKind::kSystemCall;
    case GuestLookup::What::kSetting:
      return TraceLookupKind::kSetting;
  }
  return TraceLookupKind::kFile;
}

// liblog's 2 (verbose) to 7 (fatal).
TraceLevel level_of(int priority) {
  return static_cast<TraceLevel>(std::clamp(priority - 2, 0, 5));
}

std::string cut(std::string_view text) { return std::string(text.substr(0, kMaxTraceTextBytes)); }

}  // namespace

GuestTracer::GuestTracer(TraceWriter& writer, std::vector<CaptureRule> rules)
    : writer_(writer),
      rules_(std::move(rules)),
      began_ns_(now_ns()),
      model_calls_(builtin_model_call_rules()) {}

TraceStamp GuestTracer::stamp(std::uint64_t call) const {
  return {now_ns() - began_ns_, static_cast<std::uint32_t>(getpid()),
          static_cast<std::uint32_t>(syscall(SYS_gettid)), call};
}

void GuestTracer::attach(Guest& guest, const std::string& name, MemoryModels* models) {
  guest_ = &guest;
  const bool arm64 = guest.loader().machine() == ElfMachine::kArm64;
  (void)writer_.write({stamp(0), TraceProcess{cut(name), arm64 ? "arm64-v8a" : "x86_64", "guest"}});
  if (models == nullptr) return;
  model_calls_.begin(guest, *models, [this](const std::string& what, const std::string& why) {
    note(TraceLevel::kWarning, what, "cannot be watched for models: " + why);
  });
  // Before a constructor of theirs can call one.
  guest.loader().when_made(
      [this](const GuestLibrary& library) { model_calls_.watch_library(library); });
}

std::uint32_t GuestTracer::module_of(const GuestLibrary* library) {
  if (library == nullptr) return kNoTraceModule;
  const auto known = modules_.find(library);
  if (known != modules_.end()) return known->second;
  const auto id = static_cast<std::uint32_t>(modules_.size() + 1);
  modules_.emplace(library, id);
  std::vector<std::string> entry;
  for (const std::string& each : library->origin) entry.push_back(cut(each));
  (void)writer_.write(
      {stamp(0), TraceModule{id, cut(library->name), std::move(entry), library->elf.build_id(),
                             library->bias, library->size}});
  return id;
}

void GuestTracer::note_libraries() {
  const std::scoped_lock lock(mutex_);
  for (const GuestLibrary* const library : guest_->loader().libraries()) {
    if (!examined_.insert(library).second) continue;
    module_of(library);
    watch_library(*library);
  }
  const std::vector<NativeMethod> natives = native_methods(*guest_);
  for (; natives_written_ < natives.size(); ++natives_written_) {
    const NativeMethod& native = natives[natives_written_];
    watch_native(native);
    const bool exported = native.route == NativeMethod::Route::kExport;
    (void)writer_.write(
        {stamp(0), TraceNative{cut(native.owner), cut(native.name), cut(native.signature),
                               module_of(guest_->loader().loaded(native.library)), native.offset,
                               exported ? TraceRoute::kExport : TraceRoute::kRegisterNatives}});
  }
  note_engines();
}

// One event for each function that a constructor registered.
void GuestTracer::note_engines() {
  const std::vector<EngineRegistration> engines = guest_->loader().registrations();
  for (; engines_written_ < engines.size(); ++engines_written_) {
    const EngineRegistration& engine = engines[engines_written_];
    std::string texts;
    for (const std::string& each : engine.texts) texts += (texts.empty() ? "" : "\n") + each;
    for (const std::uint64_t function : engine.functions)
      (void)writer_.write({stamp(0), TraceNative{cut(engine.receiver), cut(engine.name), cut(texts),
                                                 module_of(guest_->loader().loaded(engine.library)),
                                                 function, TraceRoute::kConstructor}});
  }
}

void GuestTracer::note_model(const MemoryModel& model, ByteSpan bytes) {
  const std::string where = model.where + (model.in_file ? "; as it is in the file" : "");
  TraceMemoryModel event{model.format, model.address, model.size, cut(where), writer_.keep(bytes)};
  const std::uint64_t inside = thread_calls.ids.empty() ? 0 : thread_calls.ids.back();
  (void)writer_.write({stamp(inside), std::move(event)});
}

void GuestTracer::note(TraceLevel level, const std::string& where, const std::string& text) {
  (void)writer_.write({stamp(0), TraceNote{level, cut(where), cut(text)}});
}

std::uint64_t GuestTracer::begin_call(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  auto [method, fresh] = methods_.emplace(name, static_cast<std::uint32_t>(methods_.size() + 1));
  if (fresh)
    (void)writer_.write(
        {stamp(0), TraceMethod{method->second, TraceMethodKind::kExport, cut(name), 0, 0, ""}});
  const std::uint64_t id = next_call_++;
  ++calls_;
  (void)writer_.write({stamp(id), TraceEnter{method->second, 0, 0}});
  thread_calls.ids.push_back(id);
  return id;
}

void GuestTracer::end_call(std::uint64_t id, const std::string& name,
                           const GuestResult<GuestValue>& result) {
  std::erase(thread_calls.ids, id);
  TraceLeave leave;
  {
    const std::scoped_lock lock(mutex_);
    leave.method = methods_.at(name);
  }
  if (result) {
    leave.value = result->integer;
  } else {
    const bool stopped = result.error().kind == GuestFault::Kind::kStopped;
    leave.outcome = stopped ? TraceOutcome::kStopped : TraceOutcome::kCrashed;
    std::string text = result.error().what;
    for (const std::string& frame : result.error().backtrace) text += "\n  " + frame;
    leave.text = cut(text);
  }
  (void)writer_.write({stamp(id), std::move(leave)});
}

GuestTracer::Choice& GuestTracer::choice_for(const HostFunction& function,
                                             const GuestLibrary* caller) {
  const auto [found, fresh] = choices_.try_emplace(std::pair(&function, caller));
  Choice& choice = found->second;
  if (!fresh || caller == nullptr) return choice;
  const NativeFunctionName name{caller->name,  caller->elf.build_id(), "",
                                function.name, std::nullopt,           true};
  for (const CaptureRule& rule : rules_) {
    if (rule.selector.kind != SelectorKind::kImport || !rule.selector.matches(name)) continue;
    choice.rule = &rule;
    const std::string text = print_selector(import_selector(caller->name, function.name));
    const auto [method, first] =
        methods_.emplace(text, static_cast<std::uint32_t>(methods_.size() + 1));
    choice.method = method->second;
    if (first)
      (void)writer_.write({stamp(0), TraceMethod{method->second, TraceMethodKind::kImport,
                                                 cut(text), module_of(caller), 0, ""}});
    break;
  }
  return choice;
}

// Bytes of the buffer at `address`, as far as anything says so.
std::uint64_t GuestTracer::length_at(std::uint64_t address, const Open& open) const {
  const CapturePolicy& policy = open.choice->rule->policy;
  const std::uint64_t limit = policy.limit == 0 ? kTracedBytes : policy.limit;
  std::uint64_t length = kTracedUnknownBytes;
  const auto argument = [&](int i) -> std::optional<std::uint64_t> {
    if (i < 0 || static_cast<std::size_t>(i) >= kTracedArguments) return std::nullopt;
    return open.arguments[i];
  };
  const std::optional<std::uint64_t> said =
      policy.length ? policy.length->evaluate(argument) : std::nullopt;
  if (said) {
    length = *said;
  } else if (const auto block = guest_->machine().heap.size_of(address)) {
    length = *block;
  } else {
    (void)with_memory_escape([&] {
      if (const auto text = guest_->arena().text(address, kMaxTraceTextBytes))
        length = text->size() + 1;
    });
  }
  length = std::min(length, limit);
  // To the end of what is mapped.
  while (length > 0 && !guest_->arena().allows(address, length, kPageRead)) {
    const std::uint64_t last = (address + length - 1) / kGuestPage * kGuestPage;
    length = last > address ? last - address : 0;
  }
  return length;
}

void GuestTracer::write_argument(std::uint64_t call, std::int32_t index, TraceDirection direction,
                                 std::uint64_t value, const Open& open) {
  TraceArgument out;
  out.index = index;
  out.direction = direction;
  out.address = value;
  if (guest_->arena().allows(value, 1, kPageRead)) {
    out.type = "void*";
    out.length = length_at(value, open);
    if (const auto bytes = guest_->arena().copy(value, out.length))
      out.buffer = writer_.keep(*bytes);
  } else {
    out.type = "long";
  }
  (void)writer_.write({stamp(call), std::move(out)});
}

std::uint64_t GuestTracer::begin(Choice& choice, CallFrame& frame) {
  if (choice.rule == nullptr) return 0;
  const CapturePolicy& policy = choice.rule->policy;
  ++choice.seen;
  if (policy.calls != 0 && choice.seen > policy.calls) return 0;
  if ((choice.seen - 1) % std::max<std::uint64_t>(policy.every, 1) != 0) return 0;
  const std::uint64_t id = next_call_++;
  ++calls_;
  const std::uint64_t parent = thread_calls.ids.empty() ? 0 : thread_calls.ids.back();
  (void)writer_.write({stamp(id), TraceEnter{choice.method, frame.return_address(), parent}});
  thread_calls.ids.push_back(id);
  Open open{&choice, {}};
  for (std::size_t i = 0; i < kTracedArguments; ++i)
    open.arguments[i] = observed_argument(frame, i);
  open_[id] = open;
  if (!policy.in) return id;
  for (std::size_t i = 0; i < kTracedArguments; ++i)
    write_argument(id, static_cast<std::int32_t>(i), TraceDirection::kIn, open.arguments[i], open);
  return id;
}

void GuestTracer::end(std::uint64_t id, CallFrame& frame) {
  std::erase(thread_calls.ids, id);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  const CapturePolicy& policy = open.choice->rule->policy;
  if (policy.out) {
    for (std::size_t i = 0; i < kTracedArguments; ++i) {
      if (!guest_->arena().allows(open.arguments[i], 1, kPageRead)) continue;
      write_argument(id, static_cast<std::int32_t>(i), TraceDirection::kOut, open.arguments[i],
                     open);
    }
  }
  TraceLeave leave;
  leave.method = open.choice->method;
  leave.value = frame.result();
  if (guest_->machine().engine.faulted()) leave.outcome = TraceOutcome::kCrashed;
  if (policy.result) write_argument(id, kTraceReturnValue, TraceDirection::kOut, leave.value, open);
  (void)writer_.write({stamp(id), std::move(leave)});
}

namespace {

// What an enter leaves for its leave; the innermost last. A place is a host function or an address.
struct Entered {
  std::uint64_t place = 0;
  std::uint64_t call = 0;
};
thread_local std::vector<Entered> entered;

std::uint64_t place_of(const HostFunction& function) {
  return reinterpret_cast<std::uint64_t>(&function);
}

// The call that ends at this place. Calls that a fault or an exception ended never came back: those
// above it are over.
std::uint64_t take_entered(std::uint64_t place) {
  for (std::size_t i = entered.size(); i-- > 0;) {
    if (entered[i].place != place) continue;
    const std::uint64_t id = entered[i].call;
    entered.resize(i);
    return id;
  }
  return 0;
}

}  // namespace

void GuestTracer::enter(const HostFunction& function, CallFrame& frame) {
  const std::scoped_lock lock(mutex_);
  const GuestLibrary* const caller = guest_->loader().holding(frame.return_address());
  entered.push_back({place_of(function), begin(choice_for(function, caller), frame)});
}

void GuestTracer::leave(const HostFunction& function, CallFrame& frame) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t id = take_entered(place_of(function));
  if (id != 0) end(id, frame);
}

void GuestTracer::enter_code(std::uint64_t address, CallFrame& frame) {
  model_calls_.enter(address, frame);
  const std::scoped_lock lock(mutex_);
  const auto watched = watched_.find(address);
  if (watched != watched_.end()) entered.push_back({address, begin(watched->second, frame)});
}

void GuestTracer::leave_code(std::uint64_t address, CallFrame& frame) {
  model_calls_.leave(address, frame);
  const std::scoped_lock lock(mutex_);
  const std::uint64_t id = take_entered(address);
  if (id != 0) end(id, frame);
}

void GuestTracer::watch(const GuestLibrary& library, std::uint64_t offset, const CaptureRule& rule,
                        TraceMethodKind kind, const std::string& name,
                        const std::string& signature) {
  const std::uint64_t address = library.bias + offset;
  const auto [place, fresh] = watched_.try_emplace(address);
  if (!fresh) return;
  const auto accepted = guest_->machine().engine.watch(address);
  if (!accepted) {
    watched_.erase(place);
    note(TraceLevel::kWarning, name, "cannot be watched: " + accepted.error().what);
    return;
  }
  place->second.rule = &rule;
  place->second.method = static_cast<std::uint32_t>(methods_.size() + 1);
  methods_.emplace(name + " at " + std::to_string(address), place->second.method);
  (void)writer_.write({stamp(0), TraceMethod{place->second.method, kind, cut(name),
                                             module_of(&library), offset, cut(signature)}});
}

void GuestTracer::watch_library(const GuestLibrary& library) {
  for (const CaptureRule& rule : rules_) {
    if (rule.selector.kind != SelectorKind::kLibrary) continue;
    NativeFunctionName name{library.name, library.elf.build_id(), "",
                            "",           rule.selector.offset,   false};
    if (rule.selector.offset) {
      if (rule.selector.matches(name))
        watch(library, *rule.selector.offset, rule, TraceMethodKind::kOffset,
              print_selector(rule.selector), "");
      continue;
    }
    std::size_t found = 0;
    for (const auto* table : {&library.elf.symbols(), &library.elf.debug_symbols()}) {
      for (const ElfSymbol& symbol : *table) {
        if (!symbol.defined() || symbol.type != 2) continue;
        name.symbol = symbol.name;
        if (!rule.selector.matches(name)) continue;
        if (++found > kMaxWatchedFunctions) {
          note(TraceLevel::kWarning, library.name, "a rule selects more functions than the limit");
          return;
        }
        watch(library, symbol.value, rule, TraceMethodKind::kExport,
              print_selector(symbol_selector(library.name, std::string(symbol.name))), "");
      }
    }
  }
}

void GuestTracer::watch_native(const NativeMethod& native) {
  const GuestLibrary* const library = guest_->loader().loaded(native.library);
  if (library == nullptr) return;
  for (const CaptureRule& rule : rules_) {
    if (rule.selector.kind != SelectorKind::kJni ||
        !rule.selector.matches(JavaMethodName{native.owner, native.name, native.signature, true}))
      continue;
    watch(*library, native.offset, rule, TraceMethodKind::kJni,
          print_selector(
              java_selector("L" + native.owner + ";", native.name, native.signature, true)),
          native.signature);
    return;
  }
}

void GuestTracer::lookup(const GuestLookup& lookup) {
  const std::uint64_t inside = thread_calls.ids.empty() ? 0 : thread_calls.ids.back();
  (void)writer_.write({stamp(inside), TraceLookup{kind_of(lookup.what), cut(lookup.name),
                                                  lookup.found, cut(lookup.answer)}});
}

void GuestTracer::log(int priority, std::string_view tag, std::string_view text) {
  const std::uint64_t inside = thread_calls.ids.empty() ? 0 : thread_calls.ids.back();
  (void)writer_.write({stamp(inside), TraceLog{level_of(priority), cut(tag), cut(text)}});
}

std::uint64_t GuestTracer::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

}  // namespace dl::guest
