// SPDX-License-Identifier: Apache-2.0
// Interns the tables of all DEX files and answers questions about inheritance.
#include "daylight/program/code/class_index.h"

#include <algorithm>
#include <string>

namespace dl::program {

// Fills an empty index; one instance for each build.
struct ClassIndex::Builder {
  ClassIndex& index;
  std::size_t interface_links = 0;

  ClassId class_id(std::string_view descriptor) {
    const auto [found, is_new] = index.class_by_descriptor_.try_emplace(
        descriptor, static_cast<ClassId>(index.classes_.size()));
    if (is_new)
      index.classes_.push_back(
          {.descriptor = descriptor, .interfaces = {}, .methods = {}, .fields = {}});
    return found->second;
  }

  std::uint32_t name_id(std::string_view text) {
    const auto [found, is_new] =
        index.name_by_text_.try_emplace(text, static_cast<std::uint32_t>(index.names_.size()));
    if (is_new) index.names_.push_back(text);
    return found->second;
  }

  // A descriptor is put together from types, so it needs an owner: proto_texts, whose strings never
  // move.
  std::uint32_t proto_id(const DexFile& dex, std::uint32_t dex_index, std::uint32_t proto_index) {
    std::string text = dex.proto_text(proto_index);
    const auto found = index.proto_by_text_.find(text);
    if (found != index.proto_by_text_.end()) return found->second;
    ProtoInfo info;
    const DexProto proto = dex.proto(proto_index);
    for (std::uint32_t i = 0; i < proto.parameters.size(); ++i) {
      info.parameters.push_back(index.class_of(dex_index, proto.parameters[i]));
    }
    info.result = index.class_of(dex_index, proto.return_type);
    info.text = std::move(text);
    const auto id = static_cast<std::uint32_t>(index.protos_.size());
    index.protos_.push_back(std::move(info));
    index.proto_by_text_.emplace(index.protos_.back().text, id);
    return id;
  }

  void intern_types(std::uint32_t dex_index) {
    const DexFile& dex = (*index.files_)[dex_index];
    auto& ids = index.class_by_type_.emplace_back();
    ids.reserve(dex.type_count());
    for (std::uint32_t i = 0; i < dex.type_count(); ++i)
      ids.push_back(class_id(dex.type_descriptor(i)));
  }

  void intern_methods(std::uint32_t dex_index) {
    const DexFile& dex = (*index.files_)[dex_index];
    std::vector<std::uint32_t> protos;
    protos.reserve(dex.proto_count());
    for (std::uint32_t i = 0; i < dex.proto_count(); ++i)
      protos.push_back(proto_id(dex, dex_index, i));
    // Names repeat a thousandfold: one lookup for each string that is a name.
    std::vector<std::uint32_t> names(dex.string_count(), kNoId);
    auto& ids = index.method_by_index_.emplace_back();
    ids.reserve(dex.method_count());
    for (std::uint32_t i = 0; i < dex.method_count(); ++i) {
      const DexMethodId method = dex.method(i);
      const ClassId owner = index.class_of(dex_index, method.owner);
      if (owner == kNoId || method.proto >= protos.size() || method.name >= names.size()) {
        ids.push_back(kNoId);
        continue;
      }
      if (names[method.name] == kNoId) names[method.name] = name_id(dex.string(method.name));
      const std::uint32_t name = names[method.name];
      const std::uint32_t proto = protos[method.proto];
      const auto next = static_cast<MethodId>(index.methods_.size());
      const MethodId id = index.method_by_key_.insert(owner, name, proto, next);
      if (id == next) index.methods_.push_back({.owner = owner, .name = name, .proto = proto});
      ids.push_back(id);
    }
  }

