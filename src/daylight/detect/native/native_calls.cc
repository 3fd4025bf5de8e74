// SPDX-License-Identifier: Apache-2.0
// Turns anchors' hits into calls with their ways from Java.
#include "daylight/detect/native/native_calls.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/program/native_code/native_names.h"

namespace dl {

using program::CallerSite;
using program::kNoId;
using program::MethodId;
using program::NativeClosure;
using program::NativeCode;
using program::NativeNode;

namespace {

std::string api_of(const NativeHit& hit) {
  const bool itself =
      hit.how == NativeHit::How::kUsesLiteral || hit.how == NativeHit::How::kIsEntry;
  if (itself) return "native:" + hit.anchor->id;
  return "native:" + hit.anchor->framework + "." + program::readable_symbol(hit.what);
}

}  // namespace

NativeCalls::NativeCalls(const CodeContext& context, const NativeAnchors& anchors)
    : context_(context), finder_(anchors), natives_(context.code) {}

void NativeCalls::add_hit(const LibraryWays& library, const NativeHit& hit,
                          LibraryCalls& out) const {
  const std::vector<NativeNode> target = {hit.function};
  const NativeClosure closure = library.code.graph().leading_to(target);
  const std::vector<NativeWay> ways = library.ways_to(closure);
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
  if (from_java) add_java(ways.front(), record);
  if (own) {
    const FrameworkRule* rule = context_.rules.framework(hit.anchor->framework);
    record.origin = {"sdk", rule->name};
  }
  for (const CallerSite& site : natives_.loads(library_file_name(library.entry_name()))) {
    record.evidence.push_back(code_evidence(context_, site.caller, site.pc, "load-library",
                                            std::string(library_file_name(library.entry_name()))));
    break;
  }
  if (!from_java) {
    OpenCall open{out.calls.size(), library.exports_to(closure)};
    if (!open.exports.empty()) out.open.push_back(std::move(open));
  }
  out.calls.push_back(std::move(record));
}

// The Java method from which a way begins, and the path to that.
void NativeCalls::add_java(const NativeWay& way, CallRecord& record) const {
  const auto& index = context_.code.index();
  record.origin = origin_of_class(context_, index.method_info(way.method).owner);
  Evidence java = code_evidence(context_, way.method, 0, "jni-method", way.entry->name);
  if (!index.method_info(way.method).is_native()) java.rule = "loads-library";
  record.evidence.push_back(std::move(java));
  if (!way.reached) return;
  record.use = Use::kReachable;
  record.evidence.push_back(path_evidence(context_, way.method));
}

void NativeCalls::visit(std::size_t position, const ElfFile& elf,
                        const std::vector<std::string>& chain) {
  LibraryCalls out;
  out.entry = chain.empty() ? std::string() : chain.back();
  out.soname = elf.soname();
  out.needed = elf.needed();
  if (!finder_.is_of_interest(elf)) {
    // No call, but it may be on the way to one.
  } else if (const auto code = NativeCode::read(elf, out.entry)) {
    out.read = true;
    GapList gaps = (*code)->gaps();
    const std::vector<NativeHit> hits = finder_.find(**code, out.entry, gaps);
    const std::vector<NativeEntry> entries =
        native_entries(**code, natives_, library_file_name(out.entry));
    const LibraryWays library{context_, **code, chain, entries};
    for (const NativeHit& hit : hits) add_hit(library, hit, out);
    for (const FormatGap& gap : gaps.list())
      out.gaps.push_back({printable(gap.where), printable(gap.why)});
  } else {
    out.unread = code.error().what;
  }
  const std::scoped_lock lock(mutex_);
  found_.insert_or_assign(position, std::move(out));
}

// The last folder is the machine's: modules of a bundle have different ones in front of it.
std::string_view NativeCalls::machine_of(const LibraryCalls& library) {
  std::string_view entry = library.entry;
  entry.remove_suffix(std::min(entry.size(), library_file_name(entry).size() + 1));
  return library_file_name(entry);
}

// By the names under which libraries ask for each other, among those of one machine.
NativeCalls::QuestionsByName NativeCalls::by_name(const std::vector<Question>& open) const {
  QuestionsByName out;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const LibraryCalls& library = found_.at(open[i].position);
    const std::string_view machine = machine_of(library);
    const std::string_view file = library_file_name(library.entry);
    out[{machine, file}].push_back(i);
    if (!library.soname.empty() && library.soname != file)
      out[{machine, library.soname}].push_back(i);
  }
  return out;
}

// Those of `open` to which this library may hold the way, in their order.
std::vector<NativeCalls::Question> NativeCalls::questions_for(std::size_t position,
                                                              const LibraryCalls& library,
                                                              const std::vector<Question>& open,
                                                              const QuestionsByName& names) const {
  std::set<std::size_t> chosen;
  for (const std::string& needed : library.needed) {
    const auto found = names.find({machine_of(library), needed});
    if (found != names.end()) chosen.insert(found->second.begin(), found->second.end());
  }
  std::vector<Question> out;
  for (const std::size_t i : chosen) {
    const CallRecord& call = found_.at(open[i].owner).calls[open[i].open.call];
    if (open[i].position != position && call.use != Use::kReachable) out.push_back(open[i]);
  }
  return out;
}

