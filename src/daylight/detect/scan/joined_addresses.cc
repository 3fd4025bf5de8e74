// SPDX-License-Identifier: Apache-2.0
// Follows constants through registers into texts.
#include "daylight/detect/scan/joined_addresses.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "daylight/base/text.h"
#include "daylight/detect/scan/remote_models.h"
#include "daylight/format/code/dex_code.h"

namespace dl {
namespace {

using program::ClassIndex;
using program::FieldId;
using program::kNoId;
using program::MethodId;

// Stands for what is not constant.
constexpr std::string_view kHole = "{}";
constexpr std::array<std::string_view, 2> kBuilders = {"Ljava/lang/StringBuilder;",
                                                       "Ljava/lang/StringBuffer;"};

using FieldTexts = std::unordered_map<FieldId, std::string>;

// What a register holds, where that is known. A builder is shared by all registers that name it.
struct Value {
  enum class Kind { kUnknown, kText, kNumber, kBuilder, kArray };
  Kind kind = Kind::kUnknown;
  std::int64_t number = 0;
  std::shared_ptr<std::string> text;          // of a text or builder
  std::shared_ptr<std::vector<Value>> items;  // of an array
};

// Longer texts are no addresses: only their beginning is kept.
Value text_value(std::string text) {
  if (text.size() > kMaxUrlLength) text.resize(kMaxUrlLength);
  return {Value::Kind::kText, 0, std::make_shared<std::string>(std::move(text)), nullptr};
}

bool is_builder(std::string_view descriptor) {
  return std::find(kBuilders.begin(), kBuilders.end(), descriptor) != kBuilders.end();
}

// A value as text, as a parameter of this type prints it.
std::string shown(const Value& value, std::string_view type) {
  if (value.kind == Value::Kind::kText || value.kind == Value::Kind::kBuilder) return *value.text;
  if (value.kind != Value::Kind::kNumber) return std::string(kHole);
  if (type == "C" && value.number > 0x20 && value.number < 0x7f)
    return std::string(1, static_cast<char>(value.number));
  return type == "I" || type == "J" ? std::to_string(value.number) : std::string(kHole);
}

// String.format for directives that take one argument each: "%s", "%04d", "%2$s".
std::string formatted(std::string_view pattern, const std::vector<Value>& arguments) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size() && out.size() < kMaxUrlLength; ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    const std::size_t end = pattern.find_first_not_of("0123456789$-+#,.( ", i + 1);
    if (end == std::string_view::npos) return out;
    if (pattern[end] == '%' || pattern[end] == 'n') {
      if (pattern[end] == '%') out += '%';
      i = end;
      continue;
    }
    std::size_t which = next;
    const std::size_t dollar = pattern.substr(i, end - i).find('$');
    if (dollar == std::string_view::npos) {
      ++next;
    } else {
      which = 0;
      for (std::size_t at = i + 1; at < i + dollar && which < kMaxJoinedElements; ++at)
        which = which * 10 + static_cast<std::size_t>(pattern[at] - '0');
      --which;  // counted from one; zero is out of range below
    }
    out += which < arguments.size() ? shown(arguments[which], "") : std::string(kHole);
    i = end;
  }
  return out;
}

// One walk over a method.
class JoinWalk {
 public:
  JoinWalk(const ClassIndex& index, const FieldTexts& fields, MethodId method, const DexCode& code)
      : index_(index),
        fields_(fields),
        dex_number_(index_.method_info(method).dex),
        dex_(index_.files()[dex_number_]),
        code_(code) {}

  struct Joined {
    std::uint32_t pc = 0;
    std::string text;
  };

  // Texts that calls made of others, by address.
  std::vector<Joined> run() {
    const std::set<std::uint32_t> targets = dex_jump_targets(code_);
    DexInstructionReader reader(code_);
    DexInstruction instruction;
    while (reader.next(instruction)) {
      if (instruction.is_payload()) continue;
      if (targets.contains(instruction.pc)) known_.clear();
      step(instruction);
    }
    return std::move(joined_);
  }

 private:
  Value at(std::uint32_t place) const {
    const auto found = known_.find(place);
    return found == known_.end() ? Value{} : found->second;
  }

