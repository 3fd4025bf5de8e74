// SPDX-License-Identifier: Apache-2.0
// Walks the exports trie: a tree of name parts.
#include <utility>

#include "daylight/format/code/macho_reader.h"

namespace dl {
namespace {

constexpr std::uint64_t kReexport = 0x08;

// LEB128 of up to 64 bits; nothing where it does not end inside.
std::optional<std::uint64_t> uleb64(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint64_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    if (shift < 64) value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

struct Node {
  std::uint64_t offset = 0;
  std::string name;
  std::size_t depth = 0;
};

class TrieReader {
 public:
  TrieReader(ByteSpan trie, const std::string& where, GapList& gaps)
      : trie_(trie), where_(where), gaps_(gaps), seen_(trie.size(), false) {}

  std::vector<MachoExport> read();

 private:
  bool read_node(const Node& node);
  bool read_terminal(ByteSpan terminal, const std::string& name);
  bool read_children(ByteReader& reader, const Node& node);
  bool stop(const char* why) {
    gaps_.add(where_, std::string("the exports trie is not read to its end: ") + why);
    return false;
  }

  ByteSpan trie_;
  const std::string& where_;
  GapList& gaps_;
  std::vector<bool> seen_;
  std::vector<Node> open_;
  std::vector<MachoExport> out_;
  std::size_t nodes_ = 0;
  std::uint64_t text_ = 0;
};

std::vector<MachoExport> TrieReader::read() {
  if (trie_.empty()) return {};
  open_.push_back({0, "", 0});
  while (!open_.empty()) {
    const Node node = std::move(open_.back());
    open_.pop_back();
    if (!read_node(node)) break;
  }
  return std::move(out_);
}

bool TrieReader::read_node(const Node& node) {
  if (node.offset >= trie_.size()) return stop("a child lies outside of it");
  if (seen_[static_cast<std::size_t>(node.offset)]) return stop("two names lead to one node");
  seen_[static_cast<std::size_t>(node.offset)] = true;
  if (++nodes_ > kMaxMachoTrieNodes || node.depth > kMaxMachoTrieDepth)
    return stop("it is larger or deeper than the limit");
  ByteReader reader(trie_, node.offset);
  const auto size = uleb64(reader);
  if (!size) return stop("a node is cut");
  const ByteSpan terminal = reader.take(*size);
  if (!reader.ok()) return stop("a node is cut");
  if (!terminal.empty() && !read_terminal(terminal, node.name)) return false;
  return read_children(reader, node);
}

bool TrieReader::read_terminal(ByteSpan terminal, const std::string& name) {
  if (out_.size() >= kMaxMachoSymbols) return stop("it has more names than the limit");
  ByteReader reader(terminal);
  const auto flags = uleb64(reader);
  const auto value = uleb64(reader);
  if (!flags || !value) return stop("a node is cut");
  MachoExport found;
  found.name = name;
  found.reexported = (*flags & kReexport) != 0;
  if (!found.reexported) found.address = *value;
  out_.push_back(std::move(found));
  return true;
}

bool TrieReader::read_children(ByteReader& reader, const Node& node) {
  const std::uint8_t count = reader.u8();
  if (!reader.ok()) return stop("a node is cut");
  const std::size_t first = open_.size();
  for (std::uint8_t i = 0; i < count; ++i) {
    const std::string_view edge = macho_text_at(trie_, reader.offset());
    reader.skip(edge.size() + 1);
    const auto offset = uleb64(reader);
    if (!offset) return stop("a node is cut");
    std::string name = node.name + std::string(edge);
    text_ += name.size();
    if (name.size() > kMaxMachoNameSize || text_ > kMaxMachoTrieText)
      return stop("its names are longer than the limit");
    open_.push_back({*offset, std::move(name), node.depth + 1});
  }
  // The first child is taken next.
  for (std::size_t low = first, high = open_.size(); low + 1 < high; ++low, --high)
    std::swap(open_[low], open_[high - 1]);
  return true;
}

}  // namespace

std::string_view macho_text_at(ByteSpan bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest =
      as_text(bytes).substr(static_cast<std::size_t>(offset), kMaxMachoNameSize);
  return rest.substr(0, rest.find('\0'));
}

std::vector<MachoExport> read_macho_exports(ByteSpan trie, const std::string& where,
                                            GapList& gaps) {
  return TrieReader(trie, where, gaps).read();
}

}  // namespace dl
