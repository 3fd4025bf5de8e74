// SPDX-License-Identifier: Apache-2.0
// The pass over all entries.
#include "daylight/detect/entry_scan.h"

#include <algorithm>
#include <map>

#include "daylight/base/text.h"
#include "daylight/detect/model_record.h"
#include "daylight/detect/native_signals.h"
#include "daylight/format/elf.h"
#include "daylight/format/model_probe.h"

namespace dl {
namespace {

// Entries that hold the app's description of itself: read elsewhere, and never a model.
bool is_bookkeeping(std::string_view name) {
  return name == "AndroidManifest.xml" || name.starts_with("META-INF/");
}

class EntryScanner {
 public:
  EntryScanner(const program::AppPackage& app, const RuleSet& rules, EntryFindings& out)
      : app_(app), rules_(rules), native_(rules), out_(out) {}

  void scan(const program::AppEntry& entry);
  void finish();

 private:
  void scan_library(const std::string& name, ByteSpan bytes);
  std::size_t scan_models(const std::string& name, ByteSpan bytes);
  void note_hints(const std::string& name, ByteSpan bytes);

  const program::AppPackage& app_;
  const RuleSet& rules_;
  NativeSignals native_;
  EntryFindings& out_;
  std::map<const FrameworkRule*, FrameworkRecord> frameworks_;
};

void EntryScanner::scan(const program::AppEntry& entry) {
  const std::string name(entry.name);
  if (entry.shadowed || name.ends_with('/') || is_bookkeeping(name)) return;
  const auto content = app_.entry_bytes(entry);
  if (!content) {
    out_.gaps.push_back({printable(name), content.error().what});
    return;
  }
  const std::size_t models = scan_models(name, content->bytes);
  if (looks_like_elf(content->bytes)) {
    scan_library(name, content->bytes);
  } else if (models == 0) {
    note_hints(name, content->bytes);
  }
}

std::size_t EntryScanner::scan_models(const std::string& name, ByteSpan bytes) {
  std::size_t found = 0;
  const auto add = [&](std::uint64_t offset, const ModelProbe& probe) {
    ModelLocation location{app_.file_name(), {name}, offset, probe.size};
    // Label files that belong to a model lie behind it, so the rest of the entry goes along.
    out_.models.push_back(describe_model(bytes.subspan(static_cast<std::size_t>(offset)), probe,
                                         location, out_.gaps));
    ++found;
  };
  if (const auto probe = probe_model(bytes)) {
    add(0, *probe);
    return found;
  }
  const EmbeddedModels inside = find_models_inside(bytes);
  for (const EmbeddedModel& model : inside.models) add(model.offset, model.model);
  if (!inside.complete)
    out_.gaps.push_back({printable(name), "more embedded models than are listed"});
  return found;
}

void EntryScanner::scan_library(const std::string& name, ByteSpan bytes) {
  const auto elf = ElfFile::parse(bytes, name);
  if (!elf) {
    out_.gaps.push_back({printable(name), elf.error().what});
    return;
  }
  for (const FormatGap& gap : elf->gaps().list())
    out_.gaps.push_back({printable(gap.where), gap.why});
  NativeSignals::Library library = native_.inspect(*elf, app_.file_name(), name);
  for (NativeSignals::Finding& finding : library.findings) {
    FrameworkRecord& record = frameworks_[finding.rule];
    record.id = finding.rule->id;
    record.layer = "native";
    if (record.version.empty()) record.version = finding.version;
    if (record.linked.empty() || finding.shared)
      record.linked = finding.shared ? "shared" : "static";
    record.origin = {"sdk", finding.rule->name, record.version};
    record.evidence.insert(record.evidence.end(), finding.evidence.begin(), finding.evidence.end());
  }
  if (!library.findings.empty()) return;
  for (std::string& symbol : library.jni_exports)
    out_.jni_exports.push_back({name, std::move(symbol)});
}

void EntryScanner::note_hints(const std::string& name, ByteSpan bytes) {
  const std::string lower = to_lower(name);
  for (const FormatRule& rule : rules_.formats()) {
    for (const MagicRule& magic : rule.magic) {
      const auto part = subspan_checked(bytes, magic.offset, magic.bytes.size());
      if (!part || as_text(*part) != magic.bytes) continue;
      out_.gaps.push_back({printable(name), "begins like a model of format " + rule.id +
                                                " but no structural reader confirms it"});
      return;
    }
    for (const std::string& extension : rule.extensions) {
      if (bytes.empty() || !lower.ends_with(extension)) continue;
      out_.gaps.push_back(
          {printable(name),
           "is named like a model of format " + rule.id +
               " but is none by structure: encrypted, damaged, or not yet readable"});
      return;
    }
  }
}

void EntryScanner::finish() {
  std::sort(out_.models.begin(), out_.models.end(), [](const ModelRecord& a, const ModelRecord& b) {
    return a.location.entry != b.location.entry ? a.location.entry < b.location.entry
                                                : a.location.offset < b.location.offset;
  });
  for (const FrameworkRule& rule : rules_.frameworks()) {
    const auto found = frameworks_.find(&rule);
    if (found != frameworks_.end()) out_.frameworks.push_back(std::move(found->second));
  }
}

}  // namespace

Result<EntryFindings> scan_entries(const program::AppPackage& app, const RuleSet& rules,
                                   LogSink& log) {
  EntryFindings out;
  EntryScanner scanner(app, rules, out);
  const auto& entries = app.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (log.cancelled())
      return fail(ErrorCode::kCancelled, "stopped while reading entries", app.file_name());
    log.progress("entries", i, entries.size());
    scanner.scan(entries[i]);
  }
  log.progress("entries", entries.size(), entries.size());
  scanner.finish();
  return out;
}

}  // namespace dl