  void step(const DexInstruction& instruction) {
    Value made;
    switch (instruction.opcode) {
      case kOpConst4:
      case kOpConst16:
      case kOpConst:
        made = {Value::Kind::kNumber, instruction.literal, nullptr, nullptr};
        break;
      case kOpConstString:
      case kOpConstStringJumbo:
        made = text_value(std::string(dex_.string(instruction.index).substr(0, kMaxUrlLength)));
        break;
      case kOpMoveObject:
      case kOpMoveObjectFrom16:
      case kOpMoveObject16:
        made = at(instruction.b);
        break;
      case kOpMoveResultObject:
        made = std::move(result_);
        break;
      case kOpSgetObject:
        made = field_text(instruction.index);
        break;
      case kOpNewInstance:
        if (is_builder(dex_.type_descriptor(instruction.index)))
          made = {Value::Kind::kBuilder, 0, std::make_shared<std::string>(), nullptr};
        break;
      case kOpNewArray: {
        const Value size = at(instruction.b);
        if (size.kind == Value::Kind::kNumber && size.number >= 0 &&
            size.number <= static_cast<std::int64_t>(kMaxJoinedElements))
          made = {Value::Kind::kArray, 0, nullptr,
                  std::make_shared<std::vector<Value>>(static_cast<std::size_t>(size.number))};
        break;
      }
      case kOpAputObject:
        put(at(instruction.b), at(instruction.c), at(instruction.a));
        return;
      default:
        break;
    }
    result_ = {};
    if (instruction.info().index_kind == DexIndexKind::kMethod) call(instruction);
    if ((instruction.info().flags & kDexWritesA) == 0) return;
    if ((instruction.info().flags & kDexWide) != 0) known_.erase(instruction.a + 1);
    if (made.kind == Value::Kind::kUnknown) {
      known_.erase(instruction.a);
    } else {
      known_[instruction.a] = std::move(made);
    }
  }

  Value field_text(std::uint32_t field) const {
    const FieldId id = index_.field_of(dex_number_, field);
    const auto found = id == kNoId ? fields_.end() : fields_.find(index_.resolve_field(id));
    return found == fields_.end() ? Value{} : text_value(found->second);
  }

  static void put(const Value& array, const Value& place, const Value& item) {
    if (array.kind != Value::Kind::kArray || place.kind != Value::Kind::kNumber) return;
    const auto i = static_cast<std::uint64_t>(place.number);
    if (i < array.items->size() && item.kind != Value::Kind::kArray)
      (*array.items)[static_cast<std::size_t>(i)] = item;
  }

  void call(const DexInstruction& instruction) {
    const MethodId callee = index_.method_of(dex_number_, instruction.index);
    if (callee == kNoId || instruction.argument_count == 0) return;
    const std::string_view owner = index_.method_owner(callee);
    const std::string_view name = index_.method_name(callee);
    const std::string_view type = index_.method_descriptor(callee);
    const Value first = at(instruction.argument(0));
    const Value second = instruction.argument_count > 1 ? at(instruction.argument(1)) : Value{};
    if (is_builder(owner)) {
      build(name, type, first, second, instruction.pc);
    } else if ((owner == "Ljava/lang/String;" && name == "concat") ||
               (owner == "Lkotlin/jvm/internal/Intrinsics;" && name == "stringPlus")) {
      result_ = made_of(shown(first, "") + shown(second, ""), instruction.pc);
    } else if (owner == "Ljava/lang/String;" && name == "format") {
      const bool with_locale = type.starts_with("(Ljava/util/Locale;");
      const Value& pattern = with_locale ? second : first;
      const std::uint32_t last = with_locale ? 2 : 1;
      const Value arguments =
          instruction.argument_count > last ? at(instruction.argument(last)) : Value{};
      if (pattern.kind == Value::Kind::kText && arguments.kind == Value::Kind::kArray)
        result_ = made_of(formatted(*pattern.text, *arguments.items), instruction.pc);
    } else if (owner == "Ljava/lang/String;" && (name == "toString" || name == "valueOf")) {
      result_ = first;
    }
  }

  // A call on a builder.
  void build(std::string_view name, std::string_view type, const Value& self, const Value& argument,
             std::uint32_t pc) {
    if (self.kind != Value::Kind::kBuilder) return;
    const std::string_view parameter = type.substr(1, type.find(')') - 1);
    if (name == "toString") {
      result_ = made_of(*self.text, pc);
      return;
    }
    const bool begins = name == "<init>" && parameter.starts_with('L');
    if (begins || name == "append") {
      // A range of an array or text is another text.
      const bool whole = parameter.size() == 1 || parameter.find(';') == parameter.size() - 1;
      *self.text += whole ? shown(argument, parameter) : std::string(kHole);
      if (self.text->size() > kMaxUrlLength) self.text->resize(kMaxUrlLength);
      result_ = self;
    } else if (name != "<init>" && name != "length" && name != "ensureCapacity") {
      *self.text += kHole;  // insert, delete, reverse: not followed
      result_ = self;
    }
  }

