// SPDX-License-Identifier: Apache-2.0
// A foreign log that is read piece by piece, in memory that does not grow with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daylight/capture/import/import_events.h"

namespace dl::capture {

// Reads one foreign format. Never fails: what cannot be read becomes a note, and what shows itself
// to be missing a loss. Not thread safe.
class ImportSource {
 public:
  virtual ~ImportSource() = default;
  virtual void feed(std::string_view piece) = 0;
  // Once, after the last piece.
  virtual void finish() = 0;
};

// Splits what it is fed into lines ("\n" or "\r\n").
class LineSource : public ImportSource {
 public:
  void feed(std::string_view piece) final;
  void finish() final;

 protected:
  // `cut`: the line was longer than kMaxImportLine, and only that much of it is here.
  virtual void line(std::string_view text, bool cut) = 0;
  virtual void end() = 0;

 private:
  void give();
  std::string pending_;
  bool cut_ = false;
};

// All write into `events`, which must outlive them.
std::unique_ptr<ImportSource> make_jack_import(ImportEvents& events);
std::unique_ptr<ImportSource> make_jnitrace_import(ImportEvents& events);
std::unique_ptr<ImportSource> make_frida_trace_import(ImportEvents& events);
std::unique_ptr<ImportSource> make_logcat_import(ImportEvents& events);

}  // namespace dl::capture
