// SPDX-License-Identifier: Apache-2.0
// Turns anchors' hits into calls with their ways from Java.
#include "daylight/detect/native/native_calls.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/program/native_code/native_names.h"

namespace dl {

using program::CallerSite;
using program::FunctionId;
using program::kNoId;
using program::kNoNode;
using program::MethodId;
using program::NativeClosure;
using program::NativeCode;
using program::NativeEdgeKind;
using program::NativeGraph;
using program::NativeNode;

namespace {

constexpr std::size_t kMaxLabel = 160;

std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::uint64_t rest = value; rest != 0 || out.empty(); rest >>= 4U)
    out.insert(out.begin(), kDigits[rest & 15U]);
  return "0x" + out;
}

std::string_view file_name(std::string_view entry) {
  const std::size_t slash = entry.rfind('/');
  return slash == std::string_view::npos ? entry : entry.substr(slash + 1);
}

// One way to a hit: an entry of the library that leads there.
struct Way {
  const NativeEntry* entry = nullptr;
  MethodId method = kNoId;  // a reached one, else any, else none
  bool reached = false;
  std::uint32_t indirect = 0;
  std::uint32_t length = 0;
};

// The way that tells most comes first.
bool better(const Way& a, const Way& b) {
  if (a.reached != b.reached) return a.reached;
  if ((a.method == kNoId) != (b.method == kNoId)) return b.method == kNoId;
  if (a.indirect != b.indirect) return a.indirect < b.indirect;
  if (a.length != b.length) return a.length < b.length;
  return a.entry->name < b.entry->name;
}

std::string hit_words(const NativeHit& hit) {
  std::string name = program::readable_symbol(hit.what);
  switch (hit.how) {
    case NativeHit::How::kCalls:
      return "calls " + name;
    case NativeHit::How::kTakesAddress:
      return "takes the address of " + name;
    case NativeHit::How::kLooksUp:
      return "uses the name \"" + name + "\"";
    case NativeHit::How::kUsesLiteral:
      return "uses \"" + hit.what + "\"";
    case NativeHit::How::kIsEntry:
      return "is " + name;
  }
  return name;
}

std::string api_of(const NativeHit& hit) {
  const bool itself =
      hit.how == NativeHit::How::kUsesLiteral || hit.how == NativeHit::How::kIsEntry;
  if (itself) return "native:" + hit.anchor->id;
  return "native:" + hit.anchor->framework + "." + program::readable_symbol(hit.what);
}

}  // namespace

// A library that was read, for as long as its calls are put together.
struct NativeCalls::Library {
  const CodeContext& context;
  const NativeCode& code;
  const std::vector<std::string>& chain;
  const std::vector<NativeEntry>& entries;

  const std::string& entry_name() const { return chain.back(); }
  std::string label(NativeNode node) const {
    return printable(program::readable_symbol(code.graph().label(node)), kMaxLabel);
  }
  Evidence evidence(const std::string& rule) const {
    Evidence out{"native", context.app.file_name(), chain};
    out.rule = rule;
    return out;
  }
  bool is_own_library(const std::string& framework) const;
  std::vector<Way> ways_to(const NativeClosure& closure) const;
  std::string chain_text(const NativeClosure& closure, const Way& way) const;
  Evidence hit_evidence(const NativeHit& hit) const;
  Evidence way_evidence(const NativeClosure& closure, const std::vector<Way>& ways) const;
};

// Whether the library is the framework's own build, not one into which it is linked.
bool NativeCalls::Library::is_own_library(const std::string& framework) const {
  const FrameworkRule* rule = context.rules.framework(framework);
  if (rule == nullptr) return false;
  const std::string_view name = file_name(entry_name());
  return std::any_of(
      rule->libraries.begin(), rule->libraries.end(), [&](const std::string& pattern) {
        return matches_pattern(name, pattern) || matches_pattern(code.elf().soname(), pattern);
      });
}

std::vector<Way> NativeCalls::Library::ways_to(const NativeClosure& closure) const {
  std::vector<Way> out;
  for (const NativeEntry& entry : entries) {
    if (!closure.reaches(entry.function)) continue;
    const auto& step = closure.step(entry.function);
    Way way{&entry, kNoId, false, step.indirect, step.length};
    for (const MethodId method : entry.methods) {
      const bool reached = context.code.reach().reached(method);
      if (way.method == kNoId || (reached && !way.reached)) way.method = method;
      way.reached = way.reached || reached;
    }
    out.push_back(way);
  }
  std::stable_sort(out.begin(), out.end(), better);
  return out;
}

// "Java_a_B_run -> +0x1f40 (called at 0x2000) -> ...".
std::string NativeCalls::Library::chain_text(const NativeClosure& closure, const Way& way) const {
  std::vector<std::string> steps = {label(way.entry->function)};
  for (NativeNode node = way.entry->function; closure.step(node).next != kNoNode;
       node = closure.step(node).next) {
    const auto& step = closure.step(node);
    // A table's own edges lie in data and say no more than that it holds the function.
    if (!code.graph().is_function(node)) {
      steps.push_back(label(step.next) + " (in it)");
    } else if (step.kind == NativeEdgeKind::kCall) {
      steps.push_back(label(step.next) + " (called at " + hex(step.at) + ")");
    } else {
      steps.push_back(label(step.next) + " (its address is taken at " + hex(step.at) + ")");
    }
  }
  if (steps.size() > kMaxChainSteps) {
    const std::size_t cut = steps.size() - kMaxChainSteps;
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(kMaxChainSteps / 2);
    steps.erase(first, first + static_cast<std::ptrdiff_t>(cut));
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(kMaxChainSteps / 2),
                 "... " + std::to_string(cut) + " steps left out ...");
  }
  return join(steps, " -> ");
}

