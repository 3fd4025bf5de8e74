// SPDX-License-Identifier: Apache-2.0
// One file of an app, whatever it is named: models in the open, hidden, packed, ciphered or inside
// of something else; native libraries; containers, to the bottom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/detect/signals/java_library.h"
#include "daylight/detect/signals/native_signals.h"
#include "daylight/detect/signals/script_signals.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/model/model_format.h"
#include "daylight/format/probe/xor_cipher.h"

namespace dl {

// Containers that are looked for inside one file of another kind.
inline constexpr std::size_t kMaxInnerContainers = 64;

// A native library, where it lies and what it shows.
struct LibraryFindings {
  std::vector<std::string> chain;
  NativeSignals::Library library;
};

// Bytes that no reader understands: the app's own code may.
struct HiddenBlob {
  std::vector<std::string> chain;
  std::string name;
  std::uint64_t size = 0;
  bool plain = false;  // its bytes do not look like a cipher's or a compressor's
};
// Smaller ones hide nothing.
inline constexpr std::uint64_t kMinHiddenSize = 1024;

// Searches for a key by statistics in one entry of an app with all that lies inside, and in a whole
// app.
inline constexpr int kMaxKeySearches = 16;
inline constexpr int kMaxAppKeySearches = 2'000;
inline constexpr std::string_view kKeysNotLookedFor =
    "not all of it was searched for a key that repeats: too much looks as if it had one";

// What one entry of an app, with all that lies inside, may cost.
struct ScanBudget {
  UnpackBudget unpack;
  int key_searches = 0;          // by statistics
  int refused_key_searches = 0;  // what was wanted beyond those
};

struct BlobFindings {
  std::vector<ModelRecord> models;  // without ids
  std::vector<LibraryFindings> libraries;
  std::vector<NativeSignals::Finding> scripts;
  std::vector<JavaClassFindings> java;
  std::vector<HiddenBlob> hidden;
  std::vector<Gap> gaps;
};

// Where some bytes lie and what had to be done to reach them.
struct BlobPlace {
  std::vector<std::string> chain;
  std::string name;          // what the app calls the file: the last step that is a name
  int depth = 0;             // containers around it
  std::string cipher = {};   // "xor" where a key was taken off on the way
  std::string key_hex = {};  // that key
};

// Immutable; scan() is thread safe; what it refers to must outlive it.
class BlobScanner {
 public:
  BlobScanner(std::string file, const RuleSet& rules, const NativeSignals& native)
      : file_(std::move(file)), rules_(rules), native_(native), scripts_(rules), java_(rules) {}

  // Adds everything that is found in `content` and in the containers inside. Never fails: what
  // cannot be read is a gap.
  void scan(const BlobPlace& place, const Content& content, ScanBudget& budget,
            BlobFindings& out) const;

 private:
  void scan_members(const BlobPlace& place, const Content& content, ContainerKind kind,
                    ScanBudget& budget, BlobFindings& out) const;
  void scan_inside(const BlobPlace& place, const Content& content, ScanBudget& budget,
                   BlobFindings& out) const;
  void scan_base64(const BlobPlace& place, const Content& content, ScanBudget& budget,
                   BlobFindings& out) const;
  std::optional<XorFinding> find_key(ByteSpan bytes, ScanBudget& budget) const;
  bool take_key_off(const BlobPlace& place, const Content& content, const XorFinding& finding,
                    ScanBudget& budget, BlobFindings& out) const;
  bool scan_ciphered(const BlobPlace& place, const Content& content, ScanBudget& budget,
                     BlobFindings& out) const;
  void scan_library(const BlobPlace& place, const Content& content, BlobFindings& out) const;
  void scan_macho(const BlobPlace& place, const Content& content, BlobFindings& out) const;
  void scan_addresses(const BlobPlace& place, const Content& content, BlobFindings& out) const;
  void note_hints(const BlobPlace& place, const Content& content, std::string_view cover,
                  BlobFindings& out) const;
  void judge_unknown(const BlobPlace& place, const Content& content, BlobFindings& out) const;
  void add_model(const BlobPlace& place, ByteSpan bytes, std::uint64_t offset,
                 const ModelProbe& probe, BlobFindings& out) const;
  // The rule of the format whose names this one follows, or null.
  const FormatRule* hinted_format(const std::string& name) const;

  std::string file_;
  const RuleSet& rules_;
  const NativeSignals& native_;
  ScriptSignals scripts_;
  JavaLibrarySignals java_;
};

}  // namespace dl
