// SPDX-License-Identifier: Apache-2.0
// The rules of detection as data: formats, frameworks, tasks, origins (the files of rules/,
// checked).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

struct MagicRule {
  std::uint64_t offset = 0;
  std::string bytes;
};

// Names and leading bytes that hint at a format. A hint is never a model: only a structural reader
// finds those.
struct FormatRule {
  std::string id;
  std::string name;
  std::vector<std::string> extensions;  // lower case, with the dot
  std::vector<MagicRule> magic;
};

// A build of a framework that is known by its build id.
struct BuildRule {
  std::string id;       // lower-case hexadecimal
  std::string version;  // "" where it is not known
};

// Texts that count in files of one kind of script (see script_kind() in script_signals.h).
struct ScriptRule {
  std::string kind;
  std::vector<std::string> literals;
  std::uint64_t need = 1;  // distinct literals that must be there
};

// How a framework shows itself. In patterns "*" stands for any text.
struct FrameworkRule {
  std::string id;
  std::string name;
  // runtime|library|engine|system; an engine counts only where no runtime explains it
  std::string kind;
  std::vector<std::string> libraries;  // file names
  std::vector<std::string> links;      // libraries that others name as needed
  std::vector<std::string> exports;    // dynamic symbols that a library defines
  std::vector<std::string> imports;    // dynamic symbols that it needs
  std::vector<std::string> literals;   // in read-only data
  std::uint64_t need = 1;              // distinct literals that must be there
  std::vector<std::string> rtti;       // names of C++ types in read-only data: N4ncnn5LayerE
  std::vector<BuildRule> build_ids;
  std::vector<ScriptRule> scripts;
  std::vector<std::string> packages;       // of classes that only this framework has
  std::vector<std::string> classes;        // names of its classes, dotted
  std::uint64_t need_classes = 1;          // distinct ones that must be there
  std::vector<std::string> class_digests;  // of its classes, see program/class_digest.h
  std::vector<std::string> meta_data;      // manifest meta-data names
  std::vector<std::string> components;     // manifest component names
  std::string version_after;               // the version follows this literal
  bool version_bare = false;  // the version is the only string of the form 1.2.3 in the library
};

struct TaskRule {
  std::string id;
  bool sensitive = false;
  std::string input;                // image: names count only for models that take pictures
  std::vector<std::string> tokens;  // words in file and tensor names
  std::vector<std::string>
      file_tokens;                   // words in file names only: architectures also name tensors
  std::vector<std::string> files;    // whole file names that are known
  std::vector<std::string> phrases;  // words in strings near a model's calls
  std::vector<std::vector<std::string>> labels;  // sets of output labels, lower case
  std::vector<std::string> apis;                 // canonical methods whose call declares the task
  std::vector<std::string> dependencies;         // values of the manifest's DEPENDENCIES meta-data
};

// A condition on a model's borders. Every part that is given must hold.
struct ShapeRule {
  std::string id;
  std::string text;                       // what the condition says, for people
  std::string input;                      // image|text, or ""
  std::vector<std::int64_t> input_side;   // least and greatest height and width
  std::vector<std::int64_t> input_sizes;  // element counts of the first input
  std::optional<std::uint64_t> inputs;    // number of inputs
  std::vector<std::int64_t> elements;     // least and greatest element count of the first output
  std::vector<std::int64_t> sizes;        // element counts of the first output
  std::vector<std::int64_t> shape;        // exact shape of some output
  std::vector<std::string> last;  // the operator that makes the first output is one of these
  std::vector<std::string> not_last;
  std::vector<std::string> operators;     // all of them occur
  bool dense = false;                     // the first output has the input's height and width ...
  std::vector<std::int64_t> classes;      // ... and a depth in this range
  std::vector<std::int64_t> not_classes;  // ... that is none of these
  std::vector<std::string> supports;      // tasks that fit this shape
  std::string alone;                      // the task that the shape by itself suggests
};

// A software development kit by what survives in an app's build.
struct OriginRule {
  std::string package;  // dotted, "" for none; covers the packages below it
  std::string name;
  std::vector<std::string> classes;  // names that lie elsewhere
  std::vector<std::string> strings;  // constants that only its code holds: they outlive renaming
};

// Immutable; const methods are thread safe.
class RuleSet {
 public:
  // From the texts of the files. kInvalidArgument names file, rule and key.
  static Result<RuleSet> parse(std::string_view formats, std::string_view frameworks,
                               std::string_view tasks, std::string_view origins);
  // The rules that the build carries. A test checks that they parse.
  static const RuleSet& builtin();

  const std::vector<FormatRule>& formats() const { return formats_; }
  const std::vector<FrameworkRule>& frameworks() const { return frameworks_; }
  const std::vector<TaskRule>& tasks() const { return tasks_; }
  const std::vector<ShapeRule>& shapes() const { return shapes_; }
  const std::vector<OriginRule>& origins() const { return origins_; }
  const FrameworkRule* framework(std::string_view id) const;
  const TaskRule* task(std::string_view id) const;
  // SHA-256 over the texts of all rules, those of the API names included: goes into the provenance.
  const std::string& digest() const { return digest_; }

 private:
  std::vector<FormatRule> formats_;
  std::vector<FrameworkRule> frameworks_;
  std::vector<TaskRule> tasks_;
  std::vector<ShapeRule> shapes_;
  std::vector<OriginRule> origins_;
  std::string digest_;
};

// Whether `text` equals the pattern, in which "*" stands for any text.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace dl
