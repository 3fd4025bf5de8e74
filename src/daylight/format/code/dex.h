// SPDX-License-Identifier: Apache-2.0
// DEX files (versions 035-041): every table, class and code item of hostile bytes, as views without
// copies.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/code/dex_code.h"
#include "daylight/format/code/dex_value.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Methods have at most 255 argument words.
inline constexpr std::uint32_t kMaxDexParameters = 255;
// Strings that overlap are read until this many times the file's size was touched; the rest are
// empty, with a gap.
inline constexpr std::uint64_t kMaxDexStringReads = 4;
// DEX files in one version-041 container.
inline constexpr std::uint32_t kMaxDexInContainer = 256;

// Access flags (fields, methods, classes).
inline constexpr std::uint32_t kDexPublic = 0x1;
inline constexpr std::uint32_t kDexPrivate = 0x2;
inline constexpr std::uint32_t kDexProtected = 0x4;
inline constexpr std::uint32_t kDexStatic = 0x8;
inline constexpr std::uint32_t kDexFinal = 0x10;
inline constexpr std::uint32_t kDexNative = 0x100;
inline constexpr std::uint32_t kDexInterface = 0x200;
inline constexpr std::uint32_t kDexAbstract = 0x400;
inline constexpr std::uint32_t kDexSynthetic = 0x1000;
inline constexpr std::uint32_t kDexConstructor = 0x10000;

// A list of type indices, read in place.
class DexTypeList {
 public:
  DexTypeList() = default;
  explicit DexTypeList(ByteSpan items) : items_(items) {}
  std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size() / 2); }
  bool empty() const { return size() == 0; }
  // kDexNoIndex for i >= size().
  std::uint32_t operator[](std::uint32_t i) const {
    const auto value = load_le<std::uint16_t>(items_, std::uint64_t{i} * 2);
    return value ? *value : kDexNoIndex;
  }

 private:
  ByteSpan items_;
};

struct DexProto {
  std::uint32_t shorty = kDexNoIndex;       // string
  std::uint32_t return_type = kDexNoIndex;  // type
  DexTypeList parameters;
};
struct DexFieldId {
  std::uint32_t owner = kDexNoIndex;  // type
  std::uint32_t type = kDexNoIndex;   // type
  std::uint32_t name = kDexNoIndex;   // string
};
struct DexMethodId {
  std::uint32_t owner = kDexNoIndex;  // type
  std::uint32_t proto = kDexNoIndex;  // proto
  std::uint32_t name = kDexNoIndex;   // string
};
// kinds 0-3: static-put, static-get, instance-put, instance-get (target: field); 4-8:
// invoke-static, -instance, -constructor, -direct, -interface (target: method).
struct DexMethodHandle {
  std::uint16_t kind = 0;
  std::uint32_t target = kDexNoIndex;
};
struct DexMapItem {
  std::uint16_t type = 0;
  std::uint32_t size = 0;
  std::uint32_t offset = 0;
};

// A field or method that a class of this file defines.
struct DexField {
  std::uint32_t field = kDexNoIndex;  // field index, always valid
  std::uint32_t access = 0;
};
struct DexMethod {
  std::uint32_t method = kDexNoIndex;  // method index, always valid
  std::uint32_t access = 0;
  std::uint32_t code_offset = 0;  // 0: native or abstract
  std::uint32_t class_index = 0;  // into DexFile::classes()
};

struct DexClass {
  std::uint32_t type = kDexNoIndex;  // type index, always valid
  std::uint32_t access = 0;
  std::uint32_t superclass = kDexNoIndex;   // type, or kDexNoIndex (java.lang.Object, or damaged)
  DexTypeList interfaces;                   // types
  std::uint32_t source_file = kDexNoIndex;  // string, or kDexNoIndex
  std::uint32_t annotations_offset = 0;
  std::uint32_t static_values_offset = 0;
  bool members_complete = true;  // false: damaged members were left out; the reason is in gaps()
  std::span<const DexField> static_fields;
  std::span<const DexField> instance_fields;
  std::span<const DexMethod> direct_methods;   // static, private, constructors
  std::span<const DexMethod> virtual_methods;  // follow the direct ones in memory: see methods
  std::span<const DexMethod> methods;          // both
};

