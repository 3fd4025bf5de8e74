// SPDX-License-Identifier: Apache-2.0
// Reads a class file from its constant pool to its methods.
#include "daylight/format/code/java_class.h"

#include <utility>

#include "daylight/format/code/macho.h"

namespace dl {
namespace {

constexpr std::uint32_t kMagic = 0xcafebabeU;
constexpr std::uint16_t kFirstMajor = 45;

enum Tag : std::uint8_t {
  kUtf8 = 1,
  kInteger = 3,
  kFloat = 4,
  kLong = 5,
  kDouble = 6,
  kClass = 7,
  kString = 8,
  kField = 9,
  kMethod = 10,
  kInterfaceMethod = 11,
  kNameAndType = 12,
  kMethodHandle = 15,
  kMethodType = 16,
  kDynamic = 17,
  kInvokeDynamic = 18,
  kModule = 19,
  kPackage = 20,
};

struct Constant {
  std::uint8_t tag = 0;
  std::uint16_t first = 0;  // indices, by tag
  std::uint16_t second = 0;
  ByteSpan text = {};
};

class ClassReader {
 public:
  ClassReader(ByteSpan bytes, const std::string& where) : reader_(bytes), where_(where) {}

  Result<JavaClass> read();

 private:
  Result<void> read_constants();
  void read_references();
  void read_interfaces();
  void read_members(std::vector<JavaMethod>& out, const char* what);
  void skip_attributes();
  std::uint16_t u2() { return __builtin_bswap16(reader_.u16()); }
  std::uint32_t u4() { return __builtin_bswap32(reader_.u32()); }
  const Constant* constant(std::uint16_t index, std::uint8_t tag);
  std::string_view text(std::uint16_t index);
  std::string_view class_name(std::uint16_t index);
  JavaReference reference(const Constant& constant);
  void gap(std::string why) { out_.gaps.add(where_, std::move(why)); }

  ByteReader reader_;
  const std::string& where_;
  JavaClass out_;
  std::vector<Constant> constants_;
};

Result<JavaClass> ClassReader::read() {
  if (u4() != kMagic)
    return fail(ErrorCode::kCorrupt, "no Java class: the magic is missing", where_);
  u2();  // the minor version
  out_.major_version = u2();
  TRY_VOID(read_constants());
  out_.access = u2();
  out_.name = class_name(u2());
  const std::uint16_t superclass = u2();
  if (superclass != 0) out_.superclass = class_name(superclass);  // Object has none
  read_interfaces();
  read_members(out_.fields, "fields");
  read_members(out_.methods, "methods");
  read_references();
  if (out_.name.empty()) return fail(ErrorCode::kCorrupt, "a Java class without a name", where_);
  return std::move(out_);
}

Result<void> ClassReader::read_constants() {
  const std::uint16_t count = u2();
  constants_.resize(count);
  for (std::uint32_t i = 1; i < count; ++i) {
    Constant& constant = constants_[i];
    constant.tag = reader_.u8();
    switch (constant.tag) {
      case kUtf8:
        constant.text = reader_.take(u2());
        break;
      case kInteger:
      case kFloat:
        reader_.skip(4);
        break;
      case kLong:
      case kDouble:
        reader_.skip(8);
        ++i;  // takes two places
        break;
      case kClass:
      case kString:
      case kMethodType:
      case kModule:
      case kPackage:
        constant.first = u2();
        break;
      case kField:
      case kMethod:
      case kInterfaceMethod:
      case kNameAndType:
      case kDynamic:
      case kInvokeDynamic:
        constant.first = u2();
        constant.second = u2();
        break;
      case kMethodHandle:
        reader_.skip(3);
        break;
      default:
        return fail(ErrorCode::kCorrupt,
                    "a constant of an unknown kind: " + std::to_string(constant.tag), where_);
    }
    if (!reader_.ok()) return fail(ErrorCode::kCorrupt, "the constant pool is cut", where_);
  }
  return {};
}

void ClassReader::read_references() {
  for (const Constant& each : constants_) {
    if (each.tag == kClass) out_.classes.push_back(text(each.first));
    if (each.tag == kString) out_.strings.push_back(text(each.first));
    if (each.tag == kField) out_.field_references.push_back(reference(each));
    if (each.tag == kMethod || each.tag == kInterfaceMethod)
      out_.method_references.push_back(reference(each));
  }
}

void ClassReader::read_interfaces() {
  const std::uint16_t count = u2();
  for (std::uint16_t i = 0; i < count; ++i) {
    const std::uint16_t index = u2();
    if (!reader_.ok()) return gap("the interfaces are cut");
    out_.interfaces.push_back(class_name(index));
  }
}

void ClassReader::read_members(std::vector<JavaMethod>& out, const char* what) {
  const std::uint16_t count = u2();
  for (std::uint16_t i = 0; i < count; ++i) {
    JavaMethod member;
    member.access = u2();
    const std::uint16_t name = u2();
    const std::uint16_t descriptor = u2();
    if (!reader_.ok()) return gap(std::string("the ") + what + " are cut");
    member.name = text(name);
    member.descriptor = text(descriptor);
    skip_attributes();
    out.push_back(std::move(member));
  }
  if (!reader_.ok()) gap(std::string("the ") + what + " are cut");
}

void ClassReader::skip_attributes() {
  const std::uint16_t count = u2();
  for (std::uint16_t i = 0; i < count && reader_.ok(); ++i) {
    u2();
    reader_.skip(u4());
  }
}

const Constant* ClassReader::constant(std::uint16_t index, std::uint8_t tag) {
  if (index < constants_.size() && constants_[index].tag == tag) return &constants_[index];
  gap("constant " + std::to_string(index) + " is not what it is used for");
  return nullptr;
}

std::string_view ClassReader::text(std::uint16_t index) {
  const Constant* found = constant(index, kUtf8);
  return found == nullptr ? std::string_view() : as_text(found->text);
}

std::string_view ClassReader::class_name(std::uint16_t index) {
  const Constant* found = constant(index, kClass);
  return found == nullptr ? std::string_view() : text(found->first);
}

JavaReference ClassReader::reference(const Constant& from) {
  JavaReference out;
  out.owner = class_name(from.first);
  if (const Constant* pair = constant(from.second, kNameAndType)) {
    out.name = text(pair->first);
    out.descriptor = text(pair->second);
  }
  return out;
}

}  // namespace

bool looks_like_java_class(ByteSpan bytes) {
  const auto magic = load_le<std::uint32_t>(bytes, 0);
  const auto major = load_le<std::uint16_t>(bytes, 6);
  return magic && major && __builtin_bswap32(*magic) == kMagic &&
         __builtin_bswap16(*major) >= kFirstMajor && !looks_like_macho(bytes);
}

Result<JavaClass> parse_java_class(ByteSpan bytes, const std::string& where) {
  return ClassReader(bytes, where).read();
}

}  // namespace dl
