// SPDX-License-Identifier: Apache-2.0
// One call of a watched method in the journal: its begin, its values, its end.
#pragma once

#include <jni.h>

#include <cstdint>

#include "call_journal.h"
#include "daylight/artifact/trace/trace_event.h"
#include "daylight/capture/wire/wire_client.h"
#include "value_writer.h"
#include "watched_method.h"

namespace dl::jvmti {

// Begins in the constructor's thread and ends there, in the order of the calls. While one is made
// and written, calls of that thread are not recorded: they are ours.
class RecordedCall {
 public:
  // `arguments` gives the bits of each parameter. Nothing of a call is in the journal unless
  // recorded() holds: sampling, a value that does not hold, no memory.
  template <typename Arguments>
  RecordedCall(CallJournal& journal, WatchedMethod& method, JNIEnv* env, Arguments arguments)
      : journal_(journal), method_(method), env_(env) {
    if (!begin()) return;
    // Calls that do not hold the value are not the ones that `calls` and `every` count.
    const bool wanted = (!method.by_value || holds_value(arguments)) && method.wants_this_call();
    if (!wanted) {
      thread_->busy = false;
      return;
    }
    if (enter() && method.policy.in) write_values(arguments, TraceDirection::kIn);
    thread_->busy = false;
  }
  // A call that nobody ended was unwound.
  ~RecordedCall();
  RecordedCall(const RecordedCall&) = delete;
  RecordedCall& operator=(const RecordedCall&) = delete;

  bool recorded() const { return id_ != 0; }
  std::uint64_t id() const { return id_; }

  // After the call. `result`: its bits, a reference as its jobject; an exception that is pending
  // stays so.
  template <typename Arguments>
  void leave(Arguments arguments, std::uint64_t result) {
    if (!recorded()) return;
    thread_->busy = true;
    jthrowable const thrown = take_exception();
    if (method_.policy.out) write_values(arguments, TraceDirection::kOut);
    if (thrown == nullptr) write_result(result);
    end(thrown, result);
    if (thrown != nullptr) java_access().jni.Throw(env_, thrown);
    thread_->busy = false;
  }

  // As leave(), where the virtual machine keeps the exception to itself.
  template <typename Arguments>
  void leave_by_exception(Arguments arguments) {
    if (!recorded()) return;
    thread_->busy = true;
    now_ = capture::WireClient::now_ns();
    if (method_.policy.out) write_values(arguments, TraceDirection::kOut);
    write_leave(TraceOutcome::kThrew, 0, "");
    thread_->busy = false;
  }

  // Bytes of native memory as a value of the call, which is recorded. Asks nothing of Java.
  void memory(TraceDirection direction, std::int32_t index, const ValueType* type,
              const void* address, std::uint64_t length);

 private:
  bool begin();
  bool enter();
  template <typename Arguments>
  bool holds_value(Arguments arguments) const {
    for (std::size_t i = 0; i < method_.signature.parameters.size(); ++i) {
      if (value_holds(static_cast<int>(i), arguments(i))) return true;
    }
    return result_could_hold();
  }
  template <typename Arguments>
  void write_values(Arguments arguments, TraceDirection direction) {
    ValueWriter out(env_, journal_, *thread_, {id_, now_, direction, method_.policy.limit});
    const JavaSignature& signature = method_.signature;
    for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
      const JavaParameter& parameter = signature.parameters[i];
      const auto index = static_cast<std::int32_t>(i);
      // A number that the rule has a length for is the address of memory.
      if (parameter.letter == 'J' && method_.policy.length) {
        write_memory(out, index, arguments(i), arguments);
      } else if (direction == TraceDirection::kIn) {
        out.value(index, parameter, method_.types[i], arguments(i));
      } else {
        out.changed_value(index, parameter, method_.types[i], arguments(i));
      }
    }
  }
  template <typename Arguments>
  void write_memory(ValueWriter& out, std::int32_t index, std::uint64_t address,
                    Arguments arguments) {
    const auto length = method_.policy.length->evaluate([&](int i) -> std::optional<std::uint64_t> {
      if (i < 0 || static_cast<std::size_t>(i) >= method_.signature.parameters.size())
        return std::nullopt;
      const JavaParameter& parameter = method_.signature.parameters[static_cast<std::size_t>(i)];
      if (parameter.shape != ValueShape::kScalar) return std::nullopt;
      return bits_of(parameter.letter, arguments(static_cast<std::size_t>(i)));
    });
    const ValueType* const type = method_.types[static_cast<std::size_t>(index)];
    if (length && address != 0) return out.memory(index, type, address, *length);
    out.scalar(index, type, address);
  }
  bool value_holds(int index, std::uint64_t bits) const;
  bool result_could_hold() const;
  jthrowable take_exception();
  void write_result(std::uint64_t result);
  void end(jthrowable thrown, std::uint64_t result);
  void write_leave(TraceOutcome outcome, std::uint64_t value, std::string_view text);

  CallJournal& journal_;
  WatchedMethod& method_;
  JNIEnv* const env_;
  ThreadJournal* thread_ = nullptr;
  std::uint64_t id_ = 0;
  std::uint64_t now_ = 0;
};

}  // namespace dl::jvmti
