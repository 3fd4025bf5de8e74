// SPDX-License-Identifier: Apache-2.0
// Lines out of pieces.
#include "daylight/capture/import/import_source.h"

#include <algorithm>

namespace dl::capture {

void LineSource::feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    const std::size_t room = kMaxImportLine - pending_.size();
    if (end > room) cut_ = true;
    pending_.append(piece.substr(0, std::min(end, room)));
    if (end == piece.size()) return;
    give();
    piece.remove_prefix(end + 1);
  }
}

void LineSource::give() {
  if (pending_.ends_with('\r')) pending_.pop_back();
  line(pending_, cut_);
  pending_.clear();
  cut_ = false;
}

void LineSource::finish() {
  if (!pending_.empty()) give();
  end();
}

}  // namespace dl::capture
