// SPDX-License-Identifier: Apache-2.0
// Builds the database of literals and runs it.
#include "daylight/format/literal_scanner.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string>
#include <utility>

namespace dl {
namespace {

// Bytes handed to the scanner at once: its offsets have 32 bits.
constexpr std::uint64_t kMaxPiece = std::uint64_t{1} << 30;

struct DatabaseDeleter {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct ScratchDeleter {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
using Database = std::unique_ptr<hs_database_t, DatabaseDeleter>;
using Scratch = std::unique_ptr<hs_scratch_t, ScratchDeleter>;

struct Collector {
  std::vector<LiteralHit>* hits;
  const std::vector<std::size_t>* sizes;
  std::uint64_t base;
};

int collect(unsigned int id, unsigned long long /*from*/, unsigned long long to,
            unsigned int /*flags*/, void* context) {
  const auto* const collector = static_cast<const Collector*>(context);
  if (collector->hits->size() == kMaxLiteralHits) return 1;
  collector->hits->push_back({id, collector->base + to - (*collector->sizes)[id]});
  return 0;
}

// The library takes no literal that begins with a zero byte: such a set is written as expressions,
// byte by byte.
hs_error_t compile_escaped(const std::vector<const char*>& texts,
                           const std::vector<std::size_t>& lengths,
                           const std::vector<unsigned>& ids, const std::vector<unsigned>& flags,
                           hs_database_t** made, hs_compile_error_t** error) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<std::string> escaped;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string& text = escaped.emplace_back();
    for (std::size_t at = 0; at < lengths[i]; ++at) {
      const auto byte = static_cast<std::uint8_t>(texts[i][at]);
      text += "\\x";
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
  }
  std::vector<const char*> expressions;
  for (const std::string& text : escaped) expressions.push_back(text.c_str());
  return hs_compile_multi(expressions.data(), flags.data(), ids.data(),
                          static_cast<unsigned>(expressions.size()), HS_MODE_BLOCK, nullptr, made,
                          error);
}

}  // namespace

struct LiteralScanner::State {
  std::vector<std::size_t> sizes;
  std::size_t longest = 0;
  Report report = Report::kFirst;
  Database database;  // null: nothing can match
  std::mutex mutex;   // guards spare
  std::vector<Scratch> spare;

  void compile(const std::vector<std::string_view>& literals);
  Scratch take();
  void give_back(Scratch scratch) {
    const std::lock_guard lock(mutex);
    spare.push_back(std::move(scratch));
  }
};

void LiteralScanner::State::compile(const std::vector<std::string_view>& literals) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  std::vector<unsigned> ids;
  std::size_t total = 0;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    total += literals[i].size();
    if (literals[i].empty() || total > kMaxLiteralBytes) continue;
    texts.push_back(literals[i].data());
    lengths.push_back(literals[i].size());
    ids.push_back(static_cast<unsigned>(i));
  }
  if (texts.empty()) return;
  const std::vector<unsigned> flags(texts.size(),
                                    report == Report::kFirst ? HS_FLAG_SINGLEMATCH : 0U);
  hs_database_t* made = nullptr;
  hs_compile_error_t* error = nullptr;
  const bool has_zero =
      std::any_of(texts.begin(), texts.end(), [](const char* text) { return *text == '\0'; });
  const hs_error_t status =
      has_zero ? compile_escaped(texts, lengths, ids, flags, &made, &error)
               : hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                                      static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr,
                                      &made, &error);
  if (error != nullptr) hs_free_compile_error(error);
  // Literals are ours, and a test compiles them all: nothing else than lack of memory fails here.
  if (status != HS_SUCCESS) std::abort();
  database.reset(made);
}

Scratch LiteralScanner::State::take() {
  {
    const std::lock_guard lock(mutex);
    if (!spare.empty()) {
      Scratch scratch = std::move(spare.back());
      spare.pop_back();
      return scratch;
    }
  }
  hs_scratch_t* made = nullptr;
  if (hs_alloc_scratch(database.get(), &made) != HS_SUCCESS) std::abort();
  return Scratch(made);
}

LiteralScanner::LiteralScanner(const std::vector<std::string_view>& literals, Report report)
    : LiteralScanner(literals, report, {}) {}

LiteralScanner::LiteralScanner(const std::vector<std::string_view>& literals, Report report,
                               ByteSpan serialized)
    : state_(std::make_unique<State>()) {
  state_->report = report;
  for (const std::string_view literal : literals) {
    state_->sizes.push_back(literal.size());
    state_->longest = std::max(state_->longest, literal.size());
  }
  hs_database_t* made = nullptr;
  if (!serialized.empty() &&
      hs_deserialize_database(reinterpret_cast<const char*>(serialized.data()), serialized.size(),
                              &made) == HS_SUCCESS) {
    state_->database.reset(made);
    return;
  }
  state_->compile(literals);
}

LiteralScanner::~LiteralScanner() = default;

std::vector<LiteralHit> LiteralScanner::scan(ByteSpan bytes) const {
  std::vector<LiteralHit> hits;
  if (state_->database == nullptr || bytes.empty()) return hits;
  Scratch scratch = state_->take();
  // Pieces overlap by the longest literal less one byte.
  const std::uint64_t overlap = state_->longest - 1;
  for (std::uint64_t at = 0; at < bytes.size();) {
    const std::uint64_t size = std::min<std::uint64_t>(kMaxPiece, bytes.size() - at);
    Collector collector{&hits, &state_->sizes, at};
    hs_scan(state_->database.get(), reinterpret_cast<const char*>(bytes.data()) + at,
            static_cast<unsigned>(size), 0, scratch.get(), collect, &collector);
    if (at + size == bytes.size()) break;
    at += size - overlap;
  }
  state_->give_back(std::move(scratch));
  const bool first = state_->report == Report::kFirst;
  std::sort(hits.begin(), hits.end(), [&](const LiteralHit& a, const LiteralHit& b) {
    const auto key = [&](const LiteralHit& hit) {
      return first ? std::pair<std::uint64_t, std::uint64_t>{hit.literal, hit.offset}
                   : std::pair<std::uint64_t, std::uint64_t>{hit.offset, hit.literal};
    };
    return key(a) < key(b);
  });
  const auto same = [&](const LiteralHit& a, const LiteralHit& b) {
    return a.literal == b.literal && (first || a.offset == b.offset);
  };
  hits.erase(std::unique(hits.begin(), hits.end(), same), hits.end());
  return hits;
}

std::vector<std::uint8_t> LiteralScanner::serialized() const {
  if (state_->database == nullptr) return {};
  char* bytes = nullptr;
  std::size_t size = 0;
  if (hs_serialize_database(state_->database.get(), &bytes, &size) != HS_SUCCESS) return {};
  const std::unique_ptr<char, decltype(&std::free)> owner(bytes, std::free);
  return {bytes, bytes + size};
}

}  // namespace dl
