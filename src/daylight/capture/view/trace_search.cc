// SPDX-License-Identifier: Apache-2.0
// Patterns against events.
#include "daylight/capture/view/trace_search.h"

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/capture/view/buffer_values.h"

namespace dl::capture {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::size_t kMinDigestDigits = 4;

bool is_selector(std::string_view pattern) {
  for (const char* prefix : {"java:", "jni:", "so:", "import:", "sig:"}) {
    if (pattern.starts_with(prefix)) return true;
  }
  return false;
}

Result<std::string> digest_prefix(std::string_view digits) {
  std::string out = to_lower(digits);
  const bool hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (hex && out.size() >= kMinDigestDigits && out.size() <= 2 * sizeof(Sha256Bytes)) return out;
  return fail(ErrorCode::kInvalidArgument, "is no beginning of a digest",
              std::string(kDigestPrefix) + out, "give 4 to 64 hexadecimal digits");
}

// A literal part of a method's own selector; "" for one that is none.
const std::string& literal(const TextPattern& pattern) { return pattern.head(); }

const TraceBuffer* buffer_of(const TracePayload& payload) {
  if (const auto* argument = std::get_if<TraceArgument>(&payload)) return &argument->buffer;
  if (const auto* stimulus = std::get_if<TraceStimulusBegin>(&payload)) return &stimulus->buffer;
  if (const auto* model = std::get_if<TraceMemoryModel>(&payload)) return &model->buffer;
  return nullptr;
}

}  // namespace

Result<TraceSearch> TraceSearch::parse(std::string_view pattern) {
  TraceSearch search;
  if (pattern.starts_with(kDigestPrefix)) {
    search.what_ = What::kBuffer;
    search.digest_ = TRY(digest_prefix(pattern.substr(kDigestPrefix.size())));
  } else if (is_selector(pattern)) {
    search.what_ = What::kCalls;
    search.selector_ = TRY(parse_selector(pattern));
  } else {
    search.text_ = TRY(TextPattern::parse("*" + std::string(pattern) + "*"));
  }
  return search;
}

Result<void> TraceSearch::look(const TraceEvent& event, const TraceNames& names) {
  if (event.call == 0 || !selects(event, names)) return {};
  // Arguments of one call stand together: no need to note each.
  if (!calls_.empty() && calls_.back() == call_of(event)) return {};
  if (calls_.size() >= kMaxFoundCalls) {
    return fail(ErrorCode::kLimit, "selects too many calls", "pattern",
                "select fewer, or show the whole trace");
  }
  calls_.push_back(call_of(event));
  return {};
}

void TraceSearch::end_first_pass() {
  std::sort(calls_.begin(), calls_.end());
  calls_.erase(std::unique(calls_.begin(), calls_.end()), calls_.end());
}

bool TraceSearch::matches(const TraceEvent& event, const TraceNames& names) const {
  switch (what_) {
    case What::kCalls:
      return event.call != 0 && std::binary_search(calls_.begin(), calls_.end(), call_of(event));
    case What::kBuffer:
      return holds_buffer(event);
    case What::kText:
      return holds_text(event, names);
  }
  return false;
}

bool TraceSearch::selects(const TraceEvent& event, const TraceNames& names) const {
  if (const auto* argument = std::get_if<TraceArgument>(&event.payload))
    return selector_.kind == SelectorKind::kSignature && selects(*argument);
  const auto* enter = std::get_if<TraceEnter>(&event.payload);
  if (enter == nullptr || selector_.kind == SelectorKind::kSignature) return false;
  const TraceMethod* const method = names.method(event.pid, enter->method);
  return method != nullptr && selects(*method, names.module(event.pid, method->module));
}

bool TraceSearch::selects(const TraceMethod& method, const TraceModule* module) const {
  const auto name = parse_selector(method.name);
  if (!name) return false;
  if (name->kind == SelectorKind::kJava || name->kind == SelectorKind::kJni) {
    return selector_.matches(JavaMethodName{literal(name->klass), literal(name->method),
                                            literal(name->signature),
                                            name->kind == SelectorKind::kJni});
  }
  NativeFunctionName function;
  function.library = literal(name->library);
  function.symbol = literal(name->symbol);
  function.offset = name->offset;
  function.build_id = name->pin.build_id;
  function.sha256 = name->pin.sha256;
  if (module != nullptr && function.build_id.empty()) function.build_id = module->build_id;
  if (!function.offset && method.offset != 0) function.offset = method.offset;
  function.imported = name->kind == SelectorKind::kImport;
  return selector_.matches(function);
}

bool TraceSearch::selects(const TraceArgument& argument) const {
  const std::uint64_t elements = argument.length / element_bytes(value_type(argument));
  return selector_.matches(PassedValue{argument.type, elements, argument.index});
}

bool TraceSearch::holds_buffer(const TraceEvent& event) const {
  const TraceBuffer* const buffer = buffer_of(event.payload);
  if (buffer == nullptr) return false;
  if (buffer->held == TraceHeld::kInline) return sha256_hex(buffer->bytes).starts_with(digest_);
  const bool has_digest = buffer->held == TraceHeld::kBlob || buffer->held == TraceHeld::kDigest;
  return has_digest && to_hex(buffer->digest).starts_with(digest_);
}

bool TraceSearch::holds_text(const TraceEvent& event, const TraceNames& names) const {
  const auto any = [this](std::initializer_list<std::string_view> texts) {
    return std::any_of(texts.begin(), texts.end(),
                       [this](std::string_view text) { return text_.matches(text); });
  };
  const auto named = [&](std::uint32_t method) {
    return any({names.method_name(event.pid, method)});
  };
  if (const auto* e = std::get_if<TraceProcess>(&event.payload)) return any({e->name});
  if (const auto* e = std::get_if<TraceModule>(&event.payload)) return any({e->name, e->build_id});
  if (const auto* e = std::get_if<TraceMethod>(&event.payload)) return any({e->name, e->signature});
  if (const auto* e = std::get_if<TraceEnter>(&event.payload)) return named(e->method);
  if (const auto* e = std::get_if<TraceLeave>(&event.payload))
    return named(e->method) || any({e->text});
  if (const auto* e = std::get_if<TraceArgument>(&event.payload)) return any({e->name, e->type});
  if (const auto* e = std::get_if<TraceStimulusBegin>(&event.payload)) return any({e->file});
  if (const auto* e = std::get_if<TraceStimulusEnd>(&event.payload)) return any({e->text});
  if (const auto* e = std::get_if<TraceLoss>(&event.payload)) return any({e->why});
  if (const auto* e = std::get_if<TraceNote>(&event.payload)) return any({e->where, e->text});
  if (const auto* e = std::get_if<TraceLog>(&event.payload)) return any({e->tag, e->text});
  if (const auto* e = std::get_if<TraceLookup>(&event.payload)) return any({e->name, e->answer});
  if (const auto* e = std::get_if<TraceNative>(&event.payload))
    return any({e->klass, e->name, e->signature});
  if (const auto* e = std::get_if<TraceMemoryModel>(&event.payload))
    return any({e->format, e->where});
  const auto* end = std::get_if<TraceEnd>(&event.payload);
  return end != nullptr && any({end->text});
}

}  // namespace dl::capture
