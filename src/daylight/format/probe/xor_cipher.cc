// SPDX-License-Identifier: Apache-2.0
// Period, key, proof.
#include "daylight/format/probe/xor_cipher.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "daylight/format/archive/byte_statistics.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

using Key = std::vector<std::uint8_t>;

// A lag stands out where equal bytes are this much commoner than chance ...
constexpr double kLeastPeak = 3.0;
// ... and nearly as common as at the best lag.
constexpr double kNearBest = 0.6;
constexpr std::size_t kMaxPeriods = 6;
// Places of the key are read four bytes at a time.
constexpr std::size_t kWord = 4;
// Bytes of one part in which the key is read, and how many parts a file is cut into at the most.
constexpr std::size_t kWindow = 4096;
constexpr std::size_t kMaxWindows = 2048;
constexpr int kMaxRounds = 6;
constexpr std::size_t kStarts = 6;
// ... and this much commoner than at the usual lag, where a key leaves them near chance (letters as
// a key, of which one in twenty is equal to another, give about 3; ordinary tables 4 to 40).
constexpr double kMostUsual = 6.0;
constexpr double kLeastContrast = 4.0;
constexpr std::size_t kLeastSize = 256;
// Fewer bytes have no statistics.
constexpr std::size_t kLeastStatistics = 2048;

bool is_zero(const Key& key) {
  return std::all_of(key.begin(), key.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The key without repetition of itself.
Key shortest(const Key& key) {
  for (std::size_t period = 1; period < key.size(); ++period) {
    if (key.size() % period != 0) continue;
    bool repeats = true;
    for (std::size_t i = period; i < key.size() && repeats; ++i)
      repeats = key[i] == key[i - period];
    if (repeats) return Key(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(period));
  }
  return key;
}

// Lags at which bytes recur as nowhere else, made multiples of a word: multiples of the period.
// Shortest first. Under a key of more than four bytes the other lags are near chance; in plain data
// many lags are as good as the best, and none stands out. A key of up to four bytes has every lag,
// so that one word is always tried.
std::vector<std::size_t> likely_periods(ByteSpan bytes) {
  const auto correlation = byte_autocorrelation(bytes);
  std::vector<double> sorted = correlation;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double usual = *middle;
  const double best = *std::max_element(correlation.begin(), correlation.end());
  std::vector<std::size_t> periods;
  if (best < kLeastPeak) return periods;
  periods.push_back(kWord);
  if (usual > kMostUsual) return periods;
  for (std::size_t lag = 1; lag <= correlation.size() && periods.size() < kMaxPeriods; ++lag) {
    const double here = correlation[lag - 1];
    if (here < best * kNearBest || here < std::max(usual, 1.0) * kLeastContrast) continue;
    const std::size_t period = std::lcm(lag, kWord);
    const bool known = std::find(periods.begin(), periods.end(), period) != periods.end();
    if (!known && period <= kMaxLag) periods.push_back(period);
  }
  return periods;
}

using Histogram = std::array<std::uint32_t, 256>;

struct Window {
  double repetition = 0;
  std::size_t start = 0;
};

// Parts of the bytes, those first in which bytes recur most at this lag: there the plain bytes are
// tables and padding, nearly all of them zeros and small numbers.
std::vector<Window> richest_windows(ByteSpan bytes, std::size_t period) {
  std::vector<Window> windows;
  const std::size_t size = std::min<std::size_t>(bytes.size(), kWindow + period);
  const std::size_t step = std::max<std::size_t>(kWindow, bytes.size() / kMaxWindows);
  for (std::size_t at = 0; at + size <= bytes.size(); at += step)
    windows.push_back({repetition(bytes.subspan(at, size), period), at});
  const std::size_t last = bytes.size() - size;
  windows.push_back({repetition(bytes.subspan(last, size), period), last});
  std::stable_sort(windows.begin(), windows.end(),
                   [](const Window& a, const Window& b) { return a.repetition > b.repetition; });
  return windows;
}

// Bytes of those windows by their place in the key.
std::vector<Histogram> histograms(ByteSpan bytes, std::span<const Window> windows,
                                  std::size_t period) {
  std::vector<Histogram> counts(period, Histogram{});
  for (const Window& window : windows) {
    const std::size_t end = std::min(bytes.size(), window.start + kWindow);
    std::size_t place = window.start % period;
    for (std::size_t i = window.start; i < end; ++i) {
      ++counts[place][bytes[i]];
      if (++place == period) place = 0;
    }
  }
  return counts;
}

using Likelihood = std::array<double, 256>;

// Bytes that occur at one place, with their numbers.
using Sample = std::vector<std::pair<std::uint8_t, std::uint32_t>>;

Sample sample_of(const Histogram& count) {
  Sample out;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (count[byte] != 0) out.emplace_back(static_cast<std::uint8_t>(byte), count[byte]);
  }
  return out;
}

Likelihood likelihood_of(const Histogram& plain) {
  double total = 0;
  for (const std::uint32_t count : plain) total += count;
  Likelihood out{};
  for (std::size_t byte = 0; byte < 256; ++byte)
    out[byte] = std::log((plain[byte] + 0.5) / (total + 128.0));
  return out;
}

// The key byte that makes what stands at one place most like what stands elsewhere, and how like.
std::pair<std::uint8_t, double> likeliest(const Sample& sample, const Likelihood& likelihood) {
  std::uint8_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t key = 0; key < 256; ++key) {
    double sum = 0;
    for (const auto& [byte, count] : sample) sum += count * likelihood[byte ^ key];
    if (sum > most) {
      most = sum;
      best = static_cast<std::uint8_t>(key);
    }
  }
  return {best, most};
}