  void intern_fields(std::uint32_t dex_index,
                     std::unordered_map<std::string, FieldId>& field_by_text) {
    const DexFile& dex = (*index.files_)[dex_index];
    auto& ids = index.field_by_index_.emplace_back();
    ids.reserve(dex.field_count());
    const bool single = index.files_->size() == 1;
    for (std::uint32_t i = 0; i < dex.field_count(); ++i) {
      const DexFieldId field = dex.field(i);
      const ClassId owner = index.class_of(dex_index, field.owner);
      if (owner == kNoId) {
        ids.push_back(kNoId);
        continue;
      }
      auto id = static_cast<FieldId>(index.fields_.size());
      if (!single) id = field_by_text.try_emplace(dex.field_text(i), id).first->second;
      if (id == index.fields_.size()) {
        index.fields_.push_back({.owner = owner,
                                 .name = dex.string(field.name),
                                 .type = index.class_of(dex_index, field.type)});
      }
      ids.push_back(id);
    }
  }

  void define_members(ClassInfo& info, std::uint32_t dex_index) {
    for (const DexMethod& method : info.definition->methods) {
      const MethodId id = index.method_of(dex_index, method.method);
      if (id == kNoId || index.methods_[id].defined()) continue;
      index.methods_[id].definition = &method;
      index.methods_[id].dex = dex_index;
      if (info.is_interface() && index.methods_[id].has_code()) {
        index.default_selectors_.insert((std::uint64_t{index.methods_[id].name} << 32) |
                                        index.methods_[id].proto);
      }
      info.methods.push_back(id);
    }
    for (const auto& fields : {info.definition->static_fields, info.definition->instance_fields}) {
      for (const DexField& field : fields) {
        const FieldId id = index.field_of(dex_index, field.field);
        if (id == kNoId || index.fields_[id].defined) continue;
        index.fields_[id].defined = true;
        index.fields_[id].access = field.access;
        info.fields.push_back(id);
      }
    }
  }

  void link_interfaces(ClassInfo& info, const DexClass& cls, std::uint32_t dex_index) {
    for (std::uint32_t i = 0; i < cls.interfaces.size(); ++i) {
      if (i == kMaxInterfaces || interface_links == kMaxInterfaceLinks) {
        index.gaps_.add(std::string(info.descriptor),
                        "declares more interfaces than are looked at");
        return;
      }
      const ClassId interface = index.class_of(dex_index, cls.interfaces[i]);
      if (interface == kNoId) continue;
      info.interfaces.push_back(interface);
      ++interface_links;
    }
  }

  // The first definition of a class wins, as on a device.
  void define_classes(std::uint32_t dex_index) {
    for (const DexClass& cls : (*index.files_)[dex_index].classes()) {
      const ClassId id = index.class_of(dex_index, cls.type);
      if (id == kNoId || index.classes_[id].defined()) continue;
      ClassInfo& info = index.classes_[id];
      info.definition = &cls;
      info.dex = dex_index;
      info.superclass = index.class_of(dex_index, cls.superclass);
      link_interfaces(info, cls, dex_index);
      define_members(info, dex_index);
    }
  }

  void link_subtypes() {
    std::vector<std::uint32_t> count(index.classes_.size() + 1, 0);
    for (const ClassInfo& info : index.classes_) {
      if (info.superclass != kNoId) ++count[info.superclass + 1];
      for (const ClassId interface : info.interfaces) ++count[interface + 1];
    }
    for (std::size_t i = 1; i < count.size(); ++i) count[i] += count[i - 1];
    index.subtype_start_ = count;
    index.subtype_list_.resize(count.back());
    for (ClassId id = 0; id < index.classes_.size(); ++id) {
      const ClassInfo& info = index.classes_[id];
      if (info.superclass != kNoId) index.subtype_list_[count[info.superclass]++] = id;
      for (const ClassId interface : info.interfaces) index.subtype_list_[count[interface]++] = id;
    }
  }
};

ClassIndex ClassIndex::build(const std::vector<DexFile>& files) {
  ClassIndex index;
  index.files_ = &files;
  std::size_t methods = 0;
  std::size_t types = 0;
  std::size_t protos = 0;
  for (const DexFile& dex : files) {
    methods += dex.method_count();
    types += dex.type_count();
    protos += dex.proto_count();
  }
  index.method_by_key_.reserve(methods);
  index.methods_.reserve(methods);
  index.classes_.reserve(types);
  index.class_by_descriptor_.reserve(types);
  // proto_by_text_ views texts inside protos_: they must not move.
  index.protos_.reserve(protos);
  Builder builder{index};
  std::unordered_map<std::string, FieldId> field_by_text;
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    builder.intern_types(i);
    builder.intern_methods(i);
    builder.intern_fields(i, field_by_text);
  }
  for (std::uint32_t i = 0; i < files.size(); ++i) builder.define_classes(i);
  builder.link_subtypes();
  return index;
}