struct DexAnnotation {
  std::uint8_t visibility = 0;  // 0 build, 1 runtime, 2 system
  DexValue value;               // kind kAnnotation
};

// One DEX file in memory. `bytes` must outlive it. Move-only. All const calls are thread safe and
// total: an index that is out of range gives an empty text or a struct of kDexNoIndex, never a
// fault. What open() had to leave out is in gaps().
class DexFile {
 public:
  // `name` is used in gaps ("classes2.dex"). Accepts what Android's tools accept with a gap: wrong
  // checksum, signature, file_size, map, unsorted ids, overlapping sections, bytes behind the end,
  // `dey` (odex) around a DEX, a newer version. Fails: no DEX magic (kCorrupt), compact DEX or
  // big-endian (kUnsupported), header cut off (kCorrupt). A table that does not fit is cut to the
  // rows that do; a class without a valid type is left out; one whose member list is damaged keeps
  // the members before the damage: each with a gap. `header_offset`: where the header lies, for 041
  // containers, whose offsets count from the start of `bytes`.
  static Result<DexFile> open(ByteSpan bytes, std::string name, std::uint64_t header_offset = 0);
  // Every DEX of a 041 container, in order; one for all other versions. A member that cannot be
  // opened is a gap of the first.
  static Result<std::vector<DexFile>> open_all(ByteSpan bytes, const std::string& name);

  DexFile(DexFile&&) noexcept = default;
  DexFile& operator=(DexFile&&) noexcept = default;
  DexFile(const DexFile&) = delete;
  DexFile& operator=(const DexFile&) = delete;
  ~DexFile() = default;

  const std::string& name() const { return name_; }
  int version() const { return version_; }  // 35 ... 41
  ByteSpan bytes() const { return bytes_; }
  std::vector<FormatGap> gaps() const { return gaps_.list(); }
  const std::vector<DexMapItem>& map() const { return map_; }

  std::uint32_t string_count() const { return static_cast<std::uint32_t>(strings_.size()); }
  std::uint32_t type_count() const { return static_cast<std::uint32_t>(types_.size() / 4); }
  std::uint32_t proto_count() const { return static_cast<std::uint32_t>(protos_.size() / 12); }
  std::uint32_t field_count() const { return static_cast<std::uint32_t>(fields_.size() / 8); }
  std::uint32_t method_count() const { return static_cast<std::uint32_t>(methods_.size() / 8); }
  std::uint32_t method_handle_count() const {
    return static_cast<std::uint32_t>(method_handles_.size() / 8);
  }
  std::uint32_t call_site_count() const {
    return static_cast<std::uint32_t>(call_sites_.size() / 4);
  }

  // UTF-8 (U+FFFD for what is not valid MUTF-8); the view lives as long as the file, embedded NULs
  // are kept.
  std::string_view string(std::uint32_t index) const {
    return index < strings_.size() ? strings_[index] : std::string_view{};
  }
  // The type's string index, and the type's descriptor ("Landroid/graphics/Bitmap;", "[F", "I").
  std::uint32_t type_string(std::uint32_t type) const {
    return load_le<std::uint32_t>(types_, std::uint64_t{type} * 4).value_or(kDexNoIndex);
  }
  std::string_view type_descriptor(std::uint32_t type) const { return string(type_string(type)); }
  DexProto proto(std::uint32_t index) const;
  DexFieldId field(std::uint32_t index) const;
  DexMethodId method(std::uint32_t index) const;
  DexMethodHandle method_handle(std::uint32_t index) const;
  // Bootstrap handle, name, method type, then the extra arguments.
  Result<std::vector<DexValue>> call_site(std::uint32_t index) const;