// Reads the library at `position` and looks for ways to the questions' exports. Answered ones
// become complete calls; of the others come back those that this library exports in turn.
std::vector<NativeCalls::Question> NativeCalls::ask(std::size_t position,
                                                    const std::vector<Question>& questions) {
  std::vector<Question> more;
  const program::AppEntry& entry = context_.app.entries()[position];
  const auto unread = [&](const std::string& why) {
    found_.at(position).gaps.push_back(
        {printable(entry.name), printable("links to calls in other libraries, but " + why)});
    return more;
  };
  const auto content = context_.app.read_once(entry);
  if (!content) return unread(content.error().what);
  const std::vector<std::string> chain = context_.app.chain_of(entry);
  const auto elf = ElfFile::parse(content->bytes, chain.back());
  if (!elf) return unread(elf.error().what);
  const auto code = NativeCode::read(*elf, chain.back());
  if (!code) return unread(code.error().what);
  const std::vector<NativeEntry> entries =
      native_entries(**code, natives_, library_file_name(chain.back()));
  const LibraryWays library{context_, **code, chain, entries};
  std::map<std::string_view, NativeNode> imports;
  for (const NativeNode node : (*code)->graph().imports())
    imports.emplace((*code)->graph().import_name(node), node);
  // Many calls are reached through the same export.
  struct Reach {
    NativeClosure closure;
    std::vector<NativeWay> ways;
    std::map<std::string, std::string> exports;
  };
  std::map<NativeNode, Reach> reaches;
  const auto reach_of = [&](NativeNode node) -> const Reach& {
    const auto known = reaches.find(node);
    if (known != reaches.end()) return known->second;
    const std::vector<NativeNode> target = {node};
    NativeClosure closure = (*code)->graph().leading_to(target);
    std::vector<NativeWay> ways = library.ways_to(closure);
    auto exports = library.exports_to(closure);
    return reaches.emplace(node, Reach{std::move(closure), std::move(ways), std::move(exports)})
        .first->second;
  };
  for (const Question& question : questions) {
    OpenCall rest{question.open.call, {}};
    for (const auto& [symbol, beyond] : question.open.exports) {
      const auto import = imports.find(symbol);
      if (import == imports.end()) continue;
      const auto& [closure, ways, exports] = reach_of(import->second);
      CallRecord& record = found_.at(question.owner).calls[question.open.call];
      if (!ways.empty() && ways.front().method != kNoId) {
        // A way from code that runs tells more than one from code that does not: both may be named.
        if (ways.front().reached || record.origin.kind == "unknown") {
          record.evidence.push_back(library.way_evidence(closure, ways, beyond));
          add_java(ways.front(), record);
        }
        if (ways.front().reached) {
          rest.exports.clear();
          break;
        }
      }
      for (const auto& [name, way] : exports) {
        if (rest.exports.size() >= kMaxExportsOfCall) break;
        std::string whole = way;
        whole.append(" -> ").append(beyond);
        rest.exports.emplace(name, printable(whole, kMaxPathText));
      }
    }
    if (!rest.exports.empty()) more.push_back({position, question.owner, std::move(rest)});
  }
  return more;
}

// Goes from the libraries with open calls to those that link to them, a few steps up.
void NativeCalls::link_libraries() {
  std::vector<Question> open;
  for (auto& [position, library] : found_) {
    for (OpenCall& call : library.open) open.push_back({position, position, std::move(call)});
  }
  std::size_t reads = 0;
  for (int step = 0; step < kMaxLibrarySteps && !open.empty(); ++step) {
    std::vector<Question> next;
    const QuestionsByName names = by_name(open);
    for (const auto& [position, library] : found_) {
      if (library.needed.empty() || reads > kMaxLinkedReads) continue;
      const std::vector<Question> here = questions_for(position, library, open, names);
      if (here.empty() || ++reads > kMaxLinkedReads) continue;
      for (Question& question : ask(position, here)) next.push_back(std::move(question));
    }
    open = std::move(next);
  }
  if (reads > kMaxLinkedReads)
    found_.begin()->second.gaps.push_back(
        {context_.app.file_name(),
         "more than " + std::to_string(kMaxLinkedReads) +
             " libraries link to calls in others: the rest is not followed"});
}

NativeCallFindings NativeCalls::finish() {
  link_libraries();
  NativeCallFindings out;
  std::map<std::string_view, const LibraryCalls*> read;  // by file name
  for (const auto& [position, library] : found_) {
    if (library.read) read.emplace(library_file_name(library.entry), &library);
  }
  for (auto& [position, library] : found_) {
    std::move(library.calls.begin(), library.calls.end(), std::back_inserter(out.calls));
    std::move(library.gaps.begin(), library.gaps.end(), std::back_inserter(out.gaps));
  }
  for (const auto& [position, library] : found_) {
    if (library.unread.empty()) continue;
    const auto sibling = read.find(library_file_name(library.entry));
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
