// SPDX-License-Identifier: Apache-2.0
// Finds an anchor's symbols and literals, and who uses them.
#include "daylight/detect/native/native_hits.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace dl {

using program::FunctionId;
using program::kNoFunction;
using program::NativeCode;
using program::NativeEdge;
using program::NativeEdgeKind;
using program::NativeGraph;
using program::NativeNode;
using program::NativeReference;

namespace {

// A literal's constant begins at most so far in front of it.
constexpr std::uint64_t kMaxLiteralPrefix = 256;

bool matches_any(std::string_view name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_glob(name, pattern); });
}

}  // namespace

// The search in one library.
struct NativeHitFinder::Search {
  const NativeHitFinder& finder;
  const NativeCode& code;
  const std::string& where;
  GapList& gaps;
  std::vector<NativeNode> imports = {};  // those that an anchor may name
  std::vector<FunctionId> named = {};    // functions, likewise
  std::vector<NativeHit> out = {};
  std::map<const NativeAnchor*, std::size_t> counts = {};
  std::set<const NativeAnchor*> full_anchors = {};
  std::set<std::tuple<const NativeAnchor*, FunctionId, std::string>> seen = {};

  void list_names();
  void find_symbols(const NativeAnchor& anchor);
  void find_entries(const NativeAnchor& anchor);
  void find_texts();
  void add_call_sites(const NativeAnchor& anchor, NativeNode node, std::string_view symbol);
  void add_uses(const NativeAnchor& anchor, std::uint64_t address, NativeHit::How how,
                const std::string& what);
  void add(NativeHit hit);
};

void NativeHitFinder::Search::add(NativeHit hit) {
  if (!seen.emplace(hit.anchor, hit.function, hit.what).second) return;
  const bool full = out.size() >= kMaxHitsOfLibrary;
  if (full || counts[hit.anchor] >= kMaxHitsOfAnchor) {
    if (!full_anchors.insert(hit.anchor).second) return;
    gaps.add(where, "more functions fit the anchor " + hit.anchor->id + " than are listed");
    return;
  }
  ++counts[hit.anchor];
  out.push_back(std::move(hit));
}

void NativeHitFinder::Search::add_call_sites(const NativeAnchor& anchor, NativeNode node,
                                             std::string_view symbol) {
  const NativeGraph& graph = code.graph();
  for (const NativeEdge& edge : graph.call_sites(node)) {
    if (!graph.is_function(edge.from)) continue;
    const auto& caller = code.functions()[edge.from];
    // One overload calls another; a stub only passes on.
    if (caller.is_stub() || matches_any(caller.name, anchor.symbols)) continue;
    const bool calls = edge.kind == NativeEdgeKind::kCall;
    add({&anchor, edge.from, edge.at,
         calls ? NativeHit::How::kCalls : NativeHit::How::kTakesAddress, std::string(symbol)});
  }
}

void NativeHitFinder::Search::add_uses(const NativeAnchor& anchor, std::uint64_t address,
                                       NativeHit::How how, const std::string& what) {
  std::vector<NativeHit> hits;
  std::set<FunctionId> users;
  for (const NativeReference& use : code.uses_of_constant(address)) {
    const FunctionId id = code.functions().holding(use.from);
    if (id == kNoFunction || !users.insert(id).second) continue;
    hits.push_back({&anchor, id, use.from, how, what});
  }
  if (hits.size() > kMaxLiteralFunctions) {
    gaps.add(where,
             "too many functions use the text of anchor " + anchor.id + ": it tells nothing");
    return;
  }
  for (NativeHit& hit : hits) add(std::move(hit));
}

void NativeHitFinder::Search::list_names() {
  for (const NativeNode node : code.graph().imports()) {
    if (finder.names_.may_match(code.graph().import_name(node))) imports.push_back(node);
  }
  const auto functions = code.functions().all();
  for (FunctionId id = 0; id < functions.size(); ++id) {
    const bool own = !functions[id].name.empty() && !functions[id].is_stub();
    if (own && finder.names_.may_match(functions[id].name)) named.push_back(id);
  }
}

// Imports, own definitions, and names that are looked up at run time.
void NativeHitFinder::Search::find_symbols(const NativeAnchor& anchor) {
  const NativeGraph& graph = code.graph();
  for (const NativeNode node : imports) {
    const std::string_view name = graph.import_name(node);
    if (matches_any(name, anchor.symbols)) add_call_sites(anchor, node, name);
  }
  const auto functions = code.functions().all();
  for (const FunctionId id : named) {
    if (matches_any(functions[id].name, anchor.symbols))
      add_call_sites(anchor, id, functions[id].name);
  }
}