  // Classes in the order of class_defs; those left out are in gaps().
  const std::vector<DexClass>& classes() const { return classes_; }
  // All methods of all classes, class by class.
  const std::vector<DexMethod>& defined_methods() const { return method_pool_; }
  // The class that this file defines for a type, or null. The first one where several define the
  // same (as Android does).
  const DexClass* class_of_type(std::uint32_t type) const;
  // The definition of a method index in this file, or null (defined elsewhere, or inherited).
  const DexMethod* definition(std::uint32_t method_index) const;

  // One value for each static field of the class, in order; fields behind the end of the stored
  // list have the default of their type (0, null). kCorrupt if the stored list cannot be read,
  // or if !cls.members_complete (values could not be matched to fields).
  Result<std::vector<DexValue>> static_values(const DexClass& cls) const;
  // Annotations of the class itself.
  Result<std::vector<DexAnnotation>> class_annotations(const DexClass& cls) const;

  // kNotFound for a native or abstract method, kCorrupt if the item does not lie in the file.
  Result<DexCode> code(const DexMethod& method) const;

  // "Lpkg/Class;->name(ILjava/lang/String;)V"
  std::string method_text(std::uint32_t method_index) const;
  // "(ILjava/lang/String;)V"
  std::string method_descriptor(std::uint32_t method_index) const;
  std::string proto_text(std::uint32_t proto_index) const;
  // "Lpkg/Class;->name:I"
  std::string field_text(std::uint32_t field_index) const;
  std::string_view method_name(std::uint32_t method_index) const {
    return string(method(method_index).name);
  }
  std::string_view method_owner(std::uint32_t method_index) const {
    return type_descriptor(method(method_index).owner);
  }

 private:
  DexFile() = default;
  struct Header;
  struct MemberCounts {
    std::uint32_t static_fields = 0, instance_fields = 0, direct_methods = 0, virtual_methods = 0;
    bool complete = true;
  };

  void add_gap(const std::string& where, std::string why);
  void check_header(ByteSpan fixed, const Header& header);
  void read_tables(const Header& header);
  ByteSpan table(const char* what, std::uint64_t offset, std::uint32_t count,
                 std::uint32_t row_size);
  void read_map(std::uint64_t offset);
  void read_strings(ByteSpan offsets);
  void check_protos();
  void read_classes(ByteSpan rows);
  MemberCounts read_members(std::uint32_t class_index, std::uint64_t offset);
  bool within_member_budget() const;
  std::uint32_t read_fields(ByteReader& reader, std::uint32_t count);
  std::uint32_t read_methods(ByteReader& reader, std::uint32_t count, std::uint32_t class_index);
  void attach_members(const std::vector<MemberCounts>& counts);
  DexTypeList type_list(std::uint64_t offset, const std::string& where);

  ByteSpan bytes_;
  std::string name_;
  int version_ = 0;
  GapList gaps_;
  std::vector<DexMapItem> map_;
  std::vector<std::string_view> strings_;
  std::deque<std::string>
      converted_strings_;  // those whose UTF-8 differs from the bytes in the file
  ByteSpan types_, protos_, fields_, methods_, method_handles_, call_sites_;
  std::vector<DexField> field_pool_;
  std::vector<DexMethod> method_pool_;
  std::vector<DexClass> classes_;
  std::vector<std::uint32_t> class_by_type_;  // type → index in classes_, kDexNoIndex: not here
  std::vector<std::uint32_t> definition_by_method_;  // the same for methods and method_pool_
};

// "Lpkg/Outer$Inner;" → "pkg.Outer$Inner", "[[I" → "int[][]"; text that is no descriptor comes back
// as it is.
std::string dotted_class_name(std::string_view descriptor);

// One instruction as text close to smali: "invoke-virtual {v0, v1}, Lx/Y;->f(I)V", "const/4 v0,
// #1", "if-eqz v3, 0010". For evidence excerpts and tests.
std::string dex_instruction_text(const DexFile& dex, const DexInstruction& instruction);

}  // namespace dl
