// SPDX-License-Identifier: Apache-2.0
// Looks at one file: as itself, as a container, for what lies inside, for what it hides.
#include "daylight/detect/scan/blob_scan.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "daylight/base/text.h"
#include "daylight/detect/scan/model_record.h"
#include "daylight/detect/scan/remote_models.h"
#include "daylight/detect/signals/macho_signals.h"
#include "daylight/format/archive/base64_run.h"
#include "daylight/format/archive/byte_statistics.h"
#include "daylight/format/archive/container_carve.h"
#include "daylight/format/code/elf.h"
#include "daylight/format/code/file_kind.h"
#include "daylight/format/code/macho.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/probe/xor_cipher.h"

namespace dl {
namespace {

// Bundles whose members are models of their own.
constexpr std::array<std::string_view, 1> kModelBundles = {"mediapipe_task"};

std::string where_of(const BlobPlace& place) { return printable(join(place.chain, "!"), 600); }

BlobPlace inner(const BlobPlace& place, const std::string& step) {
  BlobPlace out = place;
  if (!step.empty()) out.chain.push_back(step);
  if (!step.empty() && (step.front() != '~' || step.starts_with("~/"))) {
    out.name = step.starts_with("~/") ? step.substr(2) : step;
  }
  ++out.depth;
  return out;
}

// "model.tflite.gz" unpacks to "model.tflite".
void drop_packing_suffix(std::string& name) {
  for (const std::string_view suffix : {".gz", ".xz", ".zst", ".lz4", ".br", ".lzma", ".zlib"}) {
    if (to_lower(name).ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
      return;
    }
  }
}

// Compression that its own header claims: where it does not unpack, that is a gap. zlib, lzma and
// brotli are guesses, and a wrong guess is nothing.
bool is_claimed(ContainerKind kind, ByteSpan bytes, const std::string& name) {
  if (kind != ContainerKind::kStream) return true;
  const auto stream = stream_kind(bytes, name);
  return stream == StreamKind::kGzip || stream == StreamKind::kXz || stream == StreamKind::kZstd ||
         stream == StreamKind::kLz4;
}

}  // namespace

void BlobScanner::scan(const BlobPlace& place, const Content& content, ScanBudget& budget,
                       BlobFindings& out) const {
  const ByteSpan bytes = content.bytes;
  if (bytes.empty()) return;
  if (place.depth > kMaxContainerDepth) {
    out.gaps.push_back(
        {where_of(place), "not looked at: containers lie too deep inside each other"});
    return;
  }
  auto scripts = scripts_.inspect(bytes, file_, place.chain, place.name);
  std::move(scripts.begin(), scripts.end(), std::back_inserter(out.scripts));
  if (const auto probe = probe_model(bytes)) {
    add_model(place, bytes, 0, *probe, out);
    const bool bundle =
        std::find(kModelBundles.begin(), kModelBundles.end(), probe->format) != kModelBundles.end();
    if (bundle) scan_members(place, content, ContainerKind::kZip, budget, out);
    return;
  }
  const FileKind kind = file_kind(bytes);
  if (kind != FileKind::kMedia) scan_addresses(place, content, out);
  if (kind == FileKind::kElf) {
    scan_library(place, content, out);
    scan_inside(place, content, budget, out);
    return;
  }
  if (kind == FileKind::kMachO) {
    scan_macho(place, content, out);
    scan_inside(place, content, budget, out);
    return;
  }
  if (kind == FileKind::kJavaClass) {
    java_.inspect(bytes, place.chain, out.java, out.gaps);
    return;
  }
  if (kind == FileKind::kDex) {
    scan_inside(place, content, budget, out);
    scan_base64(place, content, budget, out);
    return;
  }
  if (const auto container = container_kind(bytes, place.name)) {
    if (is_claimed(*container, bytes, place.name) ||
        unpack_stream(*stream_kind(bytes, place.name), bytes,
                      std::min(kMaxMemberSize, budget.unpack.left()), place.name)) {
      scan_members(place, content, *container, budget, out);
      return;
    }
  }
  const std::size_t models = out.models.size();
  scan_inside(place, content, budget, out);
  if (kind == FileKind::kMedia) return;
  scan_base64(place, content, budget, out);
  if (out.models.size() != models) return;
  if (kind == FileKind::kText) note_hints(place, content, "plain", out);
  if (kind != FileKind::kUnknown) return;
  if (const auto behind = find_model_behind_header(bytes)) {
    add_model(place, bytes, behind->offset, behind->model, out);
    return;
  }
  if (scan_ciphered(place, content, budget, out)) return;
  judge_unknown(place, content, out);
}

void BlobScanner::add_model(const BlobPlace& place, ByteSpan bytes, std::uint64_t offset,
                            const ModelProbe& probe, BlobFindings& out) const {
  ModelLocation location{file_, place.chain, offset, probe.size};
  // Label files that belong to a model lie behind it, so the rest of the file goes along.
  ModelRecord record = describe_model(bytes.subspan(static_cast<std::size_t>(offset)), probe,
                                      std::move(location), out.gaps);
  if (!place.cipher.empty()) {
    record.encryption = place.cipher;
    record.encryption_key = place.key_hex;
  }
  out.models.push_back(std::move(record));
}

void BlobScanner::scan_members(const BlobPlace& place, const Content& content, ContainerKind kind,
                               ScanBudget& budget, BlobFindings& out) const {
  if (place.depth == kMaxContainerDepth) {
    out.gaps.push_back({where_of(place), "not opened: containers lie too deep inside each other"});
    return;
  }
  visit_members(kind, content, place.name, budget.unpack,
                {[&](const std::string& step, const Content& member) {
                   BlobPlace below = inner(place, step);
                   if (kind == ContainerKind::kStream) drop_packing_suffix(below.name);
                   scan(below, member, budget, out);
                 },
                 [&](const std::string& step, const std::string& why) {
                   out.gaps.push_back({where_of(inner(place, step)), why});
                 }});
}

// Models and containers that begin somewhere inside.
void BlobScanner::scan_inside(const BlobPlace& place, const Content& content, ScanBudget& budget,
                              BlobFindings& out) const {
  const EmbeddedModels inside = find_models_inside(content.bytes);
  for (const EmbeddedModel& model : inside.models)
    add_model(place, content.bytes, model.offset, model.model, out);
  if (!inside.complete)
    out.gaps.push_back({where_of(place), "more embedded models than are listed"});
  if (place.depth + 1 >= kMaxContainerDepth) return;
  for (const InnerContainer& found :
       find_containers_inside(content.bytes, kMaxInnerContainers, budget.unpack)) {
    const BlobPlace below = inner(place, part_step(found.offset, found.size));
    scan_members(below, content.part(found.offset, found.size), found.kind, budget, out);
  }
}

void BlobScanner::scan_base64(const BlobPlace& place, const Content& content, ScanBudget& budget,
                              BlobFindings& out) const {
  for (const Base64Run& run : find_base64_runs(content.bytes)) {
    auto plain = decode_base64(content.part(run.offset, run.size).bytes);
    if (!budget.unpack.take(plain.size())) return;
    const BlobPlace below = inner(place, base64_step(run.offset, run.size));
    if (probe_model(plain) || container_kind(plain, "")) {
      scan(below, Content::owned(std::move(plain)), budget, out);
    } else if (const auto key = find_key(plain, budget)) {
      take_key_off(below, Content::owned(std::move(plain)), *key, budget, out);
    }  // else certificates, pictures, fonts
  }
}

// From the bytes alone. What statistics cost is limited: a small file takes as long as a large one.
std::optional<XorFinding> BlobScanner::find_key(ByteSpan bytes, ScanBudget& budget) const {
  if (auto found = find_marked_xor_key(bytes)) return found;
  if (!may_repeat_key(bytes)) return std::nullopt;
  if (budget.key_searches == 0) {
    ++budget.refused_key_searches;
    return std::nullopt;
  }
  --budget.key_searches;
  return find_repeating_xor_key(bytes);
}

// Takes a repeating key off where the bytes give one away.
bool BlobScanner::scan_ciphered(const BlobPlace& place, const Content& content, ScanBudget& budget,
                                BlobFindings& out) const {
  if (!place.cipher.empty()) return false;
  const auto finding = find_key(content.bytes, budget);
  return finding && take_key_off(place, content, *finding, budget, out);
}

// Whether there are models under the key.
bool BlobScanner::take_key_off(const BlobPlace& place, const Content& content,
                               const XorFinding& finding, ScanBudget& budget,
                               BlobFindings& out) const {
  if (!budget.unpack.take(content.bytes.size())) return false;
  const std::size_t before = out.models.size();
  BlobPlace below = inner(place, xor_step(0, content.bytes.size(), finding.key));
  below.cipher = "xor";
  below.key_hex = below.chain.back().substr(below.chain.back().rfind(':') + 1);
  scan(below, Content::owned(xor_with_key(content.bytes, finding.key)), budget, out);
  for (std::size_t i = before; i < out.models.size(); ++i) {
    Evidence evidence{"asset", file_, place.chain};
    evidence.offset = 0;
    evidence.rule = "xor.key";
    evidence.excerpt = "a key of " + std::to_string(finding.key.size()) + " bytes, " + finding.how;
    out.models[i].evidence.push_back(std::move(evidence));
  }
  return out.models.size() != before;
}

void BlobScanner::scan_library(const BlobPlace& place, const Content& content,
                               BlobFindings& out) const {
  const auto elf = ElfFile::parse(content.bytes, where_of(place));
  if (!elf) {
    out.gaps.push_back({where_of(place), elf.error().what});
    return;
  }
  for (const FormatGap& gap : elf->gaps().list())
    out.gaps.push_back({printable(gap.where, 600), gap.why});
  out.libraries.push_back({place.chain, native_.inspect(*elf, file_, place.chain, place.name)});
}

// Every processor's image of one file: a framework that one shows need not be shown again.
void BlobScanner::scan_macho(const BlobPlace& place, const Content& content,
                             BlobFindings& out) const {
  const auto files = MachoFile::parse_all(content.bytes, where_of(place));
  if (!files) {
    out.gaps.push_back({where_of(place), files.error().what});
    return;
  }
  std::set<const FrameworkRule*> known;
  for (const MachoFile& file : *files) {
    for (const FormatGap& gap : file.gaps().list())
      out.gaps.push_back({printable(gap.where, 600), printable(gap.why, 300)});
    MachoFacts facts;
    read_macho_facts(file, place.name, facts);
    LibraryFindings found{place.chain, native_.inspect(facts.facts, file_, place.chain)};
    std::erase_if(found.library.findings, [&](const NativeSignals::Finding& finding) {
      return !known.insert(finding.rule).second;
    });
    out.libraries.push_back(std::move(found));
  }
}

// Models that the app fetches at run time, by addresses in whatever holds text.
void BlobScanner::scan_addresses(const BlobPlace& place, const Content& content,
                                 BlobFindings& out) const {
  for (RemoteModel& remote : RemoteModelRules::builtin().find(content.bytes)) {
    ModelRecord record;
    record.format = remote.format;
    record.location = {file_, place.chain, remote.offset, 0, remote.url};
    record.encryption = "unknown";
    Evidence evidence{"asset", file_, place.chain, remote.offset};
    const FileKind kind = file_kind(content.bytes);
    if (kind == FileKind::kDex) evidence.kind = "code";
    if (kind == FileKind::kElf || kind == FileKind::kMachO) evidence.kind = "native";
    evidence.rule = remote.rule;
    evidence.excerpt = printable(remote.url, 300);
    record.evidence.push_back(std::move(evidence));
    out.models.push_back(std::move(record));
  }
}

const FormatRule* BlobScanner::hinted_format(const std::string& name) const {
  const std::string lower = to_lower(name);
  for (const FormatRule& rule : rules_.formats()) {
    for (const std::string& extension : rule.extensions) {
      if (lower.ends_with(extension)) return &rule;
    }
  }
  return nullptr;
}

// What nothing explains: encrypted, or named or begun like a model that it is not.
void BlobScanner::judge_unknown(const BlobPlace& place, const Content& content,
                                BlobFindings& out) const {
  const FormatRule* const hint = hinted_format(place.name);
  const CoverVerdict verdict = judge_cover(content.bytes);
  if (place.cipher.empty() && content.bytes.size() >= kMinHiddenSize)
    out.hidden.push_back({place.chain, place.name, content.bytes.size(),
                          hint == nullptr && verdict.cover == Cover::kPlain});
  if (hint != nullptr && verdict.cover == Cover::kEncrypted) {
    ModelRecord record = describe_model(content.bytes, {"unknown", content.bytes.size(), {}},
                                        {file_, place.chain, 0, content.bytes.size()}, out.gaps);
    record.encryption = "encrypted";
    record.evidence.front().rule = "cover.encrypted";
    record.evidence.front().excerpt =
        "named like a model of format " + hint->id + "; " + verdict.why;
    out.models.push_back(std::move(record));
    return;
  }
  if (verdict.cover == Cover::kEncrypted) {
    out.gaps.push_back({where_of(place), "is encrypted, by its bytes: " + verdict.why});
    return;
  }
  note_hints(place, content, cover_name(verdict.cover), out);
}

// Names and first bytes of models where there is none.
void BlobScanner::note_hints(const BlobPlace& place, const Content& content, std::string_view cover,
                             BlobFindings& out) const {
  const FormatRule* const hint = hinted_format(place.name);
  for (const FormatRule& rule : rules_.formats()) {
    for (const MagicRule& magic : rule.magic) {
      const auto part = subspan_checked(content.bytes, magic.offset, magic.bytes.size());
      if (!part || as_text(*part) != magic.bytes) continue;
      out.gaps.push_back({where_of(place), "begins like a model of format " + rule.id +
                                               " but no structural reader confirms it"});
      return;
    }
  }
  if (hint != nullptr)
    out.gaps.push_back({where_of(place),
                        "is named like a model of format " + hint->id +
                            " but is none by structure: encrypted, damaged, or not yet readable (" +
                            std::string(cover) + " by its bytes)"});
}

}  // namespace dl