void add_plain(const Sample& sample, std::uint8_t key, Histogram& plain) {
  for (const auto& [byte, count] : sample) plain[byte ^ key] += count;
}

// Key bytes of places that share a distribution of plain bytes, from one first place on: the others
// are laid over what is known so far, then all are laid over all until nothing changes. Returns how
// likely the whole is.
double align(const std::vector<Sample>& samples, std::size_t first, Key& key) {
  key.assign(samples.size(), 0);
  Histogram plain{};
  add_plain(samples[first], 0, plain);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i == first) continue;
    key[i] = likeliest(samples[i], likelihood_of(plain)).first;
    add_plain(samples[i], key[i], plain);
  }
  double total = 0;
  for (int round = 0; round < kMaxRounds; ++round) {
    const Likelihood likelihood = likelihood_of(plain);
    Histogram next{};
    bool changed = false;
    total = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto [byte, how_like] = likeliest(samples[i], likelihood);
      changed = changed || byte != key[i];
      key[i] = byte;
      total += how_like;
      add_plain(samples[i], byte, next);
    }
    plain = next;
    if (!changed) break;
  }
  return total;
}

// The key by expectation and maximisation: plain bytes have one distribution at each of the four
// places of a word, and the key bytes are those under which all places of the key agree on it best.
// What all places of a word's byte share may still be off by one value.
Key aligned_key(const std::vector<Histogram>& counts) {
  Key key(counts.size(), 0);
  for (std::size_t in_word = 0; in_word < kWord; ++in_word) {
    std::vector<Sample> samples;
    for (std::size_t place = in_word; place < counts.size(); place += kWord)
      samples.push_back(sample_of(counts[place]));
    Key best;
    double most = -std::numeric_limits<double>::infinity();
    const std::size_t step = std::max<std::size_t>(1, samples.size() / kStarts);
    for (std::size_t first = 0; first < samples.size(); first += step) {
      Key part;
      const double likely = align(samples, first, part);
      if (likely <= most) continue;
      most = likely;
      best = std::move(part);
    }
    for (std::size_t i = 0; i < samples.size(); ++i) key[i * kWord + in_word] = best[i];
  }
  return key;
}

Key commonest_key(const std::vector<Histogram>& counts) {
  Key key;
  for (const Histogram& count : counts)
    key.push_back(
        static_cast<std::uint8_t>(std::max_element(count.begin(), count.end()) - count.begin()));
  return key;
}