namespace {

std::uint32_t at_or_none(const std::vector<std::vector<std::uint32_t>>& tables, std::uint32_t dex,
                         std::uint32_t index) {
  if (dex >= tables.size() || index >= tables[dex].size()) return kNoId;
  return tables[dex][index];
}

}  // namespace

ClassId ClassIndex::class_of(std::uint32_t dex, std::uint32_t type_index) const {
  return at_or_none(class_by_type_, dex, type_index);
}
MethodId ClassIndex::method_of(std::uint32_t dex, std::uint32_t method_index) const {
  return at_or_none(method_by_index_, dex, method_index);
}
FieldId ClassIndex::field_of(std::uint32_t dex, std::uint32_t field_index) const {
  return at_or_none(field_by_index_, dex, field_index);
}

ClassId ClassIndex::find_class(std::string_view descriptor) const {
  const auto found = class_by_descriptor_.find(descriptor);
  return found == class_by_descriptor_.end() ? kNoId : found->second;
}

MethodId ClassIndex::lookup(ClassId owner, std::uint32_t name, std::uint32_t proto) const {
  return method_by_key_.find(owner, name, proto);
}

MethodId ClassIndex::find_method(std::string_view owner, std::string_view name,
                                 std::string_view descriptor) const {
  const ClassId id = find_class(owner);
  const auto found_name = name_by_text_.find(name);
  const auto found_proto = proto_by_text_.find(descriptor);
  if (id == kNoId || found_name == name_by_text_.end() || found_proto == proto_by_text_.end())
    return kNoId;
  return lookup(id, found_name->second, found_proto->second);
}

std::vector<MethodId> ClassIndex::find_methods(std::string_view owner,
                                               std::string_view name) const {
  std::vector<MethodId> out;
  const ClassId id = find_class(owner);
  const auto found_name = name_by_text_.find(name);
  if (id == kNoId || found_name == name_by_text_.end()) return out;
  for (MethodId method = 0; method < methods_.size(); ++method) {
    if (methods_[method].owner == id && methods_[method].name == found_name->second)
      out.push_back(method);
  }
  return out;
}

FieldId ClassIndex::find_field(std::string_view owner, std::string_view name) const {
  const ClassId id = find_class(owner);
  if (id == kNoId) return kNoId;
  for (FieldId field = 0; field < fields_.size(); ++field) {
    if (fields_[field].owner == id && fields_[field].name == name) return field;
  }
  return kNoId;
}

std::string ClassIndex::method_text(MethodId id) const {
  std::string text(method_owner(id));
  text += "->";
  text += method_name(id);
  text += method_descriptor(id);
  return text;
}

std::string ClassIndex::field_text(FieldId id) const {
  const FieldInfo& field = fields_[id];
  std::string text(classes_[field.owner].descriptor);
  text += "->";
  text += field.name;
  text += ':';
  if (field.type != kNoId) text += classes_[field.type].descriptor;
  return text;
}

