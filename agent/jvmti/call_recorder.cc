// SPDX-License-Identifier: Apache-2.0
// Small records by hand, values by ValueWriter.
#include "call_recorder.h"

#include <algorithm>
#include <cstring>

#include "daylight/capture/wire/wire_client.h"
#include "platform_classes.h"

namespace dl::jvmti {
namespace {

constexpr std::uint64_t kMaxExceptionBytes = 4096;

// The class of what was thrown, and its message as it lies in its field: none of its code runs.
std::string exception_text(JNIEnv* env, jthrowable thrown) {
  const jniNativeInterface& jni = java_access().jni;
  jclass klass = jni.GetObjectClass(env, thrown);
  std::string out = java_type_name(class_signature(klass)).value_or("an exception");
  jni.DeleteLocalRef(env, klass);
  const PlatformClasses& known = platform_classes(env);
  if (known.message == nullptr) return out;
  auto* const message = static_cast<jstring>(jni.GetObjectField(env, thrown, known.message));
  if (message == nullptr) return out;
  std::vector<jchar> units(std::min<std::size_t>(
      static_cast<std::size_t>(jni.GetStringLength(env, message)), kMaxExceptionBytes / 4));
  jni.GetStringRegion(env, message, 0, static_cast<jsize>(units.size()), units.data());
  jni.DeleteLocalRef(env, message);
  out += ": " + utf8_of(units);
  if (out.size() > kMaxExceptionBytes) out.resize(kMaxExceptionBytes);
  return out;
}

}  // namespace

bool RecordedCall::begin() {
  if (!journal_.open()) return false;
  thread_ = journal_.mine();
  if (thread_ == nullptr || thread_->busy) return false;
  thread_->busy = true;
  return true;
}

void RecordedCall::memory(TraceDirection direction, std::int32_t index, const ValueType* type,
                          const void* address, std::uint64_t length) {
  if (direction == TraceDirection::kOut) now_ = capture::WireClient::now_ns();
  ValueWriter(env_, journal_, *thread_, {id_, now_, direction, method_.policy.limit})
      .memory(index, type, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)),
              length);
}

bool RecordedCall::enter() {
  now_ = capture::WireClient::now_ns();
  // Small records would find a place where the buffers of the call do not.
  std::uint8_t* const at = journal_.crowded() ? nullptr : thread_->reserve(sizeof(EnterRecord));
  if (at == nullptr) {
    journal_.lose({1, 2, 0});
    return false;
  }
  id_ = thread_->new_call();
  std::vector<std::uint64_t>& open = thread_->open_calls();
  auto* const record = new (at) EnterRecord;
  record->bytes = sizeof(EnterRecord);
  record->kind = RecordKind::kEnter;
  record->call = id_;
  record->time_ns = now_;
  record->method = method_.id;
  record->parent = open.empty() ? 0 : open.back();
  thread_->commit();
  open.push_back(id_);
  return true;
}

RecordedCall::~RecordedCall() {
  if (id_ == 0) return;
  now_ = capture::WireClient::now_ns();
  write_leave(TraceOutcome::kUnwound, 0, "");
}

bool RecordedCall::value_holds(int index, std::uint64_t bits) const {
  const JavaParameter& parameter = method_.signature.parameters[static_cast<std::size_t>(index)];
  std::uint64_t length = 1;
  if (parameter.letter == 'L' && bits == 0) return false;
  auto* const object = reinterpret_cast<jobject>(static_cast<std::uintptr_t>(bits));
  const jniNativeInterface& jni = java_access().jni;
  if (parameter.shape == ValueShape::kArray) {
    length = static_cast<std::uint64_t>(jni.GetArrayLength(env_, static_cast<jarray>(object)));
  } else if (parameter.shape == ValueShape::kString) {
    length = static_cast<std::uint64_t>(jni.GetStringLength(env_, static_cast<jstring>(object)));
  } else if (parameter.shape == ValueShape::kObject) {
    const jlong capacity = jni.GetDirectBufferCapacity(env_, object);
    if (capacity >= 0) length = static_cast<std::uint64_t>(capacity);
  }
  return method_.by_value->matches(PassedValue{parameter.type, length, index});
}

// How long a result is, nobody knows before the call.
bool RecordedCall::result_could_hold() const {
  Selector any_length = *method_.by_value;
  any_length.length.reset();
  return any_length.matches(PassedValue{method_.signature.result.type, 0, kResultPlace});
}

jthrowable RecordedCall::take_exception() {
  const jniNativeInterface& jni = java_access().jni;
  now_ = capture::WireClient::now_ns();
  if (!jni.ExceptionCheck(env_)) return nullptr;
  jthrowable const thrown = jni.ExceptionOccurred(env_);
  jni.ExceptionClear(env_);
  return thrown;
}

void RecordedCall::write_result(std::uint64_t result) {
  if (!method_.policy.result || method_.signature.result.shape == ValueShape::kVoid) return;
  ValueWriter out(env_, journal_, *thread_,
                  {id_, now_, TraceDirection::kOut, method_.policy.limit});
  out.value(kTraceReturnValue, method_.signature.result, method_.types.back(), result);
}

void RecordedCall::end(jthrowable thrown, std::uint64_t result) {
  const char letter = method_.signature.result.letter;
  if (thrown != nullptr) {
    write_leave(TraceOutcome::kThrew, 0, exception_text(env_, thrown));
  } else {
    write_leave(TraceOutcome::kReturned, letter == 'L' ? 0 : bits_of(letter, result), "");
  }
}

// Calls that are closed are few: their last records have room where nothing else has.
void RecordedCall::write_leave(TraceOutcome outcome, std::uint64_t value, std::string_view text) {
  const std::size_t size = sizeof(LeaveRecord) + ((text.size() + 7) & ~std::size_t{7});
  std::uint8_t* const at = thread_->reserve(size, true);
  if (at != nullptr) {
    auto* const record = new (at) LeaveRecord;
    record->bytes = static_cast<std::uint32_t>(size);
    record->kind = RecordKind::kLeave;
    record->flag = static_cast<std::uint8_t>(outcome);
    record->call = id_;
    record->time_ns = now_;
    record->method = method_.id;
    record->text_bytes = static_cast<std::uint32_t>(text.size());
    record->value = value;
    std::memcpy(at + sizeof(LeaveRecord), text.data(), text.size());
    thread_->commit();
  } else {
    journal_.lose({0, 1, 0});
  }
  // Calls inside that nobody left went by with it.
  std::vector<std::uint64_t>& open = thread_->open_calls();
  while (!open.empty() && open.back() >= id_) open.pop_back();
  id_ = 0;
}

}  // namespace dl::jvmti