  Value made_of(std::string text, std::uint32_t pc) {
    if (text.size() > kMaxUrlLength) text.resize(kMaxUrlLength);
    // Most texts that code puts together are no addresses.
    if (text.find("://") != std::string::npos && joined_.size() < kMaxJoinedOfMethod)
      joined_.push_back({pc, text});
    return text_value(std::move(text));
  }

  const ClassIndex& index_;
  const FieldTexts& fields_;
  std::uint32_t dex_number_;
  const DexFile& dex_;
  const DexCode& code_;
  std::map<std::uint32_t, Value> known_;
  Value result_;
  std::vector<Joined> joined_;
};

// Texts that static fields begin with and that no code writes.
FieldTexts constant_fields(const CodeContext& context) {
  const ClassIndex& index = context.code.index();
  FieldTexts out;
  for (std::uint32_t dex = 0; dex < index.files().size(); ++dex) {
    const DexFile& file = index.files()[dex];
    for (const DexClass& cls : file.classes()) {
      if (cls.static_values_offset == 0) continue;
      const auto values = file.static_values(cls);
      if (!values) continue;
      for (std::size_t i = 0; i < values->size() && i < cls.static_fields.size(); ++i) {
        if ((*values)[i].kind != DexValueKind::kString) continue;
        out.emplace(index.field_of(dex, cls.static_fields[i].field),
                    std::string(file.string((*values)[i].index)));
      }
    }
  }
  for (MethodId method = 0; method < index.method_count() && !out.empty(); ++method) {
    for (const program::FieldUse& use : context.code.facts().fields(method)) {
      if (use.write && use.is_static) out.erase(index.resolve_field(use.field));
    }
  }
  return out;
}

// Methods that can join texts: most of an app's code cannot, and is not walked.
std::unordered_set<MethodId> joining_methods(const ClassIndex& index) {
  std::unordered_set<MethodId> out;
  const auto add = [&](std::string_view owner, std::string_view name) {
    for (const MethodId id : index.find_methods(owner, name)) out.insert(id);
  };
  for (const std::string_view builder : kBuilders) add(builder, "append");
  add("Ljava/lang/String;", "concat");
  add("Ljava/lang/String;", "format");
  add("Lkotlin/jvm/internal/Intrinsics;", "stringPlus");
  return out;
}

bool joins(const CodeContext& context, const std::unordered_set<MethodId>& joining,
           MethodId method) {
  const auto sites = context.code.facts().calls(method);
  return std::any_of(sites.begin(), sites.end(),
                     [&](const program::CallSite& site) { return joining.contains(site.callee); });
}

// Whether at least the begin of the host is constant.
bool has_host(std::string_view url) {
  const std::size_t slashes = url.find("://");
  return slashes != std::string_view::npos && slashes + 3 < url.size() &&
         !url.substr(slashes + 3).starts_with(kHole);
}

}  // namespace

void add_joined_addresses(const CodeContext& context, std::vector<ModelRecord>& models,
                          std::vector<Gap>& gaps, std::size_t limit) {
  const ClassIndex& index = context.code.index();
  const auto joining = joining_methods(index);
  if (joining.empty()) return;
  const FieldTexts fields = constant_fields(context);
  std::unordered_map<std::string, std::size_t> records;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (!models[i].location.url.empty()) records.emplace(models[i].location.url, i);
  }
  std::size_t added = 0;
  for (MethodId method = 0; method < index.method_count(); ++method) {
    if (!joins(context, joining, method)) continue;
    const auto code = index.code(method);
    if (!code) continue;
    for (const auto& joined : JoinWalk(index, fields, method, *code).run()) {
      auto found = RemoteModelRules::builtin().judge_url(joined.text);
      if (!found || !has_host(found->url)) continue;
      Evidence evidence = code_evidence(context, method, joined.pc, found->rule + ".joined",
                                        "puts together " + found->url);
      const auto known = records.find(found->url);
      if (known != records.end()) {
        models[known->second].evidence.push_back(std::move(evidence));
        continue;
      }
      if (++added > limit) continue;
      records.emplace(found->url, models.size());
      ModelRecord record;
      record.format = found->format;
      record.location = {context.app.file_name(), evidence.entry, evidence.offset.value_or(0), 0,
                         found->url};
      record.encryption = "unknown";
      record.evidence.push_back(std::move(evidence));
      models.push_back(std::move(record));
    }
  }
  if (added > limit)
    gaps.push_back({context.app.file_name(), "code puts together " + std::to_string(added - limit) +
                                                 " more addresses of models than the " +
                                                 std::to_string(limit) + " that are listed"});
}

}  // namespace dl
