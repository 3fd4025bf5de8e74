// SPDX-License-Identifier: Apache-2.0
// What a DEX file's tables point to: prototypes, members, code items, static values, annotations,
// call sites.
#include <algorithm>

#include "daylight/format/code/dex.h"

namespace dl {
namespace {

// Values of a call site: handle, name, type and at most 251 extra arguments.
constexpr std::uint32_t kMaxCallSiteValues = 254;

// The value that a field of this type has without an initial value.
DexValue default_value(std::string_view descriptor) {
  DexValue out;
  switch (descriptor.empty() ? '\0' : descriptor.front()) {
    case 'Z':
      out.kind = DexValueKind::kBoolean;
      break;
    case 'B':
      out.kind = DexValueKind::kByte;
      break;
    case 'S':
      out.kind = DexValueKind::kShort;
      break;
    case 'C':
      out.kind = DexValueKind::kChar;
      break;
    case 'I':
      out.kind = DexValueKind::kInt;
      break;
    case 'J':
      out.kind = DexValueKind::kLong;
      break;
    case 'F':
      out.kind = DexValueKind::kFloat;
      break;
    case 'D':
      out.kind = DexValueKind::kDouble;
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

DexProto DexFile::proto(std::uint32_t index) const {
  DexProto out;
  if (index >= proto_count()) return out;
  ByteReader reader(protos_, std::uint64_t{index} * 12);
  out.shorty = reader.u32();
  out.return_type = reader.u32();
  const std::uint32_t offset = reader.u32();
  const auto count = offset == 0 ? std::nullopt : load_le<std::uint32_t>(bytes_, offset);
  if (!count || *count > kMaxDexParameters) return out;
  const auto items = subspan_checked(bytes_, std::uint64_t{offset} + 4, std::uint64_t{*count} * 2);
  if (items) out.parameters = DexTypeList(*items);
  return out;
}

DexFieldId DexFile::field(std::uint32_t index) const {
  DexFieldId out;
  if (index >= field_count()) return out;
  ByteReader reader(fields_, std::uint64_t{index} * 8);
  out.owner = reader.u16();
  out.type = reader.u16();
  out.name = reader.u32();
  return out;
}

DexMethodId DexFile::method(std::uint32_t index) const {
  DexMethodId out;
  if (index >= method_count()) return out;
  ByteReader reader(methods_, std::uint64_t{index} * 8);
  out.owner = reader.u16();
  out.proto = reader.u16();
  out.name = reader.u32();
  return out;
}

DexMethodHandle DexFile::method_handle(std::uint32_t index) const {
  DexMethodHandle out;
  if (index >= method_handle_count()) return out;
  ByteReader reader(method_handles_, std::uint64_t{index} * 8);
  out.kind = reader.u16();
  reader.skip(2);
  out.target = reader.u16();
  return out;
}

Result<std::vector<DexValue>> DexFile::call_site(std::uint32_t index) const {
  const auto offset = load_le<std::uint32_t>(call_sites_, std::uint64_t{index} * 4);
  if (!offset) return fail(ErrorCode::kNotFound, "no call site " + std::to_string(index), name_);
  ByteReader reader(bytes_, *offset);
  return TRY(read_dex_array(reader, kMaxCallSiteValues)).elements;
}

const DexClass* DexFile::class_of_type(std::uint32_t type) const {
  if (type >= class_by_type_.size() || class_by_type_[type] == kDexNoIndex) return nullptr;
  return &classes_[class_by_type_[type]];
}

const DexMethod* DexFile::definition(std::uint32_t method_index) const {
  if (method_index >= definition_by_method_.size()) return nullptr;
  const std::uint32_t at = definition_by_method_[method_index];
  return at == kDexNoIndex ? nullptr : &method_pool_[at];
}

Result<std::vector<DexValue>> DexFile::static_values(const DexClass& cls) const {
  const std::string where = name_ + ": " + std::string(type_descriptor(cls.type));
  if (!cls.members_complete) {
    return fail(ErrorCode::kCorrupt, "static values cannot be matched to damaged fields", where);
  }
  std::vector<DexValue> values;
  if (cls.static_values_offset != 0) {
    ByteReader reader(bytes_, cls.static_values_offset);
    // Static fields have no arrays as initial values, so there is one value for each field at most.
    auto stored = read_dex_array(reader, static_cast<std::uint32_t>(cls.static_fields.size()));
    if (!stored) return fail(ErrorCode::kCorrupt, "static values: " + stored.error().what, where);
    values = std::move(stored->elements);
  }
  values.reserve(cls.static_fields.size());
  for (std::size_t i = values.size(); i < cls.static_fields.size(); ++i) {
    values.push_back(default_value(type_descriptor(field(cls.static_fields[i].field).type)));
  }
  return values;
}

Result<std::vector<DexAnnotation>> DexFile::class_annotations(const DexClass& cls) const {
  std::vector<DexAnnotation> out;
  if (cls.annotations_offset == 0) return out;
  const std::string where = name_ + ": annotations of " + std::string(type_descriptor(cls.type));
  const auto set = load_le<std::uint32_t>(bytes_, cls.annotations_offset);
  if (!set) return fail(ErrorCode::kCorrupt, "directory lies outside the file", where);
  if (*set == 0) return out;
  const auto count = load_le<std::uint32_t>(bytes_, *set);
  if (!count) return fail(ErrorCode::kCorrupt, "set lies outside the file", where);
  std::uint64_t budget = kMaxDexValues;  // of bytes, each value takes one at least
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto offset = load_le<std::uint32_t>(bytes_, *set + std::uint64_t{4} * (i + 1));
    if (!offset) return fail(ErrorCode::kCorrupt, "set is cut off", where);
    ByteReader reader(bytes_, *offset);
    DexAnnotation annotation;
    annotation.visibility = reader.u8();
    annotation.value = TRY(read_dex_annotation(reader));
    if (reader.offset() - *offset > budget)
      return fail(ErrorCode::kLimit, "too many annotations", where);
    budget -= reader.offset() - *offset;
    out.push_back(std::move(annotation));
  }
  return out;
}

Result<DexCode> DexFile::code(const DexMethod& method) const {
  if (method.code_offset == 0)
    return fail(ErrorCode::kNotFound, "method has no code", method_text(method.method));
  const auto damaged = [&](const char* what) {
    return fail(ErrorCode::kCorrupt, what, name_ + ": " + method_text(method.method));
  };
  DexCode out;
  out.offset = method.code_offset;
  ByteReader reader(bytes_, method.code_offset);
  out.registers = reader.u16();
  out.ins = reader.u16();
  out.outs = reader.u16();
  out.tries = reader.u16();
  out.debug_info_offset = reader.u32();
  const std::uint32_t units = reader.u32();
  if (!reader.ok()) return damaged("code item lies outside the file");
  if (out.ins > out.registers) return damaged("code item has more arguments than registers");
  const std::uint32_t present =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(units, reader.remaining() / 2));
  out.missing_units = units - present;
  out.instructions = reader.take(std::uint64_t{present} * 2);
  out.after = reader.take(reader.remaining());
  return out;
}

}  // namespace dl
