// SPDX-License-Identifier: Apache-2.0
// Regular expressions and file patterns. regex_t has another layout on Android: the guest's object
// only stands for one of this machine, which it cannot forge.
#include <fnmatch.h>
#include <regex.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// bionic: {int magic, size_t groups, const char* end, void* own}.
constexpr std::uint64_t kRegexSize = 32;
constexpr std::size_t kMaxRegexes = 4'096;
// An expression that repeats repetitions needs memory without end.
constexpr std::size_t kMaxRegexText = 4'096;
constexpr std::size_t kMaxMatches = 256;

struct Regexes {
  explicit Regexes(GuestMachine&) {}
  struct Compiled {
    regex_t regex{};
    std::uint64_t token = 0;  // what the guest's object holds
    Compiled() = default;
    ~Compiled() { ::regfree(&regex); }
    Compiled(const Compiled&) = delete;
    Compiled& operator=(const Compiled&) = delete;
  };
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::shared_ptr<Compiled>> all;  // by the guest's address
  std::uint64_t next_token = 0x1000;
};

// bionic's flags: extended 1, ignore case 2, no submatches 4, newline 8, as here but for two.
int compile_flags(int flags) {
  int out = 0;
  if ((flags & 1) != 0) out |= REG_EXTENDED;
  if ((flags & 2) != 0) out |= REG_ICASE;
  if ((flags & 4) != 0) out |= REG_NOSUB;
  if ((flags & 8) != 0) out |= REG_NEWLINE;
  return out;
}
// {n,m} with large numbers inside of each other: what the library would unfold.
bool repeats_much(std::string_view text) {
  std::uint64_t product = 1;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    std::uint64_t largest = 1;
    std::uint64_t number = 0;
    for (std::size_t i = at + 1; i < text.size() && text[i] != '}'; ++i) {
      number = text[i] >= '0' && text[i] <= '9'
                   ? std::min<std::uint64_t>(
                         number * 10 + static_cast<std::uint64_t>(text[i] - '0'), 100'000)
                   : 0;
      largest = std::max(largest, number);
    }
    product = std::min<std::uint64_t>(product * largest, 1'000'000);
  }
  return product > 10'000;
}

int regcomp_(GuestMachine& machine, std::uint64_t address, const char* text, int flags) {
  if (!machine.arena.allows(address, kRegexSize, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "regcomp: the object is not in its memory");
    return REG_ESPACE;
  }
  if (text == nullptr || std::strlen(text) > kMaxRegexText || repeats_much(text)) return REG_ESPACE;
  regex_t fresh{};
  const int result = ::regcomp(&fresh, text, compile_flags(flags));
  if (result != 0) return result;
  auto compiled = std::make_shared<Regexes::Compiled>();
  compiled->regex = fresh;
  Regexes& regexes = machine.part<Regexes>();
  std::uint64_t token = 0;
  {
    const std::scoped_lock lock(regexes.mutex);
    if (regexes.all.size() >= kMaxRegexes) return REG_ESPACE;
    token = compiled->token = regexes.next_token++;
    regexes.all.insert_or_assign(address, std::move(compiled));
  }
  const std::uint64_t words[4] = {0xf265, fresh.re_nsub, 0, token};
  std::memcpy(reinterpret_cast<void*>(address), words, sizeof(words));
  return 0;
}
std::shared_ptr<Regexes::Compiled> find_regex(GuestMachine& machine, std::uint64_t address) {
  const auto bytes = machine.arena.bytes(address, kRegexSize);
  std::uint64_t token = 0;
  if (bytes) std::memcpy(&token, bytes->data() + 24, 8);
  Regexes& regexes = machine.part<Regexes>();
  const std::scoped_lock lock(regexes.mutex);
  const auto found = regexes.all.find(address);
  if (found == regexes.all.end()) return nullptr;
  return token == found->second->token ? found->second : nullptr;
}
// regmatch_t of bionic: two 64-bit offsets.
int regexec_(GuestMachine& machine, std::uint64_t address, std::uint64_t text, std::uint64_t count,
             std::uint64_t to, int flags) {
  const auto compiled = find_regex(machine, address);
  if (compiled == nullptr) return REG_BADPAT;
  count = std::min<std::uint64_t>(count, kMaxMatches);
  if (count > 0 && !machine.arena.allows(to, 16 * count, kPageRead | kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "regexec: the matches are not in its memory");
    return REG_ESPACE;
  }
  std::uint64_t begin = 0;
  std::optional<std::string> subject;
  if ((flags & 4) != 0 && count > 0) {  // REG_STARTEND: only a part of the text
    std::uint64_t range[2];
    std::memcpy(range, reinterpret_cast<const void*>(to), sizeof(range));
    const auto bytes = range[0] <= range[1]
                           ? machine.arena.bytes(text + range[0], range[1] - range[0])
                           : std::nullopt;
    if (bytes) subject = std::string(as_text(*bytes));
    begin = range[0];
  } else if (const auto whole = machine.arena.text(text)) {
    subject = std::string(*whole);
  }
  if (!subject) {
    machine.raise(GuestFault::Kind::kMemory, "regexec: the text is not readable");
    return REG_ESPACE;
  }
  std::vector<regmatch_t> matches(count);
  const int how = ((flags & 1) != 0 ? REG_NOTBOL : 0) | ((flags & 2) != 0 ? REG_NOTEOL : 0);
  const int result =
      ::regexec(&compiled->regex, subject->c_str(), matches.size(), matches.data(), how);
  if (result != 0) return result;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const bool hit = matches[i].rm_so >= 0;
    const std::int64_t offsets[2] = {
        hit ? matches[i].rm_so + static_cast<std::int64_t>(begin) : -1,
        hit ? matches[i].rm_eo + static_cast<std::int64_t>(begin) : -1};
    std::memcpy(reinterpret_cast<void*>(to + 16 * i), offsets, sizeof(offsets));
  }
  return 0;
}
void regfree_(GuestMachine& machine, std::uint64_t address) {
  Regexes& regexes = machine.part<Regexes>();
  const std::scoped_lock lock(regexes.mutex);
  regexes.all.erase(address);
}
std::uint64_t regerror_(GuestMachine& machine, int code, std::uint64_t, std::uint64_t to,
                        std::uint64_t room) {
  std::array<char, 128> text{};
  const std::size_t size = ::regerror(code, nullptr, text.data(), text.size());
  const std::uint64_t part = std::min<std::uint64_t>(size, room);
  if (part > 0 && machine.arena.allows(to, part, kPageWrite)) {
    std::memcpy(reinterpret_cast<void*>(to), text.data(), part);
    *reinterpret_cast<char*>(to + part - 1) = '\0';
  }
  return size;
}

// bionic's flags: no escape 1, path 2, leading period 4, as here in another order.
int fnmatch_(const char* pattern, const char* text, int flags) {
  int how = 0;
  if ((flags & 1) != 0) how |= FNM_NOESCAPE;
  if ((flags & 2) != 0) how |= FNM_PATHNAME;
  if ((flags & 4) != 0) how |= FNM_PERIOD;
  if ((flags & 8) != 0) how |= FNM_LEADING_DIR;
  if ((flags & 16) != 0) how |= FNM_CASEFOLD;
  return ::fnmatch(pattern, text, how) == 0 ? 0 : 1;
}

}  // namespace

void add_pattern_functions(FunctionTable& table) {
  table.add("regcomp", &regcomp_);
  table.add("regexec", &regexec_);
  table.add("regfree", &regfree_);
  table.add("regerror", &regerror_);
  table.add("fnmatch", &fnmatch_);
}

}  // namespace dl::guest
