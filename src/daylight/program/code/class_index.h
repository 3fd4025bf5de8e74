// SPDX-License-Identifier: Apache-2.0
// All DEX files of an app as one program: one id for each type, method and field, inheritance, and
// virtual lookup.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daylight/format/code/dex.h"
#include "daylight/format/format_gap.h"
#include "daylight/program/code/method_table.h"

namespace dl::program {

// Ids are dense, start at 0, and are the same for the same DEX files in the same order. Classes
// that the app only refers to (the framework's) have ids too, as have arrays and primitive types.
using ClassId = std::uint32_t;
using MethodId = std::uint32_t;
using FieldId = std::uint32_t;
inline constexpr std::uint32_t kNoId = 0xffffffffU;

// Steps up an inheritance chain; hostile files may claim that a class is its own ancestor.
inline constexpr int kMaxInheritanceDepth = 128;
// Superclasses and interfaces of one class; more are not looked at.
inline constexpr std::size_t kMaxAncestors = 256;
// Interfaces that one class may declare, and all classes together: files may share one long list
// among all their classes.
inline constexpr std::size_t kMaxInterfaces = 256;
inline constexpr std::size_t kMaxInterfaceLinks = std::size_t{1} << 22;

// Where a DEX of the app defines something.
struct DexPlace {
  std::uint32_t dex = kNoId;  // index into the app's DEX files
  std::uint32_t index = kNoId;
};

// The method's type: "(ILjava/lang/String;)V" and its parts.
struct ProtoInfo {
  std::string text;
  std::vector<ClassId> parameters;
  ClassId result = kNoId;
};

struct ClassInfo {
  std::string_view descriptor;           // "Lpkg/Class;", "[F", "I"
  const DexClass* definition = nullptr;  // null: not defined by the app
  std::uint32_t dex = kNoId;             // of the definition
  ClassId superclass = kNoId;            // kNoId where unknown, and for java.lang.Object
  std::vector<ClassId> interfaces;       // as declared
  std::vector<MethodId> methods;         // defined ones, in the DEX's order: direct, then virtual
  std::vector<FieldId> fields;           // defined ones: static, then instance

  bool defined() const { return definition != nullptr; }
  bool is_interface() const { return defined() && (definition->access & kDexInterface) != 0; }
};

struct MethodInfo {
  ClassId owner = kNoId;                  // as the reference names it
  std::uint32_t name = kNoId;             // see ClassIndex::method_name
  std::uint32_t proto = kNoId;            // see ClassIndex::proto
  std::uint32_t dex = kNoId;              // of the definition
  const DexMethod* definition = nullptr;  // null: referred to, not defined by this class in the app

  bool defined() const { return definition != nullptr; }
  bool has_code() const { return defined() && definition->code_offset != 0; }
  bool is_static() const { return defined() && (definition->access & kDexStatic) != 0; }
  bool is_native() const { return defined() && (definition->access & kDexNative) != 0; }
};

struct FieldInfo {
  ClassId owner = kNoId;
  std::string_view name;
  ClassId type = kNoId;
  std::uint32_t access = 0;  // of the definition, 0 if only referred to
  bool defined = false;
};

// Immutable after build(); const methods are thread safe. The DEX files must outlive it (and stay
// where they are).
class ClassIndex {
 public:
  static ClassIndex build(const std::vector<DexFile>& files);

  const std::vector<DexFile>& files() const { return *files_; }
  // What was left out because of a limit.
  const GapList& gaps() const { return gaps_; }

  std::size_t class_count() const { return classes_.size(); }
  std::size_t method_count() const { return methods_.size(); }
  std::size_t field_count() const { return fields_.size(); }
  const ClassInfo& class_info(ClassId id) const { return classes_[id]; }
  const MethodInfo& method_info(MethodId id) const { return methods_[id]; }
  const FieldInfo& field_info(FieldId id) const { return fields_[id]; }
  const ProtoInfo& proto(MethodId id) const { return protos_[methods_[id].proto]; }

  // The id of what a DEX file's own index means; kNoId if the index is out of range.
  ClassId class_of(std::uint32_t dex, std::uint32_t type_index) const;
  MethodId method_of(std::uint32_t dex, std::uint32_t method_index) const;
  FieldId field_of(std::uint32_t dex, std::uint32_t field_index) const;