// The same from another beginning: the commonest byte of each place as zero. Better where tables
// are many and places are many, worse where tables are few.
Key modal_key(const std::vector<Histogram>& counts) {
  Key key = commonest_key(counts);
  for (int round = 0; round < kMaxRounds; ++round) {
    std::array<Histogram, kWord> plain{};
    for (std::size_t place = 0; place < counts.size(); ++place)
      add_plain(sample_of(counts[place]), key[place], plain[place % kWord]);
    std::array<Likelihood, kWord> likelihood;
    for (std::size_t in_word = 0; in_word < kWord; ++in_word)
      likelihood[in_word] = likelihood_of(plain[in_word]);
    Key next;
    for (std::size_t place = 0; place < counts.size(); ++place)
      next.push_back(likeliest(sample_of(counts[place]), likelihood[place % kWord]).first);
    if (next == key) break;
    key = std::move(next);
  }
  return key;
}

// Makes zero the commonest plain byte of each of the four places of a word, over all places.
void centre_on_zero(const std::vector<Histogram>& counts, Key& key) {
  std::array<Histogram, kWord> plain{};
  for (std::size_t place = 0; place < counts.size(); ++place) {
    for (std::size_t byte = 0; byte < 256; ++byte)
      plain[place % kWord][byte ^ key[place]] += counts[place][byte];
  }
  for (std::size_t place = 0; place < key.size(); ++place) {
    const Histogram& of = plain[place % kWord];
    key[place] ^= static_cast<std::uint8_t>(std::max_element(of.begin(), of.end()) - of.begin());
  }
}

// The shortest key that the long one repeats nearly everywhere; where repetitions disagree, the
// majority.
Key folded(const Key& key) {
  for (std::size_t period = 1; period <= kMaxXorPeriod && period * 2 <= key.size(); ++period) {
    if (key.size() % period != 0) continue;
    Key out;
    std::size_t agreeing = 0;
    for (std::size_t phase = 0; phase < period; ++phase) {
      std::array<std::size_t, 256> votes{};
      for (std::size_t i = phase; i < key.size(); i += period) ++votes[key[i]];
      const auto best = std::max_element(votes.begin(), votes.end());
      agreeing += *best;
      out.push_back(static_cast<std::uint8_t>(best - votes.begin()));
    }
    // Two thirds agree by chance only where repetitions are two and half of them are equal anyway.
    if (agreeing * 4 >= key.size() * 3) return out;
  }
  return key;
}

// The key that a generator of one byte of state makes (next = a * state + c, which counters and
// arithmetic progressions are too), where it explains nearly all of the key that was read: a
// formula in the app's code makes no odd bytes.
std::optional<Key> generated(const Key& key) {
  constexpr std::size_t kLeast = 32;
  if (key.size() < kLeast) return std::nullopt;
  std::size_t most = 0;
  std::uint8_t best_a = 0;
  std::uint8_t best_c = 0;
  for (unsigned a = 1; a < 256; ++a) {
    Histogram steps{};
    for (std::size_t i = 0; i + 1 < key.size(); ++i)
      ++steps[static_cast<std::uint8_t>(key[i + 1] - a * key[i])];
    const auto top = std::max_element(steps.begin(), steps.end());
    if (*top <= most) continue;
    most = *top;
    best_a = static_cast<std::uint8_t>(a);
    best_c = static_cast<std::uint8_t>(top - steps.begin());
  }
  if (most * 10 < key.size() * 8) return std::nullopt;
  // Begin where the key agrees with itself: at the first of two places that the generator joins.
  for (std::size_t start = 0; start + 1 < key.size(); ++start) {
    if (static_cast<std::uint8_t>(best_a * key[start] + best_c) != key[start + 1]) continue;
    Key out(key.size());
    std::uint8_t state = key[start];
    for (std::size_t i = 0; i < key.size(); ++i) {
      out[(start + i) % key.size()] = state;
      state = static_cast<std::uint8_t>(best_a * state + best_c);
    }
    return out;
  }
  return std::nullopt;
}

// How much of the plain bytes looks like a file that somebody meant: zeros and readable words.
std::uint64_t sense_of(ByteSpan plain) {
  constexpr std::size_t kLetters = 6;
  std::uint64_t sense = 0;
  std::size_t run = 0;
  for (const std::uint8_t byte : plain) {
    sense += static_cast<std::uint64_t>(byte == 0);
    if (byte >= 0x20 && byte < 0x7f) {
      ++run;
      continue;
    }
    if (run >= kLetters) sense += run;
    run = 0;
  }
  return sense + (run >= kLetters ? run : 0);
}

