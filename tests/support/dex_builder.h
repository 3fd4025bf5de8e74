// SPDX-License-Identifier: Apache-2.0
// Assembles small DEX files for tests from classes and raw code units, with ids sorted as the
// format demands.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace dl::testing {

// The indices that a name got in the file that is being built. Aborts on a name that was not
// declared.
class DexIds {
 public:
  std::uint16_t string(const std::string& text) const;
  std::uint16_t type(const std::string& descriptor) const;
  std::uint16_t proto(const std::string& descriptor) const;
  std::uint16_t field(const std::string& owner, const std::string& name,
                      const std::string& type) const;
  std::uint16_t method(const std::string& owner, const std::string& name,
                       const std::string& descriptor) const;

 private:
  friend class DexBuilder;
  using Member =
      std::tuple<std::string, std::string, std::string>;  // owner, name, type or descriptor
  std::map<std::string, std::uint16_t> strings_, types_, protos_;
  std::map<Member, std::uint16_t> fields_, methods_;
};

using DexUnits = std::vector<std::uint16_t>;

struct DexTestField {
  std::string name;
  std::string type;
  std::uint32_t access = 0x9;  // public static
  std::vector<std::uint8_t> value =
      {};  // encoded_value with its head byte; only the first ones of a class may have one
};

struct DexTestMethod {
  std::string name;
  std::string descriptor = "()V";
  std::uint32_t access = 0x9;
  std::uint16_t registers = 0;
  std::uint16_t ins = 0;
  std::uint16_t outs = 0;
  // Code units for the indices given; no function: native or abstract.
  std::function<DexUnits(const DexIds&)> code = {};
  std::uint16_t tries = 0;
  std::vector<std::uint8_t> try_bytes = {};  // rows and handler lists as they are in the file
};

struct DexTestClass {
  std::string descriptor;
  std::string superclass = "Ljava/lang/Object;";
  std::uint32_t access = 0x1;
  std::vector<std::string> interfaces = {};
  std::string source_file = {};
  std::vector<DexTestField> static_fields = {};
  std::vector<DexTestField> instance_fields = {};
  std::vector<DexTestMethod> direct_methods = {};
  std::vector<DexTestMethod> virtual_methods = {};
};

struct DexMethodHandleItem {
  std::uint16_t kind = 0;
  std::function<std::uint16_t(const DexIds&)> target;
};

class DexBuilder {
 public:
  int version = 35;
  std::vector<DexTestClass> classes;
  // Names that only code uses.
  std::vector<std::string> strings;
  std::vector<std::string> types;
  std::vector<std::tuple<std::string, std::string, std::string>> fields;  // owner, name, type
  std::vector<std::tuple<std::string, std::string, std::string>>
      methods;  // owner, name, descriptor
  std::vector<DexMethodHandleItem> method_handles;
  // encoded_array bytes of each call site
  std::vector<std::function<std::vector<std::uint8_t>(const DexIds&)>> call_sites;
  // Strings with other bytes in the file than their name here (modified UTF-8 tests): name → bytes,
  // UTF-16 length.
  std::map<std::string, std::pair<std::string, std::uint32_t>> raw_strings;

  // The file. `start`: offset of the header in the container that it will be appended to (version
  // 41 only).
  std::string build(std::uint32_t start = 0);

 private:
  class Layout;

  void collect_names(std::set<DexIds::Member>& all_fields, std::set<DexIds::Member>& all_methods);
  // Sorts everything that is named and numbers it.
  DexIds collect();

  std::set<std::string> all_strings_, all_types_, all_protos_;
  std::vector<std::string> string_list_, type_list_, proto_list_;
  std::vector<DexIds::Member> field_list_, method_list_;
};

// The parameter types of a method descriptor, and its return type last.
std::vector<std::string> split_descriptor(const std::string& descriptor);

}  // namespace dl::testing
