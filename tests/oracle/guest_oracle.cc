// SPDX-License-Identifier: Apache-2.0
// Runs a model with a TensorFlow Lite library in a guest, without a jail and without the rest of
// the program. Built for arm64 and run by qemu it is the oracle of the arm64 engine: the same
// loader and system, another processor. Built for this machine it measures both engines.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/runtimes/tflite_library.h"

#if defined(__aarch64__)
// The first 1,024 bytes behind the thread's head: arm64 Android reads its stack guard at 0x28 from
// the thread register, which here is glibc's. This object file is linked first.
__attribute__((used)) alignas(16) thread_local unsigned char bionic_slots[1024] = {1};

// The cross compiler comes without zlib: the oracle's phone has no libz.
namespace dl::guest {
void add_zlib_functions(FunctionTable&) {}
}  // namespace dl::guest
#endif

namespace {

using dl::ByteSpan;
using dl::Result;
using Bytes = std::vector<std::uint8_t>;

Bytes read_all(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  Bytes bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Outputs of all inputs in the file; with `repeats`, the CPU time of each further round over them
// as a line of microseconds. Negative `repeats`: the size of one input, as a line.
Result<Bytes> run(const Bytes& library, const Bytes& model, const Bytes& input, int repeats,
                  bool xnnpack) {
  const dl::ElfFile elf = TRY(dl::ElfFile::parse(library, "library"));
  dl::guest::GuestOptions options;
  options.machine = elf.machine();
  options.engine.jailed = true;  // a test that is run by hand, on a library that is known
  options.libraries = [&](const std::string& name) -> std::optional<dl::guest::LibraryFile> {
    if (name != "lib.so") return std::nullopt;
    return dl::guest::LibraryFile{{library, nullptr}, {name}, "/data/app/lib/" + name};
  };
  const auto guest = TRY(dl::guest::Guest::create(options));
  const auto* const loaded = TRY(guest->load("lib.so"));
  auto interpreter = TRY(dl::guest::TfliteModel::load(*guest, *loaded, model, {1, xnnpack}));
  std::uint64_t size = 0;
  for (const std::uint64_t each : interpreter.input_sizes()) size += each;
  if (repeats < 0) {
    std::printf("%llu\n", static_cast<unsigned long long>(size));
    return Bytes();
  }
  if (size == 0 || input.size() % size != 0)
    return dl::fail(dl::ErrorCode::kInvalidArgument, "is no whole number of inputs", "input");
  Bytes out;
  for (int round = 0; round <= repeats; ++round) {
    const double before = processor_seconds();
    for (std::uint64_t at = 0; at < input.size(); at += size) {
      const auto answer = TRY(interpreter.run(ByteSpan(input).subspan(at, size)));
      if (round == 0) out.insert(out.end(), answer.begin(), answer.end());
    }
    if (round > 0) std::printf("%.0f\n", (processor_seconds() - before) * 1e6);
  }
  return out;
}

// Loads a library of a folder with what it needs and runs its JNI_OnLoad: the CPU time of it, as a
// line of microseconds.
Result<void> load(const std::string& folder, const std::string& name) {
  const Bytes library = read_all((folder + "/" + name).c_str());
  dl::guest::GuestOptions options;
  options.machine = TRY(dl::ElfFile::parse(library, name)).machine();
  options.engine.jailed = true;
  std::map<std::string, Bytes> read;  // as long as the guest
  options.libraries = [&](const std::string& each) -> std::optional<dl::guest::LibraryFile> {
    const Bytes& bytes = read.emplace(each, read_all((folder + "/" + each).c_str())).first->second;
    if (bytes.empty()) return std::nullopt;
    return dl::guest::LibraryFile{{bytes, nullptr}, {each}, "/data/app/lib/" + each};
  };
  const auto guest = TRY(dl::guest::Guest::create(options));
  const double before = processor_seconds();
  const auto* const loaded = TRY(guest->load(name));
  const auto started = guest->run_on_load(*loaded);
  std::printf("%.0f\n", (processor_seconds() - before) * 1e6);
  if (!started) return dl::fail(dl::ErrorCode::kCorrupt, started.error().what, name);
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::strcmp(arguments[1], "load") == 0) {
    const auto done = load(arguments[2], arguments[3]);
    if (!done) std::fprintf(stderr, "guest_oracle: %s\n", done.error().what.c_str());
    return done ? 0 : 1;
  }
  const bool size_only = count == 4 && std::strcmp(arguments[1], "size") == 0;
  const bool xnnpack = count > 1 && std::strcmp(arguments[1], "xnnpack") == 0;
  if (!size_only && (count < 6 || (!xnnpack && std::strcmp(arguments[1], "tflite") != 0))) {
    std::fprintf(stderr,
                 "usage: guest_oracle tflite|xnnpack LIB MODEL INPUT OUTPUT [ROUNDS] | size LIB "
                 "MODEL | load "
                 "FOLDER NAME\n");
    return 2;
  }
  const Bytes library = read_all(arguments[2]);
  const Bytes model = read_all(arguments[3]);
  const Bytes input = size_only ? Bytes() : read_all(arguments[4]);
  const int rounds = size_only ? -1 : (count > 6 ? std::atoi(arguments[6]) : 0);
  const auto output = run(library, model, input, rounds, xnnpack);
  if (!output) {
    std::fprintf(stderr, "guest_oracle: %s: %s\n", output.error().where.c_str(),
                 output.error().what.c_str());
    return 1;
  }
  if (size_only) return 0;
  std::ofstream(arguments[5], std::ios::binary)
      .write(reinterpret_cast<const char*>(output->data()),
             static_cast<std::streamsize>(output->size()));
  return 0;
}
