// SPDX-License-Identifier: Apache-2.0
// Reading /proc/PID/task/TID/children, statm and smaps_rollup.
#include "daylight/base/sandbox_watchdog.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxProcFile = 64 << 10;

std::string process_path(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// Empty where the process is gone.
std::string read_proc(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() < kMaxProcFile) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

std::uint64_t number_at(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<std::string> threads_of(pid_t pid) {
  std::vector<std::string> names;
  const std::string path = process_path(pid, "task");
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

// In kB, as the line says it: "Pss_Anon:     1234 kB".
std::optional<std::uint64_t> field_kb(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  return number_at(trim(text.substr(at + name.size(), 40)));
}

std::uint64_t plain_resident_bytes(pid_t pid) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string sizes = read_proc(process_path(pid, "statm"));
  const std::size_t second = sizes.find(' ');
  return second == std::string::npos ? 0
                                     : number_at(std::string_view(sizes).substr(second + 1)) * page;
}

std::uint64_t proportional_bytes(pid_t pid) {
  const std::string text = read_proc(process_path(pid, "smaps_rollup"));
  const auto anonymous = field_kb(text, "Pss_Anon:");
  const auto shared = field_kb(text, "Pss_Shmem:");
  if (!anonymous || !shared) return plain_resident_bytes(pid);
  return (*anonymous + *shared) << 10;
}

}  // namespace

std::vector<pid_t> descendants(pid_t root, std::uint64_t* threads) {
  std::vector<pid_t> found = {root};
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < found.size() && found.size() < kMaxWatchedProcesses; ++i) {
    for (const std::string& thread : threads_of(found[i])) {
      count += i > 0 ? 1 : 0;
      const std::string path = "task/" + thread + "/children";
      std::string children = read_proc(process_path(found[i], path.c_str()));
      children.erase(children.rfind(' ') + 1);  // every number ends with a space, unless it was cut
      for (const std::string& child : split(children, ' ')) {
        const auto pid = static_cast<pid_t>(number_at(child));
        if (pid > 0) found.push_back(pid);
      }
    }
  }
  found.erase(found.begin());
  if (threads != nullptr) *threads = std::max<std::uint64_t>(count, found.size());
  return found;
}

std::uint64_t resident_bytes(const std::vector<pid_t>& processes, std::uint64_t enough) {
  std::uint64_t plain = 0;
  for (const pid_t pid : processes) plain += plain_resident_bytes(pid);
  if (plain < enough) return plain;
  std::uint64_t bytes = 0;
  for (const pid_t pid : processes) bytes += proportional_bytes(pid);
  return bytes;
}

std::uint64_t folder_bytes(const std::filesystem::path& folder, std::uint64_t most,
                           std::uint64_t* files) {
  constexpr std::uint64_t kBlock = 512;  // the unit of st_blocks
  std::uint64_t bytes = 0;
  *files = 0;
  // Files come and go under the walk: an error of one of them must not end it.
  std::vector<std::filesystem::path> waiting = {folder};
  while (!waiting.empty() && *files < most) {
    const auto next = std::move(waiting.back());
    waiting.pop_back();
    std::error_code error;
    for (std::filesystem::directory_iterator at(next, error), end; !error && at != end;
         at.increment(error)) {
      struct stat status {};
      if (::lstat(at->path().c_str(), &status) != 0) continue;
      bytes += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
      if (++*files >= most) break;
      if (S_ISDIR(status.st_mode)) waiting.push_back(at->path());
    }
  }
  return bytes;
}

}  // namespace dl
