// SPDX-License-Identifier: Apache-2.0
// The fields of every kind of event in the order of the file, said once for writing and reading.
#pragma once

#include <concepts>
#include <type_traits>

#include "daylight/artifact/trace/trace_event.h"

namespace dl {

template <typename T, typename Record>
concept FieldsOf = std::same_as<std::remove_const_t<T>, Record>;

// A codec is called with each field: unsigned and signed integers, double, bool, std::string,
// digests; `choice` with an enum and its last value; `list` with a vector and the most parts that
// it may have. New fields may only go to the end of a kind: readers of today pass over them, and
// those of tomorrow must do without them.
template <typename Codec, FieldsOf<TraceBuffer> Record>
void trace_fields(Codec& codec, Record& record) {
  codec.choice(record.held, TraceHeld::kDropped);
  codec(record.captured);
  if (record.held == TraceHeld::kInline) codec.inline_bytes(record);
  if (record.held == TraceHeld::kBlob || record.held == TraceHeld::kDigest) codec(record.digest);
}

template <typename Codec, FieldsOf<TraceProcess> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.name);
  codec(record.abi);
  codec(record.source);
}

template <typename Codec, FieldsOf<TraceModule> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.id);
  codec(record.name);
  codec.list(record.entry, kMaxTraceEntries);
  codec(record.build_id);
  codec(record.base);
  codec(record.size);
}

template <typename Codec, FieldsOf<TraceMethod> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.id);
  codec.choice(record.kind, TraceMethodKind::kConstructor);
  codec(record.name);
  codec(record.module);
  codec(record.offset);
  codec(record.signature);
}

template <typename Codec, FieldsOf<TraceEnter> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.method);
  codec(record.caller);
  codec(record.parent);
}

template <typename Codec, FieldsOf<TraceLeave> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.method);
  codec.choice(record.outcome, TraceOutcome::kStopped);
  codec(record.value);
  codec(record.text);
}

// All but the buffer, which comes last.
template <typename Codec, FieldsOf<TraceArgument> Record>
void trace_argument_head(Codec& codec, Record& record) {
  codec(record.index);
  codec.choice(record.direction, TraceDirection::kOut);
  codec(record.name);
  codec(record.type);
  codec(record.dtype);
  codec.list(record.shape, kMaxTraceRank);
  codec(record.address);
  codec(record.length);
}

template <typename Codec, FieldsOf<TraceArgument> Record>
void trace_fields(Codec& codec, Record& record) {
  trace_argument_head(codec, record);
  trace_fields(codec, record.buffer);
}

template <typename Codec, FieldsOf<TraceStimulusBegin> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.id);
  codec(record.file);
  codec(record.face);
  codec(record.frame);
  codec(record.t_ms);
  trace_fields(codec, record.buffer);
}

template <typename Codec, FieldsOf<TraceStimulusEnd> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.id);
  codec.choice(record.outcome, TraceOutcome::kStopped);
  codec(record.text);
}

template <typename Codec, FieldsOf<TraceLoss> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.calls);
  codec(record.events);
  codec(record.bytes);
  codec(record.why);
}

template <typename Codec, FieldsOf<TraceNote> Record>
void trace_fields(Codec& codec, Record& record) {
  codec.choice(record.level, TraceLevel::kFatal);
  codec(record.where);
  codec(record.text);
}

template <typename Codec, FieldsOf<TraceLog> Record>
void trace_fields(Codec& codec, Record& record) {
  codec.choice(record.level, TraceLevel::kFatal);
  codec(record.tag);
  codec(record.text);
}

template <typename Codec, FieldsOf<TraceLookup> Record>
void trace_fields(Codec& codec, Record& record) {
  codec.choice(record.what, TraceLookupKind::kSetting);
  codec(record.name);
  codec(record.found);
  codec(record.answer);
}

template <typename Codec, FieldsOf<TraceNative> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.klass);
  codec(record.name);
  codec(record.signature);
  codec(record.module);
  codec(record.offset);
  codec.choice(record.route, TraceRoute::kConstructor);
}

template <typename Codec, FieldsOf<TraceMemoryModel> Record>
void trace_fields(Codec& codec, Record& record) {
  codec(record.format);
  codec(record.address);
  codec(record.size);
  codec(record.where);
  trace_fields(codec, record.buffer);
}

template <typename Codec, FieldsOf<TraceEnd> Record>
void trace_fields(Codec& codec, Record& record) {
  codec.choice(record.ending, TraceEnding::kFailed);
  codec(record.events);
  codec(record.calls);
  codec(record.blobs);
  codec(record.lost_calls);
  codec(record.lost_events);
  codec(record.text);
}

}  // namespace dl