void NativeHitFinder::Search::find_entries(const NativeAnchor& anchor) {
  const auto functions = code.functions().all();
  for (const FunctionId id : named) {
    if (functions[id].exported && matches_any(functions[id].name, anchor.entries))
      add({&anchor, id, functions[id].address, NativeHit::How::kIsEntry,
           std::string(functions[id].name)});
  }
}

// Literals, and names for dlsym, in one pass over the data.
void NativeHitFinder::Search::find_texts() {
  std::size_t looked_at = 0;
  for (const ElfRange& range : code.elf().data_ranges()) {
    const std::string_view data = as_text(range.bytes);
    for (const LiteralHit& hit : finder.scanner_.scan(range.bytes)) {
      const auto start = finder.constant_of(data, hit);
      if (!start) continue;
      if (++looked_at > kMaxTextsOfLibrary) {
        gaps.add(where, "the texts of anchors occur more than " +
                            std::to_string(kMaxTextsOfLibrary) +
                            " times: the rest is not followed");
        return;
      }
      const Text& text = finder.texts_[hit.literal];
      const auto how = text.whole ? NativeHit::How::kLooksUp : NativeHit::How::kUsesLiteral;
      add_uses(*text.anchor, range.address + *start, how, std::string(text.text));
    }
  }
}

std::optional<std::uint64_t> NativeHitFinder::constant_of(std::string_view data,
                                                          const LiteralHit& hit) const {
  const Text& text = texts_[hit.literal];
  std::uint64_t start = hit.offset;
  while (start > 0 && hit.offset - start < kMaxLiteralPrefix && data[start - 1] != '\0') --start;
  const std::uint64_t end = hit.offset + text.text.size();
  const bool alone = start == hit.offset && end < data.size() && data[end] == '\0';
  if (text.whole && !alone) return std::nullopt;
  return start;
}

bool NativeHitFinder::is_of_interest(const ElfFile& elf) const {
  return has_symbols(elf) || has_texts(elf);
}

bool NativeHitFinder::has_texts(const ElfFile& elf) const {
  for (const ElfRange& range : elf.data_ranges()) {
    for (const LiteralHit& hit : scanner_.scan(range.bytes)) {
      if (constant_of(as_text(range.bytes), hit)) return true;
    }
  }
  return false;
}

std::vector<NativeHitFinder::Text> NativeHitFinder::texts_of(const NativeAnchors& anchors) {
  std::vector<Text> out;
  for (const NativeAnchor& anchor : anchors.all()) {
    for (const std::string& literal : anchor.literals) out.push_back({&anchor, literal, false});
    for (const std::string& symbol : anchor.symbols) {
      if (symbol.find('*') == std::string::npos) out.push_back({&anchor, symbol, true});
    }
  }
  return out;
}

NameFilter NativeHitFinder::filter_of(const NativeAnchors& anchors) {
  NameFilter out;
  for (const NativeAnchor& anchor : anchors.all()) {
    for (const std::string& symbol : anchor.symbols) out.add(symbol);
    for (const std::string& entry : anchor.entries) out.add(entry);
  }
  return out;
}

std::vector<std::string_view> NativeHitFinder::views_of(const std::vector<Text>& texts) {
  std::vector<std::string_view> out;
  out.reserve(texts.size());
  for (const Text& text : texts) out.push_back(text.text);
  return out;
}

NativeHitFinder::NativeHitFinder(const NativeAnchors& anchors)
    : anchors_(anchors),
      names_(filter_of(anchors)),
      texts_(texts_of(anchors)),
      scanner_(views_of(texts_), LiteralScanner::Report::kEvery) {}

bool NativeHitFinder::has_symbols(const ElfFile& elf) const {
  return std::any_of(elf.symbols().begin(), elf.symbols().end(), [&](const ElfSymbol& symbol) {
    if (symbol.name.empty() || !names_.may_match(symbol.name)) return false;
    return std::any_of(anchors_.all().begin(), anchors_.all().end(),
                       [&](const NativeAnchor& anchor) {
                         return matches_any(symbol.name, anchor.symbols) ||
                                (symbol.defined() && matches_any(symbol.name, anchor.entries));
                       });
  });
}

std::vector<NativeHit> NativeHitFinder::find(const NativeCode& code, const std::string& where,
                                             GapList& gaps) const {
  Search search{*this, code, where, gaps};
  search.list_names();
  for (const NativeAnchor& anchor : anchors_.all()) {
    search.find_symbols(anchor);
    search.find_entries(anchor);
  }
  search.find_texts();
  // Anchors lie in one vector: their order is that of the rules.
  std::stable_sort(search.out.begin(), search.out.end(),
                   [](const NativeHit& a, const NativeHit& b) {
                     if (a.anchor != b.anchor) return a.anchor < b.anchor;
                     return a.function != b.function ? a.function < b.function : a.at < b.at;
                   });
  return std::move(search.out);
}

}  // namespace dl
