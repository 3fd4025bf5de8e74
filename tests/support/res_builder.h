// SPDX-License-Identifier: Apache-2.0
// Writes binary XML and resource tables for tests, chunk by chunk, so that a test may lie in any of
// them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dl::testing {

// A string pool chunk, in UTF-8 or UTF-16.
std::string res_pool(const std::vector<std::string>& strings, bool utf8);

// A chunk of this type: header, the fields behind it that count as header, and the body.
std::string res_chunk(std::uint16_t type, const std::string& header_fields,
                      const std::string& body);

// Indices into the document's string list are given by the text itself: the builder interns it.
class AxmlBuilder {
 public:
  struct Attribute {
    std::string name;
    std::uint32_t resource_id = 0;
    std::uint8_t type = 3;
    std::uint32_t data = 0;    // not for strings
    std::string text = {};     // for strings
    std::string android = {};  // namespace URI, "" for none
  };

  void start(const std::string& name, const std::vector<Attribute>& attributes = {},
             std::uint32_t line = 1);
  void end(const std::string& name);
  void text(const std::string& content);
  // A chunk that no reader knows.
  void raw(const std::string& chunk) { body_ += chunk; }
  std::string build(bool utf8 = false) const;

 private:
  std::uint32_t intern(const std::string& text, std::uint32_t resource_id = 0);

  std::vector<std::pair<std::string, std::uint32_t>>
      strings_;  // with the resource id of attribute names
  std::string body_;
};

// One value of a resource table.
struct ArscItem {
  std::uint16_t index = 0;
  std::uint32_t key = 0;
  std::uint8_t type = 3;
  std::uint32_t data = 0;
  std::vector<std::uint32_t> bag = {};  // string references; makes it a bag
};

// A type chunk. `layout` 0: 32-bit offsets, 1: sparse, 2: 16-bit offsets. `compact` uses the
// eight-byte entries.
std::string arsc_type(std::uint8_t id, const std::string& config,
                      const std::vector<ArscItem>& items, int layout = 0, bool compact = false);

// A table with one package (0x7f, "org.example") of these types, keys and type chunks.
std::string arsc_table(const std::vector<std::string>& strings,
                       const std::vector<std::string>& types, const std::vector<std::string>& keys,
                       const std::vector<std::string>& type_chunks);

// A configuration: "" fields are zero.
std::string arsc_config(const std::string& language = "", std::uint16_t density = 0,
                        std::uint16_t sdk = 0);

}  // namespace dl::testing