// What must stand at the start of a file, with its offset.
struct Known {
  std::string_view text;
  std::uint64_t offset;
  std::string_view of;
};

std::vector<Known> known_plaintexts() {
  std::vector<Known> all = {{std::string_view("PK\x03\x04\x14\0\0\0", 8), 0, "zip"},
                            {std::string_view("PK\x03\x04\x0a\0\0\0", 8), 0, "zip"},
                            {std::string_view("\x1f\x8b\x08\0\0\0\0\0", 8), 0, "gzip"}};
  for (const ModelFormat& format : model_formats()) {
    // A mark that is forced proves nothing: there must be structure behind it.
    if (format.describe == nullptr && !format.carve) continue;
    for (const ModelMark& mark : format.marks) {
      if (mark.bytes.size() >= 4 && mark.offset < 64)
        all.push_back({mark.bytes, mark.offset, format.id});
    }
  }
  return all;
}

// The key with the bytes that the known text forces, or nothing where it contradicts itself.
std::optional<Key> forced(ByteSpan bytes, Key key, const Known& known) {
  std::vector<bool> set(key.size());
  for (std::size_t i = 0; i < known.text.size(); ++i) {
    const std::size_t at = static_cast<std::size_t>(known.offset) + i;
    if (at >= bytes.size()) return std::nullopt;
    const auto byte =
        static_cast<std::uint8_t>(bytes[at] ^ static_cast<std::uint8_t>(known.text[i]));
    const std::size_t phase = at % key.size();
    if (set[phase] && key[phase] != byte) return std::nullopt;
    key[phase] = byte;
    set[phase] = true;
  }
  return key;
}

// The key put right by the word by which it misses the known text: where another word than zero is
// the commonest everywhere. Nothing where it misses by none.
std::optional<Key> moved_to(ByteSpan bytes, Key key, const Known& known) {
  if (known.text.size() < kWord || known.offset + kWord > bytes.size() || key.size() % kWord != 0)
    return std::nullopt;
  std::array<std::uint8_t, kWord> pattern{};
  for (std::size_t i = 0; i < kWord; ++i) {
    const std::size_t at = static_cast<std::size_t>(known.offset) + i;
    pattern[at % kWord] = static_cast<std::uint8_t>(
        bytes[at] ^ static_cast<std::uint8_t>(known.text[i]) ^ key[at % key.size()]);
  }
  if (pattern == std::array<std::uint8_t, kWord>{}) return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= pattern[i % kWord];
  return key;
}

struct Formula {
  Key key;  // 256 bytes from offset 0 on
  std::string text;
};

// Formulas that make these four bytes of a key stream at `offset`.
std::vector<Formula> formulas_of(const std::array<std::uint8_t, kWord>& stream,
                                 std::uint64_t offset) {
  std::vector<Formula> out;
  const auto fits = [&](auto byte_at) {
    for (std::size_t i = 0; i < kWord; ++i) {
      if (byte_at(offset + i) != stream[i]) return false;
    }
    return true;
  };
  const auto add = [&](auto byte_at, const std::string& text) {
    Key key;
    for (std::uint64_t i = 0; i < 256; ++i) key.push_back(byte_at(i));
    out.push_back({std::move(key), text});
  };
  for (unsigned a = 1; a < 256; ++a) {
    const auto sum = static_cast<std::uint8_t>(stream[0] - a * offset);
    const auto added = [a, sum](std::uint64_t i) { return static_cast<std::uint8_t>(a * i + sum); };
    if (fits(added))
      add(added, "key byte i is " + std::to_string(a) + " * i + " + std::to_string(sum));
    const auto mask = static_cast<std::uint8_t>(stream[0] ^ static_cast<std::uint8_t>(a * offset));
    const auto masked = [a, mask](std::uint64_t i) {
      return static_cast<std::uint8_t>(static_cast<std::uint8_t>(a * i) ^ mask);
    };
    if (fits(masked) && !fits(added))
      add(masked, "key byte i is (" + std::to_string(a) + " * i) ^ " + std::to_string(mask));
  }
  // next = a * state + c, with an odd a so that it can be run back to the first byte.
  for (unsigned a = 3; a < 256; a += 2) {
    const auto c = static_cast<std::uint8_t>(stream[1] - a * stream[0]);
    if (static_cast<std::uint8_t>(a * stream[1] + c) != stream[2] ||
        static_cast<std::uint8_t>(a * stream[2] + c) != stream[3])
      continue;
    Key cycle(256);
    std::uint8_t state = stream[0];
    for (std::size_t i = 0; i < 256; ++i) {
      cycle[(static_cast<std::size_t>(offset) + i) % 256] = state;
      state = static_cast<std::uint8_t>(a * state + c);
    }
    // A generator of one byte returns to its beginning after 256 steps.
    if (state == stream[0])
      out.push_back({std::move(cycle),
                     "next key byte is " + std::to_string(a) + " * byte + " + std::to_string(c)});
  }
  return out;
}

