// SPDX-License-Identifier: Apache-2.0
// Runs functions of a native library in a closed box: its own processor, memory that holds nothing
// but the library and what is handed in, and a few services of C, JNI and Android's assets.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/program/native_code/native_code.h"
#include "daylight/program/native_machine/native_memory.h"
#include "daylight/program/native_machine/native_processor.h"

namespace dl::program {

// Arguments of one run.
inline constexpr std::size_t kMaxNativeArguments = 6;
inline constexpr std::uint64_t kNativeStackSize = 262'144;

struct NativeRunLimits {
  std::uint64_t steps = 1'000'000;  // instructions; services count by the bytes that they move
  std::uint64_t memory = std::uint64_t{16} << 20;  // of all blocks
};

using NativeFileBytes = std::shared_ptr<const std::vector<std::uint8_t>>;

// What a run may see of the outside.
struct NativeWorld {
  NativeFileBytes input;   // the bytes in question
  std::string input_name;  // what the app calls them
  // Other files by the name under which code opens them; null (or unset): they are the input.
  std::function<NativeFileBytes(const std::string& name)> file = {};
};

enum class NativeEnd : std::uint8_t {
  kReturned,
  kSteps,    // the limit was reached
  kUnknown,  // an instruction that the box does not know
  kFault,    // memory that is not there
  kStopped,  // the code ends the program
};

// One use: construct, run() once, look at the blocks. Everything is counted, so every run ends; the
// same input gives the same run. Nothing is ever executed by the processor that runs Daylight. A
// call that the box does not know gives 0. Not thread safe; code and world must outlive it.
class NativeMachine {
 public:
  NativeMachine(const NativeCode& code, const NativeWorld& world, const NativeRunLimits& limits);

  // One letter for each argument: b pointer to the input's bytes, n their number, o pointer to as
  // many zeros, s pointer to the input's name, j JNIEnv, h a Java object that stands for the input
  // (byte[], ByteBuffer, String, AssetManager alike), 0 zero. Registers of further arguments are
  // zero. kUnknown for other letters and too many of them.
  NativeEnd run(std::uint64_t function, std::string_view arguments);

  // Block 0 is the input as the run left it, then what it was given and took, in order. Those of
  // is_own() hold the stack and tables of the box.
  const std::vector<NativeBlock>& blocks() const { return memory_.blocks(); }
  bool is_own(std::size_t block) const { return block >= 1 && block <= own_blocks_; }
  std::uint64_t steps() const { return steps_; }
  // Where the run is, in the library's own addresses; where it ended, once it has.
  std::uint64_t at() const { return registers_.pc - kNativeImageBase; }

 private:
  struct Handle {
    std::uint64_t block = 0;  // address; 0 for a file
    std::uint64_t size = 0;
    NativeFileBytes file;
    std::uint64_t position = 0;
  };
  using Service = std::uint64_t (NativeMachine::*)();
  static const std::map<std::string_view, Service>& services();

  bool set_arguments(std::string_view arguments);
  NativeEnd loop();
  NativeOutcome step();
  bool call_out();
  std::uint64_t java_service(std::uint64_t index);
  std::uint64_t import_service(std::uint64_t symbol);
  std::uint64_t argument(unsigned index) const;
  void set_argument(unsigned index, std::uint64_t value);
  void charge(std::uint64_t bytes) { steps_ += bytes / 16; }
  std::string text_at(std::uint64_t address);
  std::uint64_t new_handle(Handle handle);
  Handle* handle(std::uint64_t value);
  NativeFileBytes file_named(const std::string& name);
  std::uint64_t open_file(const std::string& name);
  std::uint64_t copy(std::uint64_t to, std::uint64_t from, std::uint64_t size);
  std::uint64_t copy_from_file(Handle& from, std::uint64_t to, std::uint64_t size);
  std::uint64_t seek(Handle& file, std::int64_t by, std::uint64_t whence);
  std::uint64_t fail_fault();

  std::uint64_t do_allocate();
  std::uint64_t do_allocate_zeroed();
  std::uint64_t do_reallocate();
  std::uint64_t do_copy();
  std::uint64_t do_fill();
  std::uint64_t do_compare();
  std::uint64_t do_length();
  std::uint64_t do_copy_text();
  std::uint64_t do_open_file();
  std::uint64_t do_open_asset();
  std::uint64_t do_fread();
  std::uint64_t do_fgetc();
  std::uint64_t do_read();
  std::uint64_t do_pread();
  std::uint64_t do_fseek();
  std::uint64_t do_lseek();
  std::uint64_t do_ftell();
  std::uint64_t do_rewind();
  std::uint64_t do_size();
  std::uint64_t do_map();
  std::uint64_t do_buffer();
  std::uint64_t do_input_handle();
  std::uint64_t do_stop();

  const NativeCode& code_;
  const NativeWorld& world_;
  const NativeRunLimits limits_;
  const bool arm_;
  NativeMemory memory_;
  NativeRegisters registers_;
  std::vector<Handle> handles_;
  std::map<std::string, NativeFileBytes> files_;  // by name; null where the app has none
  std::size_t own_blocks_ = 0;
  std::uint64_t input_ = 0;
  std::uint64_t environment_ = 0;
  std::uint64_t steps_ = 0;
  bool faulted_ = false;
  bool stopped_ = false;
};

}  // namespace dl::program
