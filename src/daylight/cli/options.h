// SPDX-License-Identifier: Apache-2.0
// What a user can choose, as plain values: filled by flags, read by stages, written into
// provenance.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dl::cli {

// Which pictures, and at which point of the pipeline they enter.
struct ReplayFlags {
  std::filesystem::path samples;
  std::string samples_are = "pictures";  // pictures|face-crops
  std::string resize_kernel;             // replaces the pipeline's; "" keeps it
  std::vector<std::string> compare_kernels = {"pil-bilinear"};  // "none" for no comparison
  bool all_alternatives = false;
  bool reference_kernels = false;
  int threads = 0;  // 0: one for each processor
  double picture_seconds = 120.0;
};

struct AssessFlags {
  std::vector<std::string> targets;  // HEAD=COLUMN
  std::vector<std::string> by;       // empty: every fitting attribute
  int intersections = 1;
  std::uint64_t bootstrap = 2000;
  std::string age_truth = "midpoint";
  double confidence = 0.95;
  double fdr = 0.05;
  std::uint64_t seed = 1;
  std::vector<std::string> labels;    // [HEAD:]FROM=TO
  std::vector<std::string> positive;  // HEAD=LABEL
  double threshold = 0.5;
  std::uint64_t min_group = 10;
};

// What detect writes besides inventory.json.
struct DetectFlags {
  bool tsv = false;  // models on stdout
  std::filesystem::path sarif;
  std::filesystem::path ml_bom;
  std::filesystem::path extract;  // folder for the models' bytes
  bool force = false;             // into a folder that has files
  std::filesystem::path mapping;  // of an obfuscated build
  std::filesystem::path known;    // table of known models; empty: the user's own
};

struct Options {
  std::filesystem::path app;
  std::filesystem::path app_data;  // what an installed app downloaded or unpacked
  std::filesystem::path case_folder;
  std::filesystem::path predictions;  // assess: a table that others brought
  std::filesystem::path out;
  ReplayFlags replay;
  AssessFlags assess;
  DetectFlags detect;
  bool static_only = false;          // audit: nothing of the app runs
  std::filesystem::path recipes;     // plan: folder of recipes; empty: the user's own
  std::vector<std::string> fail_on;  // disparity|sensitive-task|gap
  bool json = false;
  bool quiet = false;
};

// Options of the verbs under `daylight models`.
struct ModelsOptions {
  std::filesystem::path file;
  std::filesystem::path known;  // the table; empty: the user's own
  std::string name;
  std::vector<std::string> tasks;
  std::string source;
  bool architecture = false;  // retrained copies count too
  bool json = false;
};

// Options of the verbs under `daylight guest`.
struct GuestFlags {
  std::string library;             // a file, or APK!name
  std::filesystem::path deps;      // further libraries
  std::filesystem::path profile;   // of the phone; empty: the built-in one
  std::filesystem::path app_data;  // what its data folder holds; empty: nothing
  std::filesystem::path sdcard;    // what the shared storage holds; empty: there is none
  std::string function;            // call: a symbol or +0xOFFSET
  std::vector<std::string> arguments;
  std::vector<std::string> watch;  // trace: rules, docs/formats/selectors.md
  std::filesystem::path plan;      // trace: probe_plan.json, whose probes are added
  std::filesystem::path out;       // trace: the folder
  std::filesystem::path model;
  std::filesystem::path input;
  std::filesystem::path output;
  int threads = 1;
  bool xnnpack = false;
  std::string engine;  // arm64|host; "": what the libraries are for, arm64 first
  double seconds = 600;
  bool exact_nans = false;
  bool unsafe_no_sandbox = false;
  bool json = false;
};

// Options of the verbs under `daylight trace`.
struct TraceFlags {
  std::filesystem::path run;
  std::string pattern;  // grep
  std::optional<std::uint64_t> call;
  std::optional<std::uint32_t> thread;
  std::vector<std::string> kinds;
  std::optional<double> from_ms;
  std::optional<double> to_ms;
  std::optional<std::uint64_t> limit;  // events shown
  std::string format;                  // export: jsonl|perfetto; import: "" is a guess
  std::filesystem::path out;           // export: the file; collect, import: the folder
  std::string socket;                  // collect: a path
  std::string tcp;                     // collect: HOST:PORT
  std::string token;                   // collect; "": a new one
  std::uint64_t clients = 1;
  double seconds = 0;
  bool json = false;
};

// Options of the verbs under `daylight device`.
struct DeviceFlags {
  std::filesystem::path adb;  // empty: the one in PATH
  std::string serial;         // "": the only phone
  std::string package;        // pull
  std::filesystem::path out;  // pull: the folder
  bool no_data = false;
  bool json = false;
};

// Options of the verbs under `daylight samples`.
struct SamplesOptions {
  std::string from;  // fairface|utkface|folders|csv
  std::filesystem::path folder;
  std::filesystem::path samples;
  std::filesystem::path out;
  std::vector<std::string> by;
  std::uint64_t seed = 1;
  std::vector<std::string> attributes;  // folders: names of the levels
  bool json = false;
};

}  // namespace dl::cli