class KeySearch {
 public:
  explicit KeySearch(ByteSpan bytes) : bytes_(bytes), known_(known_plaintexts()) {}

  std::optional<XorFinding> by_marks() {
    if (auto found = by_known_text()) return found;
    return by_formula();
  }

  std::optional<XorFinding> by_statistics() {
    for (const std::size_t period : likely_periods(bytes_)) {
      if (auto found = by_statistics(period)) return found;
    }
    return std::nullopt;
  }

 private:
  // Keys no longer than the known text need nothing else.
  std::optional<XorFinding> by_known_text() {
    for (const Known& known : known_) {
      for (std::size_t period = 1; period < known.text.size(); ++period) {
        const auto key = forced(bytes_, Key(period, 0), known);
        if (!key) continue;
        if (auto found = prove(*key, "from the known beginning of " + std::string(known.of)))
          return found;
      }
    }
    return std::nullopt;
  }

  // Key streams that a line of code makes, of 256 bytes each: four bytes of a mark decide them.
  std::optional<XorFinding> by_formula() {
    for (const Known& known : known_) {
      if (known.text.size() < kWord || known.offset + kWord > bytes_.size()) continue;
      std::array<std::uint8_t, kWord> stream{};
      for (std::size_t i = 0; i < kWord; ++i)
        stream[i] = static_cast<std::uint8_t>(bytes_[static_cast<std::size_t>(known.offset) + i] ^
                                              static_cast<std::uint8_t>(known.text[i]));
      for (const Formula& formula : formulas_of(stream, known.offset)) {
        if (auto found =
                prove(formula.key, formula.text + ", from the mark of " + std::string(known.of)))
          return found;
      }
    }
    return std::nullopt;
  }

  // Of the keys that make sense of the bytes, the one that makes most: a key that is wrong in one
  // byte may leave a model's tables whole.
  std::optional<XorFinding> by_statistics(std::size_t period) {
    const std::string how = "from bytes that recur every " + std::to_string(period);
    std::optional<XorFinding> best;
    std::uint64_t most = 0;
    const auto consider = [&](const Key& key, const std::string& text) {
      auto found = prove(key, text);
      if (!found) return;
      bool certain = false;
      if (const auto formula = generated(found->key)) {
        if (auto better = proof(*formula, text + "; a formula makes the whole key")) {
          found = std::move(better);
          certain = true;
        }
      }
      const std::uint64_t sense =
          certain ? ~std::uint64_t{0} : sense_of(xor_with_key(bytes_, found->key));
      if (best && sense <= most) return;
      most = sense;
      best = std::move(found);
    };
    const auto try_keys = [&](Key key, const std::vector<Histogram>& counts) {
      centre_on_zero(counts, key);
      consider(folded(key), how);
      for (const Known& known : known_) {
        if (const auto moved = moved_to(bytes_, key, known))
          consider(folded(*moved), how + " and the mark of " + std::string(known.of));
      }
    };
    const auto windows = richest_windows(bytes_, period);
    if (looks_plain(windows, period)) return std::nullopt;
    const auto rich = static_cast<std::size_t>(std::count_if(
        windows.begin(), windows.end(),
        [&](const Window& window) { return window.repetition >= windows.front().repetition / 2; }));
    // Small files have few windows: the same ones say nothing new.
    std::set<std::size_t> modal;
    for (const std::size_t wanted : {rich, std::size_t{1}, std::size_t{2}, std::size_t{4},
                                     std::size_t{12}, std::size_t{48}, std::size_t{200}}) {
      const std::size_t count = std::min(wanted, windows.size());
      if (!modal.insert(count).second) continue;
      const auto counts = histograms(bytes_, std::span(windows).first(count), period);
      if (period == kWord) {  // so many bytes speak for each that the commonest decides
        consider(folded(commonest_key(counts)), how);
        return best;
      }
      try_keys(modal_key(counts), counts);
    }
    if (best) return best;
    std::set<std::size_t> aligned;
    for (const std::size_t wanted : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
      const std::size_t count = std::min(wanted, windows.size());
      if (!aligned.insert(count).second) continue;
      const auto counts = histograms(bytes_, std::span(windows).first(count), period);
      try_keys(aligned_key(counts), counts);
    }
    return best;
  }

