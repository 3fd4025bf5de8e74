// SPDX-License-Identifier: Apache-2.0
// The pass over all entries, side by side.
#include "daylight/detect/scan/entry_scan.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "daylight/base/text.h"
#include "daylight/detect/scan/model_pairs.h"
#include "daylight/detect/signals/java_library.h"
#include "daylight/detect/signals/native_signals.h"
#include "daylight/format/code/java_class.h"
#include "daylight/program/native_code/jni_names.h"

namespace dl {
namespace {

// Entries that hold the app's description of itself: read elsewhere, and never a model.
bool is_bookkeeping(std::string_view name) {
  return name == "AndroidManifest.xml" || name.starts_with("META-INF/");
}

// Entries that are looked at, in the order of the app, and what is left aside.
std::vector<const program::AppEntry*> choose_entries(const program::AppPackage& app,
                                                     std::vector<Gap>& gaps) {
  const std::uint64_t limit =
      std::max(kEntriesAllowance,
               multiply_checked(app.size(), kMaxEntriesRatio).value_or(~std::uint64_t{0}));
  std::uint64_t total = 0;
  std::vector<const program::AppEntry*> chosen;
  for (const program::AppEntry& entry : app.entries()) {
    if (entry.shadowed || is_bookkeeping(entry.name)) continue;
    const auto sum = add_checked(total, entry.size);
    if (!sum || *sum > limit) {
      gaps.push_back({printable(join(app.chain_of(entry), "!"), 600),
                      "not unpacked: the entries of this app unpack to more than the limit"});
      continue;
    }
    total = *sum;
    chosen.push_back(&entry);
  }
  return chosen;
}

// Bytes that the entry takes in the app itself: what a bomb cannot make large for nothing.
std::uint64_t packed_size(const program::AppEntry& entry) {
  return entry.zip == nullptr ? entry.size : entry.zip->data.size();
}

class EntryScanner {
 public:
  EntryScanner(const program::AppPackage& app, const RuleSet& rules, LogSink& log,
               LibraryVisitor* visitor)
      : app_(app),
        log_(log),
        visitor_(visitor),
        native_(rules),
        blobs_(app.file_name(), rules, native_) {}

  Result<std::vector<BlobFindings>> scan(const std::vector<const program::AppEntry*>& entries,
                                         int threads);

 private:
  // An entry, with what it found and what it was refused.
  struct Job {
    const program::AppEntry* entry = nullptr;
    BlobFindings found;
    int key_searches = 0;
    int refused_key_searches = 0;
  };
  void scan_entry(Job& job, bool show) const;
  Result<void> scan_all(const std::vector<Job*>& jobs, int threads, bool show);
  void allot_key_searches(std::vector<Job>& jobs, std::vector<Job*>& again) const;
  void show_library(const program::AppEntry& entry, ByteSpan bytes,
                    const std::vector<std::string>& chain) const;

