// SPDX-License-Identifier: Apache-2.0
// The sink that ignores everything.
#include "daylight/base/log.h"

namespace dl {
namespace {

class NullLog final : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
};

}  // namespace

LogSink& null_log() {
  static NullLog sink;
  return sink;
}

}  // namespace dl
