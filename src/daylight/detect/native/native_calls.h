// SPDX-License-Identifier: Apache-2.0
// Calls of machine learning in native code: which function of which library, and from which Java
// method it is reached.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/native/library_ways.h"
#include "daylight/detect/native/native_anchors.h"
#include "daylight/detect/native/native_entries.h"
#include "daylight/detect/native/native_hits.h"
#include "daylight/detect/scan/library_visitor.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Libraries through which a call may be reached, one behind the other.
inline constexpr int kMaxLibrarySteps = 3;
// Libraries that are read a second time for that.
inline constexpr std::size_t kMaxLinkedReads = 32;

struct NativeCallFindings {
  std::vector<CallRecord> calls;  // without ids; by library, then anchor, then function
  std::vector<Gap> gaps;
};

// Looks at each library by itself, then at libraries that link to one in which a call has no way
// from Java: they may come to it through what that one exports. A call's `api` is "native:" with
// the framework and its function ("native:tflite.TfLiteInterpreterInvoke"), or with the anchor's id
// where the runtime is linked in without names ("native:tflite.run"); `caller` is
// "lib/arm64-v8a/libx.so!function", and the evidence holds the instruction, the chain of functions
// from the best entry, and the path to the Java method. A call is reachable if a reached Java
// method enters a function that leads to it. In a framework's own library only those calls count to
// which a native method of the app leads: the rest is the framework's inside. Context and anchors
// must outlive it.
class NativeCalls : public LibraryVisitor {
 public:
  explicit NativeCalls(const CodeContext& context,
                       const NativeAnchors& anchors = NativeAnchors::builtin());

  // Reads the library's code if an anchor's symbol or text is in it; without, it costs one pass
  // over its data. Machines whose code is not read become a gap. Thread safe.
  void visit(std::size_t position, const ElfFile& elf,
             const std::vector<std::string>& chain) override;
  // The findings, by position; once, after the last visit. Unpacks libraries again that may be the
  // way to a call in another one.
  NativeCallFindings finish();

 private:
  // A call to which no Java method leads inside of its library, and the exported functions that do:
  // each with the rest of the way.
  struct OpenCall {
    std::size_t call = 0;  // in LibraryCalls::calls
    std::map<std::string, std::string> exports;
  };
  // What one library gives.
  struct LibraryCalls {
    std::string entry;
    std::string soname;
    std::vector<std::string> needed;
    bool read = false;   // its code
    std::string unread;  // why not, where it should have been
    std::vector<CallRecord> calls;
    std::vector<OpenCall> open;
    std::vector<Gap> gaps;
  };
  // Calls that wait for a way through the exports of the library at `position`.
  struct Question {
    std::size_t position = 0;  // of the library that exports
    std::size_t owner = 0;     // of the library that makes the call
    OpenCall open;
  };
  void add_hit(const LibraryWays& library, const NativeHit& hit, LibraryCalls& out) const;
  void add_java(const NativeWay& way, CallRecord& record) const;
  void link_libraries();
  // Places in a list of questions, by machine and a name of the library that exports.
  using QuestionsByName =
      std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>>;
  static std::string_view machine_of(const LibraryCalls& library);
  QuestionsByName by_name(const std::vector<Question>& open) const;
  std::vector<Question> questions_for(std::size_t position, const LibraryCalls& library,
                                      const std::vector<Question>& open,
                                      const QuestionsByName& names) const;
  std::vector<Question> ask(std::size_t position, const std::vector<Question>& questions);

  const CodeContext& context_;
  NativeHitFinder finder_;
  JavaNatives natives_;
  std::mutex mutex_;  // guards what follows
  std::map<std::size_t, LibraryCalls> found_;
};

}  // namespace dl