Evidence NativeCalls::Library::hit_evidence(const NativeHit& hit) const {
  Evidence out = evidence("native-anchor." + hit.anchor->id);
  out.offset = code.elf().offset_of(hit.at);
  out.method = label(hit.function);
  out.excerpt = printable(hit_words(hit), 400);
  return out;
}

Evidence NativeCalls::Library::way_evidence(const NativeClosure& closure,
                                            const std::vector<Way>& ways) const {
  const Way& best = ways.front();
  Evidence out = evidence("native-path");
  out.method = label(best.entry->function);
  std::string text = chain_text(closure, best);
  if (!best.entry->why.empty()) text = best.entry->name + " (" + best.entry->why + "): " + text;
  std::vector<std::string> others;
  for (std::size_t i = 1; i < ways.size() && i <= kMaxEntriesNamed; ++i)
    others.push_back(printable(ways[i].entry->name, kMaxLabel) +
                     (ways[i].indirect > 0 ? " (indirectly)" : ""));
  if (ways.size() > kMaxEntriesNamed + 1)
    others.push_back(std::to_string(ways.size() - kMaxEntriesNamed - 1) + " more");
  if (!others.empty()) text += "; also from " + join(others, ", ");
  out.excerpt = printable(text, kMaxPathText);
  return out;
}

NativeCalls::NativeCalls(const CodeContext& context, const NativeAnchors& anchors)
    : context_(context), finder_(anchors), natives_(context.code) {}

void NativeCalls::add_hit(const Library& library, const NativeHit& hit, LibraryCalls& out) const {
  const std::vector<NativeNode> target = {hit.function};
  const NativeClosure closure = library.code.graph().leading_to(target);
  const std::vector<Way> ways = library.ways_to(closure);
  const bool own = library.is_own_library(hit.anchor->framework);
  const bool from_java = !ways.empty() && ways.front().method != kNoId;
  // A framework calls itself, and binds what nobody asks for.
  if (own && !from_java) return;

  CallRecord record;
  record.api = printable(api_of(hit), 300);
  record.framework = hit.anchor->framework;
  record.caller = printable(library.entry_name(), 300) + "!" + library.label(hit.function);
  record.klass = printable(library.entry_name(), 300);
  const bool named = hit.how != NativeHit::How::kUsesLiteral;
  record.method = named ? printable(hit.what, 300) : library.label(hit.function);
  record.origin = {"unknown", ""};
  record.evidence.push_back(library.hit_evidence(hit));
  if (!ways.empty()) record.evidence.push_back(library.way_evidence(closure, ways));
  if (from_java) {
    const MethodId method = ways.front().method;
    const auto& index = context_.code.index();
    record.origin = origin_of_class(context_, index.method_info(method).owner);
    Evidence java = code_evidence(context_, method, 0, "jni-method", ways.front().entry->name);
    if (!index.method_info(method).is_native()) java.rule = "loads-library";
    record.evidence.push_back(std::move(java));
  }
  if (own) {
    const FrameworkRule* rule = context_.rules.framework(hit.anchor->framework);
    record.origin = {"sdk", rule->name};
  }
  for (const CallerSite& site : natives_.loads(file_name(library.entry_name()))) {
    record.evidence.push_back(code_evidence(context_, site.caller, site.pc, "load-library",
                                            std::string(file_name(library.entry_name()))));
    break;
  }
  if (!ways.empty() && ways.front().reached) {
    record.use = Use::kReachable;
    record.evidence.push_back(path_evidence(context_, ways.front().method));
  }
  out.calls.push_back(std::move(record));
}

void NativeCalls::visit(std::size_t position, const ElfFile& elf,
                        const std::vector<std::string>& chain) {
  if (!finder_.is_of_interest(elf)) return;
  LibraryCalls out;
  out.entry = chain.empty() ? std::string() : chain.back();
  if (const auto code = NativeCode::read(elf, out.entry)) {
    GapList gaps = (*code)->gaps();
    const std::vector<NativeHit> hits = finder_.find(**code, out.entry, gaps);
    const std::vector<NativeEntry> entries = native_entries(**code, natives_, file_name(out.entry));
    const Library library{context_, **code, chain, entries};
    for (const NativeHit& hit : hits) add_hit(library, hit, out);
    for (const FormatGap& gap : gaps.list())
      out.gaps.push_back({printable(gap.where), printable(gap.why)});
  } else {
    out.unread = code.error().what;
  }
  const std::scoped_lock lock(mutex_);
  found_.insert_or_assign(position, std::move(out));
}

NativeCallFindings NativeCalls::finish() {
  NativeCallFindings out;
  std::map<std::string_view, const LibraryCalls*> read;  // by file name
  for (const auto& [position, library] : found_) {
    if (library.unread.empty()) read.emplace(file_name(library.entry), &library);
  }
  for (auto& [position, library] : found_) {
    std::move(library.calls.begin(), library.calls.end(), std::back_inserter(out.calls));
    std::move(library.gaps.begin(), library.gaps.end(), std::back_inserter(out.gaps));
  }
  for (const auto& [position, library] : found_) {
    if (library.unread.empty()) continue;
    const auto sibling = read.find(file_name(library.entry));
    const std::string rest =
        sibling != read.end()
            ? "; that of " + sibling->second->entry + " is"
            : ": which of its functions use machine learning, and who calls them, is unknown";
    out.gaps.push_back({printable(library.entry), printable(library.unread + rest)});
  }
  found_.clear();
  return out;
}

}  // namespace dl
