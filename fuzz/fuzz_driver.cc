// SPDX-License-Identifier: Apache-2.0
// Replays a fuzz corpus without libFuzzer: every seed, every truncation step, and seeded random
// mutations of each.
//
// Usage: <target>_fuzz [[--mutate N] FILE|FOLDER...]...   N mutations for each seed that follows
// (default 0).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read_seed(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A copy in a buffer of exactly its size, so that reading one byte too far is seen by the
// sanitizer.
void run_exact(const Bytes& input) {
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Bytes mutate(const Bytes& seed, std::mt19937_64& random) {
  Bytes out = seed;
  const auto pick = [&](std::size_t bound) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(bound, 1));
  };
  static constexpr std::uint32_t kEdges[] = {0,      1,      0x7f,       0x80,        0xff,
                                             0x7fff, 0xffff, 0x7fffffff, 0x80000000U, 0xffffffffU};
  for (std::size_t step = 0, steps = 1 + pick(6); step < steps && !out.empty(); ++step) {
    const std::size_t at = pick(out.size());
    switch (random() % 5) {
      case 0:
        out[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        out[at] = static_cast<std::uint8_t>(out[at] ^ (1U << (random() % 8)));
        break;
      case 2: {
        const std::uint32_t value = kEdges[random() % std::size(kEdges)];
        for (std::size_t i = 0; i < 4 && at + i < out.size(); ++i)
          out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
        break;
      }
      case 3:
        out.resize(at);
        break;
      default: {
        const std::size_t from = pick(out.size());
        const std::size_t size = std::min({std::size_t{64}, out.size() - from, out.size() - at});
        std::copy_n(Bytes(out.begin() + static_cast<std::ptrdiff_t>(from),
                          out.begin() + static_cast<std::ptrdiff_t>(from + size))
                        .begin(),
                    size, out.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  int mutations = 0;
  std::vector<std::pair<std::filesystem::path, int>> seeds;  // with mutations
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--mutate" && i + 1 < argc) {
      mutations = std::atoi(argv[++i]);
    } else if (std::filesystem::is_directory(arg)) {
      for (const auto& entry : std::filesystem::directory_iterator(arg))
        seeds.emplace_back(entry.path(), mutations);
    } else {
      seeds.emplace_back(arg, mutations);
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds given\n");
    return 2;
  }
  std::sort(seeds.begin(), seeds.end());
  std::size_t runs = 0;
  for (const auto& [path, count] : seeds) {
    const Bytes seed = read_seed(path);
    run_exact(seed);
    for (std::size_t size = 0; size < seed.size();
         size += std::max<std::size_t>(1, seed.size() / 64)) {
      run_exact(Bytes(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)));
      ++runs;
    }
    std::mt19937_64 random(std::hash<std::size_t>{}(seed.size()) + 0x9e3779b97f4a7c15ULL);
    for (int i = 0; i < count; ++i, ++runs) run_exact(mutate(seed, random));
  }
  std::printf("%zu seeds, %zu variants: no fault\n", seeds.size(), runs);
  return 0;
}