Result<DexCode> ClassIndex::code(MethodId id) const {
  const MethodInfo& method = methods_[id];
  if (!method.has_code())
    return fail(ErrorCode::kNotFound, "the method has no code", method_text(id));
  return (*files_)[method.dex].code(*method.definition);
}

std::vector<ClassId> ClassIndex::ancestors(ClassId id) const {
  // Chains are short, so looking through the list is quickest; a hostile file may claim hundreds.
  constexpr std::size_t kShort = 24;
  std::vector<ClassId> out{id};
  std::unordered_set<ClassId> seen;
  const auto add = [&](ClassId next) {
    if (next == kNoId || out.size() >= kMaxAncestors) return;
    if (out.size() < kShort) {
      if (std::find(out.begin(), out.end(), next) == out.end()) out.push_back(next);
      return;
    }
    if (seen.empty()) seen.insert(out.begin(), out.end());
    if (seen.insert(next).second) out.push_back(next);
  };
  for (std::size_t next = 0; next < out.size() && out.size() < kMaxAncestors; ++next) {
    const ClassInfo& info = classes_[out[next]];
    add(info.superclass);
    for (const ClassId interface : info.interfaces) add(interface);
  }
  return out;
}

bool ClassIndex::is_subtype(ClassId id, ClassId ancestor) const {
  if (id == ancestor) return true;
  const auto all = ancestors(id);
  return std::find(all.begin(), all.end(), ancestor) != all.end();
}

std::span<const ClassId> ClassIndex::direct_subtypes(ClassId id) const {
  return std::span<const ClassId>(subtype_list_)
      .subspan(subtype_start_[id], subtype_start_[id + 1] - subtype_start_[id]);
}

std::vector<ClassId> ClassIndex::subtypes(ClassId id, std::size_t limit, bool* complete) const {
  if (complete != nullptr) *complete = true;
  std::vector<ClassId> out{id};
  std::unordered_map<ClassId, bool> seen{{id, true}};
  for (std::size_t next = 0; next < out.size(); ++next) {
    for (const ClassId child : direct_subtypes(out[next])) {
      if (!seen.emplace(child, true).second) continue;
      if (out.size() >= limit) {
        if (complete != nullptr) *complete = false;
        return out;
      }
      out.push_back(child);
    }
  }
  return out;
}

MethodId ClassIndex::default_method(ClassId id, std::uint32_t name, std::uint32_t proto) const {
  if (!default_selectors_.contains((std::uint64_t{name} << 32) | proto)) return kNoId;
  for (const ClassId ancestor : ancestors(id)) {
    const MethodId here = lookup(ancestor, name, proto);
    if (here != kNoId && methods_[here].has_code() && classes_[ancestor].is_interface())
      return here;
  }
  return kNoId;
}

MethodId ClassIndex::resolve_virtual(ClassId receiver, MethodId method) const {
  const MethodInfo& wanted = methods_[method];
  ClassId id = receiver;
  for (int depth = 0; id != kNoId && depth < kMaxInheritanceDepth; ++depth) {
    const MethodId here = lookup(id, wanted.name, wanted.proto);
    if (here != kNoId && methods_[here].defined()) return here;
    id = classes_[id].superclass;
  }
  return default_method(receiver, wanted.name, wanted.proto);
}

FieldId ClassIndex::resolve_field(FieldId reference) const {
  const FieldInfo& wanted = fields_[reference];
  if (wanted.defined) return reference;
  for (const ClassId ancestor : ancestors(wanted.owner)) {
    for (const FieldId field : classes_[ancestor].fields) {
      if (fields_[field].name == wanted.name && fields_[field].type == wanted.type) return field;
    }
  }
  return reference;
}

ClassId ClassIndex::external_ancestor(ClassId id) const {
  for (const ClassId ancestor : ancestors(id)) {
    const ClassInfo& info = classes_[ancestor];
    if (!info.defined() && info.descriptor != "Ljava/lang/Object;") return ancestor;
  }
  return kNoId;
}

}  // namespace dl::program
