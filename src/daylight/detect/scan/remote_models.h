// SPDX-License-Identifier: Apache-2.0
// Models that an app fetches at run time: addresses in its code, libraries and texts. Nothing is
// ever fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// Addresses of one file that are read, and characters of one.
inline constexpr std::size_t kMaxUrls = 100000;
inline constexpr std::size_t kMaxUrlLength = 2000;

struct RemoteModel {
  std::uint64_t offset = 0;  // of the address
  std::string url;           // printable ASCII
  std::string format;        // the id that the ending says, or "unknown"
  std::string rule;          // remote.ending, remote.<service>
};

// The rules of rules/remote_models.json. Immutable; find() is thread safe.
class RemoteModelRules {
 public:
  static Result<RemoteModelRules> parse(std::string_view text);
  static const RemoteModelRules& builtin();
  static std::string_view builtin_text();

  // Addresses in the bytes that lead to a model, each once, by offset. UTF-16 text is not read.
  std::vector<RemoteModel> find(ByteSpan bytes) const;
  // The same for a text that is an address from its first character to its last.
  std::optional<RemoteModel> judge_url(std::string_view url) const;

 private:
  struct Ending {
    std::string format;
    std::string ending;
  };
  struct Service {
    std::string id;
    std::string host;
    std::string path;  // a "*" stands for any characters
  };
  bool judge(std::string_view url, RemoteModel& out) const;

  std::vector<Ending> endings_;
  std::vector<Service> services_;
};

// The file name in an address: what stands behind the last slash of its path, without a query.
std::string_view url_file_name(std::string_view url);

}  // namespace dl