  // By text; kNoId if nothing in the app mentions it.
  ClassId find_class(std::string_view descriptor) const;
  // Exactly this owner, not inherited ones: find_method("Landroid/graphics/Bitmap;", "copy",
  // "(...)...").
  MethodId find_method(std::string_view owner, std::string_view name,
                       std::string_view descriptor) const;
  // Every method id of this owner and name, any descriptor.
  std::vector<MethodId> find_methods(std::string_view owner, std::string_view name) const;
  FieldId find_field(std::string_view owner, std::string_view name) const;

  // "?" for an id that means nothing: a damaged DEX file names types that it does not have.
  std::string_view descriptor(ClassId id) const {
    return id < classes_.size() ? std::string_view(classes_[id].descriptor) : "?";
  }
  std::string_view method_name(MethodId id) const {
    return id < methods_.size() ? std::string_view(names_[methods_[id].name]) : "?";
  }
  std::string_view method_descriptor(MethodId id) const {
    return id < methods_.size() ? std::string_view(protos_[methods_[id].proto].text) : "?";
  }
  std::string_view method_owner(MethodId id) const {
    return id < methods_.size() ? descriptor(methods_[id].owner) : "?";
  }
  // "Lpkg/Class;->name(I)V"
  std::string method_text(MethodId id) const;
  // "Lpkg/Class;->name:I"
  std::string field_text(FieldId id) const;

  // The body; kNotFound for methods without code.
  Result<DexCode> code(MethodId id) const;

  // True if `id` is `ancestor`, or inherits from it, as far as the app's classes tell.
  bool is_subtype(ClassId id, ClassId ancestor) const;
  // Direct subclasses and implementers that the app defines, in id order.
  std::span<const ClassId> direct_subtypes(ClassId id) const;
  // `id` and everything below it that the app defines, at most `limit`; `complete` is false where
  // there is more.
  std::vector<ClassId> subtypes(ClassId id, std::size_t limit, bool* complete = nullptr) const;

  // The definition that a call on an object of exactly class `receiver` runs: up the superclasses,
  // then default methods of interfaces. kNoId if it is outside the app.
  MethodId resolve_virtual(ClassId receiver, MethodId method) const;
  // The definition that a reference means statically (also for static and direct calls, which may
  // name a subclass).
  MethodId resolve(MethodId reference) const {
    return resolve_virtual(methods_[reference].owner, reference);
  }
  // The field's definition up the superclasses and interfaces, or `reference` itself if it is
  // outside the app.
  FieldId resolve_field(FieldId reference) const;
  // `id`, then its superclasses and interfaces, nearest first, each once; at most kMaxAncestors.
  std::vector<ClassId> ancestors(ClassId id) const;
  // The first ancestor (superclass or interface, nearest first) that the app does not define and
  // that is not java.lang.Object; kNoId if there is none.
  ClassId external_ancestor(ClassId id) const;

 private:
  struct Builder;
  MethodId lookup(ClassId owner, std::uint32_t name, std::uint32_t proto) const;
  MethodId default_method(ClassId id, std::uint32_t name, std::uint32_t proto) const;

  const std::vector<DexFile>* files_ = nullptr;
  GapList gaps_;
  std::vector<ClassInfo> classes_;
  std::vector<MethodInfo> methods_;
  std::vector<FieldInfo> fields_;
  std::vector<ProtoInfo> protos_;
  std::vector<std::string_view> names_;
  std::vector<std::vector<ClassId>> class_by_type_;     // [dex][type index]
  std::vector<std::vector<MethodId>> method_by_index_;  // [dex][method index]
  std::vector<std::vector<FieldId>> field_by_index_;
  std::unordered_map<std::string_view, ClassId> class_by_descriptor_;
  std::unordered_map<std::string_view, std::uint32_t> name_by_text_;
  std::unordered_map<std::string_view, std::uint32_t> proto_by_text_;
  MethodTable method_by_key_;
  std::unordered_set<std::uint64_t>
      default_selectors_;  // name and proto of interface methods with code
  std::vector<std::uint32_t> subtype_start_;
  std::vector<ClassId> subtype_list_;
};

}  // namespace dl::program