  const program::AppPackage& app_;
  LogSink& log_;
  LibraryVisitor* visitor_;
  std::uint64_t nested_allowance_ = kUnpackAllowance;
  NativeSignals native_;
  BlobScanner blobs_;
};

void EntryScanner::scan_entry(Job& job, bool show) const {
  const program::AppEntry& entry = *job.entry;
  job.found = {};
  BlobPlace place{app_.chain_of(entry), entry.name};
  try {
    const auto content = app_.read_once(entry);
    if (!content) {
      job.found.gaps.push_back({printable(join(place.chain, "!"), 600), content.error().what});
      return;
    }
    // Its own budget, so that what is found in one entry does not depend on the others.
    ScanBudget budget{UnpackBudget(packed_size(entry), nested_allowance_), job.key_searches};
    blobs_.scan(place, *content, budget, job.found);
    job.refused_key_searches = budget.refused_key_searches;
    if (show) show_library(entry, content->bytes, place.chain);
  } catch (const std::exception& error) {
    // Libraries below throw where memory ends; one entry must not cost the others.
    job.found.gaps.push_back({printable(join(place.chain, "!"), 600),
                              std::string("not looked at to its end: ") + error.what()});
  }
}

void EntryScanner::show_library(const program::AppEntry& entry, ByteSpan bytes,
                                const std::vector<std::string>& chain) const {
  if (visitor_ == nullptr || !entry.name.ends_with(".so") || !looks_like_elf(bytes)) return;
  // What is wrong with it was told by the pass over its bytes.
  const auto elf = ElfFile::parse(bytes, chain.back());
  const auto position = static_cast<std::size_t>(&entry - app_.entries().data());
  if (elf) visitor_->visit(position, *elf, chain);
}

Result<void> EntryScanner::scan_all(const std::vector<Job*>& jobs, int threads, bool show) {
  // The largest first: no thread is left with one at the end.
  std::vector<Job*> order = jobs;
  std::stable_sort(order.begin(), order.end(),
                   [](const Job* a, const Job* b) { return a->entry->size > b->entry->size; });
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  const auto work = [&] {
    for (std::size_t i = next++; i < order.size(); i = next++) {
      if (stopped || log_.cancelled()) {
        stopped = true;
        return;
      }
      log_.progress("entries", i, order.size());
      scan_entry(*order[i], show);
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  if (stopped)
    return fail(ErrorCode::kCancelled, "stopped while reading entries", app_.file_name());
  log_.progress("entries", order.size(), order.size());
  return {};
}

// Searches for those that want some, in the order of the app, as long as there are any left: what
// an app can cost has a bound, and the same app always has the same findings.
void EntryScanner::allot_key_searches(std::vector<Job>& jobs, std::vector<Job*>& again) const {
  int left = kMaxAppKeySearches;
  for (Job& job : jobs) {
    const int wanted = job.refused_key_searches;
    if (wanted == 0) continue;
    job.key_searches = std::min({wanted, kMaxKeySearches, left});
    left -= job.key_searches;
    if (job.key_searches > 0) again.push_back(&job);
  }
}

Result<std::vector<BlobFindings>> EntryScanner::scan(
    const std::vector<const program::AppEntry*>& entries, int threads) {
  nested_allowance_ = std::clamp(kNestedAllowance / std::max<std::uint64_t>(entries.size(), 1),
                                 kMinNestedAllowance, kUnpackAllowance);
  std::vector<Job> jobs(entries.size());
  std::vector<Job*> all;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    jobs[i].entry = entries[i];
    all.push_back(&jobs[i]);
  }
  TRY_VOID(scan_all(all, threads, true));
  std::vector<Job*> again;
  allot_key_searches(jobs, again);
  if (!again.empty()) TRY_VOID(scan_all(again, threads, false));
  std::vector<BlobFindings> found;
  found.reserve(jobs.size());
  for (Job& job : jobs) {
    if (job.refused_key_searches > 0)
      job.found.gaps.push_back(
          {printable(join(app_.chain_of(*job.entry), "!"), 600), std::string(kKeysNotLookedFor)});
    found.push_back(std::move(job.found));
  }
  return found;
}

// One record for each address, with the evidence of all places where it stands.
void merge_addresses(std::vector<ModelRecord>& models) {
  std::map<std::string, std::size_t> first;
  std::vector<ModelRecord> out;
  for (ModelRecord& model : models) {
    const auto known = model.location.url.empty() ? first.end() : first.find(model.location.url);
    if (known != first.end()) {
      auto& evidence = out[known->second].evidence;
      evidence.insert(evidence.end(), model.evidence.begin(), model.evidence.end());
      continue;
    }
    if (!model.location.url.empty()) first.emplace(model.location.url, out.size());
    out.push_back(std::move(model));
  }
  models = std::move(out);
}

// Frameworks by the library that shows them, evidence of all libraries together.
class FrameworkMerge {
 public:
  void add(LibraryFindings& library, std::vector<NativeExport>& jni_exports) {
    for (const NativeSignals::Finding& finding : library.library.findings)
      add(finding, "native", finding.shared ? "shared" : "static");
    if (!library.library.findings.empty()) return;
    for (std::string& symbol : library.library.jni_exports)
      jni_exports.push_back({library.chain.empty() ? std::string() : library.chain.back(), symbol});
  }

  void add_script(const NativeSignals::Finding& finding) { add(finding, "script", "static"); }

  // By the order of the rules, native libraries before scripts.
  std::vector<FrameworkRecord> finish(const RuleSet& rules) {
    std::vector<FrameworkRecord> out;
    for (const FrameworkRule& rule : rules.frameworks()) {
      for (const char* layer : {"native", "script"}) {
        const auto found = records_.find({&rule, layer});
        if (found != records_.end()) out.push_back(std::move(found->second));
      }
    }
    return out;
  }

 private:
  void add(const NativeSignals::Finding& finding, const std::string& layer,
           const std::string& linked) {
    FrameworkRecord& record = records_[{finding.rule, layer}];
    record.id = finding.rule->id;
    record.layer = layer;
    if (record.version.empty()) record.version = finding.version;
    if (record.linked.empty() || finding.shared) record.linked = linked;
    record.origin = {"sdk", finding.rule->name, record.version};
    record.evidence.insert(record.evidence.end(), finding.evidence.begin(), finding.evidence.end());
  }

  std::map<std::pair<const FrameworkRule*, std::string>, FrameworkRecord> records_;
};

// Class files that are no DEX code: their frameworks, and their native methods, which a library
// that is not here may implement.
void add_java_libraries(const program::AppPackage& app, const RuleSet& rules,
                        std::vector<JavaClassFindings>& classes, EntryFindings& out) {
  if (classes.empty()) return;
  if (classes.size() > kMaxJavaClasses) {
    out.gaps.push_back({app.file_name(), "Java classes beyond the limit are not listed: " +
                                             std::to_string(classes.size())});
    classes.resize(kMaxJavaClasses);
  }
  auto found = JavaLibrarySignals(rules).frameworks(app.file_name(), classes, out.gaps);
  std::move(found.begin(), found.end(), std::back_inserter(out.frameworks));
  std::set<std::string> known;
  for (const NativeExport& each : out.jni_exports) known.insert(each.symbol);
  for (const JavaClassFindings& each : classes) {
    std::string descriptor = "L" + each.name + ";";
    std::replace(descriptor.begin(), descriptor.end(), '.', '/');
    for (const std::string& method : each.natives) {
      const std::string symbol = program::jni_short_name(descriptor, method);
      if (!known.insert(symbol).second) continue;
      out.jni_exports.push_back(
          {each.chain.empty() ? each.name : each.chain.back(), symbol, each.name + "." + method});
    }
  }
}

}  // namespace

Result<EntryFindings> scan_entries(const program::AppPackage& app, const RuleSet& rules,
                                   int threads, LogSink& log, LibraryVisitor* visitor) {
  EntryFindings out;
  const auto entries = choose_entries(app, out.gaps);
  const int processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  EntryScanner scanner(app, rules, log, visitor);
  auto found = TRY(scanner.scan(entries, threads > 0 ? threads : processors));
  FrameworkMerge frameworks;
  std::vector<JavaClassFindings> java;
  for (BlobFindings& blob : found) {
    std::move(blob.models.begin(), blob.models.end(), std::back_inserter(out.models));
    std::move(blob.hidden.begin(), blob.hidden.end(), std::back_inserter(out.hidden));
    std::move(blob.gaps.begin(), blob.gaps.end(), std::back_inserter(out.gaps));
    for (LibraryFindings& library : blob.libraries) frameworks.add(library, out.jni_exports);
    std::move(blob.java.begin(), blob.java.end(), std::back_inserter(java));
    for (const NativeSignals::Finding& script : blob.scripts) frameworks.add_script(script);
  }
  std::stable_sort(
      out.models.begin(), out.models.end(), [](const ModelRecord& a, const ModelRecord& b) {
        return a.location.entry != b.location.entry ? a.location.entry < b.location.entry
                                                    : a.location.offset < b.location.offset;
      });
  merge_addresses(out.models);
  pair_models(app, out.models, out.gaps);
  out.frameworks = frameworks.finish(rules);
  add_java_libraries(app, rules, java, out);
  return out;
}

}  // namespace dl