  // Where zero is the commonest byte nearly everywhere there is no key (or one that is mostly
  // zeros).
  bool looks_plain(std::span<const Window> windows, std::size_t period) const {
    const auto counts =
        histograms(bytes_, windows.first(std::min<std::size_t>(windows.size(), 16)), period);
    const auto zeros = std::count_if(counts.begin(), counts.end(), [](const Histogram& count) {
      return count[0] == *std::max_element(count.begin(), count.end());
    });
    return static_cast<std::size_t>(zeros) * 2 > counts.size();
  }

  std::optional<XorFinding> prove(const Key& key, const std::string& how) {
    if (is_zero(key) || !tried_.emplace(key.begin(), key.end()).second ||
        ++trials_ > kMaxXorTrials || work_ > kMaxXorWork)
      return std::nullopt;
    work_ += bytes_.size();
    return proof(key, how);
  }

  std::optional<XorFinding> proof(const Key& key, const std::string& how) const {
    const auto plain = xor_with_key(bytes_, key);
    if (const auto model = probe_model(plain)) return XorFinding{shortest(key), model->format, how};
    if (opens(plain)) return XorFinding{shortest(key), {}, how};
    return std::nullopt;
  }

  // A container that proves itself by a directory or a checksum.
  static bool opens(ByteSpan plain) {
    const auto kind = container_kind(plain, "");
    if (kind == ContainerKind::kZip) {
      const auto archive = ZipArchive::open(plain, "");
      return archive && !archive->recovered() && !archive->entries().empty();
    }
    if (kind != ContainerKind::kStream) return false;
    const auto stream = stream_kind(plain, "");
    const bool checked =
        stream == StreamKind::kGzip || stream == StreamKind::kXz || stream == StreamKind::kZlib;
    return checked && unpack_stream(*stream, plain, kMaxMemberSize, "").has_value();
  }

  ByteSpan bytes_;
  std::vector<Known> known_;
  std::set<std::string> tried_;
  int trials_ = 0;
  std::uint64_t work_ = 0;
};

bool is_text(ByteSpan bytes) {
  const ByteSpan head = bytes.first(std::min<std::size_t>(bytes.size(), 4096));
  const auto odd = std::count_if(head.begin(), head.end(), [](std::uint8_t byte) {
    return byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
  });
  return odd == 0;
}

}  // namespace

std::optional<XorFinding> find_xor_key(ByteSpan bytes) {
  if (auto found = find_marked_xor_key(bytes)) return found;
  return find_repeating_xor_key(bytes);
}

std::optional<XorFinding> find_marked_xor_key(ByteSpan bytes) {
  if (bytes.size() < kLeastSize || is_text(bytes)) return std::nullopt;
  return KeySearch(bytes).by_marks();
}

std::optional<XorFinding> find_repeating_xor_key(ByteSpan bytes) {
  if (!may_repeat_key(bytes)) return std::nullopt;
  return KeySearch(bytes).by_statistics();
}

bool may_repeat_key(ByteSpan bytes) {
  return bytes.size() >= kLeastStatistics && !is_text(bytes) && !likely_periods(bytes).empty();
}

}  // namespace dl
