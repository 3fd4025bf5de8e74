// SPDX-License-Identifier: Apache-2.0
// Reads the header of GGUF files as the ggml project documents it (docs/gguf.md), and guesses the
// older ones from their fixed fields.
#include "daylight/format/classic/gguf.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint32_t kNewestVersion = 3;
constexpr std::uint32_t kMaxRank = 8;
constexpr std::uint64_t kMaxKey = 65535;
constexpr int kMaxArrayDepth = 4;
constexpr std::size_t kMaxValueText = 200;

enum GgufType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

std::uint64_t width_of(std::uint32_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
      return 2;
    case kUint32:
    case kInt32:
    case kFloat32:
      return 4;
    case kUint64:
    case kInt64:
    case kFloat64:
      return 8;
    default:
      return 0;
  }
}

// Elements and bytes of one block of a tensor type.
struct BlockSize {
  std::uint32_t type;
  std::uint32_t elements;
  std::uint32_t bytes;
};
constexpr BlockSize kBlocks[] = {
    {0, 1, 4},      {1, 1, 2},      {2, 32, 18},   {3, 32, 20},    {6, 32, 22},    {7, 32, 24},
    {8, 32, 34},    {9, 32, 40},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144}, {13, 256, 176},
    {14, 256, 210}, {15, 256, 292}, {16, 256, 66}, {17, 256, 74},  {18, 256, 98},  {19, 256, 50},
    {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136}, {24, 1, 1},     {25, 1, 2},
    {26, 1, 4},     {27, 1, 8},     {28, 1, 8},    {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
    {35, 256, 66},  {39, 32, 17},   {40, 64, 36},  {41, 128, 18},
};

const BlockSize* block_of(std::uint32_t type) {
  for (const BlockSize& row : kBlocks) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

struct GgufTensor {
  std::uint64_t offset = 0;  // from the start of the data
  std::uint64_t elements = 1;
  std::uint64_t bytes = 0;
};

class GgufReader {
 public:
  explicit GgufReader(ByteSpan bytes) : bytes_(bytes), reader_(bytes) {}

  bool read() {
    const ByteSpan magic = reader_.take(kMagic.size());
    if (as_text(magic) != kMagic) return false;
    version_ = reader_.u32();
    if (version_ == 0 || version_ > kNewestVersion) return false;
    const std::uint64_t tensors = length();
    const std::uint64_t pairs = length();
    if (!reader_.ok() || tensors > kMaxGgufTensors || pairs > kMaxGgufPairs) return false;
    for (std::uint64_t i = 0; i < pairs; ++i) {
      if (!read_pair()) return false;
    }
    for (std::uint64_t i = 0; i < tensors; ++i) {
      if (!read_tensor()) return false;
    }
    find_end();
    return true;
  }

  std::uint32_t version() const { return version_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t data_start() const { return data_start_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  const std::vector<FormatGap>& gaps() const { return gaps_; }

 private:
  // Version 1 counted with 32 bits.
  std::uint64_t length() { return version_ == 1 ? reader_.u32() : reader_.u64(); }
  std::string_view text() { return as_text(reader_.take(length())); }

  bool read_pair() {
    const std::string_view key = text();
    const std::uint32_t type = reader_.u32();
    if (!reader_.ok() || key.empty() || key.size() > kMaxKey) return false;
    const std::string value = read_value(type, 0);
    if (!reader_.ok() || broken_) return false;
    if (key == "general.alignment") {
      const auto number = parse_integer(value);
      if (number && *number > 0 && *number <= 65536)
        alignment_ = static_cast<std::uint64_t>(*number);
    }
    const bool told = key.starts_with("general.") || key == "tokenizer.ggml.model" ||
                      key.ends_with(".context_length") || key.ends_with(".block_count") ||
                      key.ends_with(".embedding_length");
    if (told && !value.empty()) pairs_.emplace_back(printable(key), value);
    return true;
  }

  std::string read_value(std::uint32_t type, int level) {
    if (type == kString) return printable(text(), kMaxValueText);
    if (type == kArray) {
      skip_array(level);
      return {};
    }
    return read_number(type);
  }

  std::string read_number(std::uint32_t type) {
    switch (type) {
      case kUint8:
      case kBool:
        return std::to_string(reader_.u8());
      case kInt8:
        return std::to_string(static_cast<std::int8_t>(reader_.u8()));
      case kUint16:
        return std::to_string(reader_.u16());
      case kInt16:
        return std::to_string(static_cast<std::int16_t>(reader_.u16()));
      case kUint32:
        return std::to_string(reader_.u32());
      case kInt32:
        return std::to_string(reader_.i32());
      case kUint64:
        return std::to_string(reader_.u64());
      case kInt64:
        return std::to_string(static_cast<std::int64_t>(reader_.u64()));
      case kFloat32: {
        const std::uint32_t bits = reader_.u32();
        float value = 0;
        std::memcpy(&value, &bits, sizeof(value));
        return format_double(static_cast<double>(value));
      }
      case kFloat64: {
        const std::uint64_t bits = reader_.u64();
        double value = 0;
        std::memcpy(&value, &bits, sizeof(value));
        return format_double(value);
      }
      default:
        broken_ = true;
        return {};
    }
  }

  void skip_array(int level) {
    const std::uint32_t type = reader_.u32();
    const std::uint64_t count = length();
    if (level >= kMaxArrayDepth || count > reader_.remaining()) {
      broken_ = true;
      return;
    }
    if (const std::uint64_t width = width_of(type)) {
      reader_.skip(multiply_checked(count, width).value_or(~std::uint64_t{0}));
      return;
    }
    for (std::uint64_t i = 0; i < count && reader_.ok() && !broken_; ++i) {
      if (type == kString) {
        text();
      } else if (type == kArray) {
        skip_array(level + 1);
      } else {
        broken_ = true;
      }
    }
  }

  bool read_tensor() {
    const std::string_view name = text();
    const std::uint32_t rank = reader_.u32();
    if (!reader_.ok() || name.empty() || name.size() > kMaxKey || rank > kMaxRank) return false;
    GgufTensor tensor;
    for (std::uint32_t i = 0; i < rank; ++i) {
      const auto elements = multiply_checked(tensor.elements, length());
      if (!elements) return false;
      tensor.elements = *elements;
    }
    const BlockSize* block = block_of(reader_.u32());
    tensor.offset = reader_.u64();
    if (!reader_.ok()) return false;
    if (block != nullptr)
      tensor.bytes = multiply_checked(tensor.elements / block->elements, block->bytes).value_or(0);
    tensors_.push_back(tensor);
    return true;
  }

  void find_end() {
    data_start_ = (reader_.offset() + alignment_ - 1) / alignment_ * alignment_;
    size_ = reader_.offset();
    for (const GgufTensor& tensor : tensors_) {
      const auto start = add_checked(data_start_, tensor.offset);
      const auto end = start ? add_checked(*start, tensor.bytes) : std::nullopt;
      if (!end || *end > bytes_.size()) {
        gaps_ = {{"tensors", "the data of some lies outside the file"}};
        size_ = bytes_.size();
        return;
      }
      size_ = std::max(size_, *end);
    }
    // Writers fill up the last tensor too.
    const std::uint64_t filled = (size_ + alignment_ - 1) / alignment_ * alignment_;
    if (!tensors_.empty()) size_ = std::min<std::uint64_t>(filled, bytes_.size());
  }

  ByteSpan bytes_;
  ByteReader reader_;
  std::uint32_t version_ = 0;
  std::uint64_t alignment_ = 32;
  std::uint64_t data_start_ = 0;
  std::uint64_t size_ = 0;
  bool broken_ = false;
  std::vector<GgufTensor> tensors_;
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::vector<FormatGap> gaps_;
};

// Dimensions that a language or speech model may have.
bool plausible(std::uint32_t value, std::uint32_t largest) { return value > 0 && value <= largest; }

// Tokens: length, bytes, and in newer versions a score. The first ones show what they are.
bool has_vocabulary(ByteReader reader, std::uint32_t count, bool scores) {
  constexpr std::uint32_t kLookedAt = 64;
  constexpr std::uint32_t kLongestToken = 256;
  for (std::uint32_t i = 0; i < std::min(count, kLookedAt); ++i) {
    const std::uint32_t size = reader.u32();
    if (size > kLongestToken) return false;
    reader.skip(size);
    if (scores) reader.u32();
  }
  return reader.ok();
}

// llama: vocabulary, width, multiple, heads, layers, rotation, number format.
bool is_llama(ByteReader reader, bool scores, ModelProbe& out) {
  const std::uint32_t vocabulary = reader.u32();
  const std::uint32_t width = reader.u32();
  reader.u32();
  const std::uint32_t heads = reader.u32();
  const std::uint32_t layers = reader.u32();
  reader.u32();
  reader.u32();
  if (!reader.ok() || !plausible(vocabulary, 1000000) || !plausible(width, 65536) ||
      !plausible(heads, 1024) || !plausible(layers, 1024) || width % heads != 0) {
    return false;
  }
  if (!has_vocabulary(reader, vocabulary, scores)) return false;
  out.facts = {{"kind", "language model"},
               {"vocabulary", std::to_string(vocabulary)},
               {"width", std::to_string(width)},
               {"layers", std::to_string(layers)}};
  return true;
}

// whisper: eleven dimensions, then a mel filter bank, then the vocabulary.
bool is_whisper(ByteReader reader, ModelProbe& out) {
  std::uint32_t dims[11] = {};
  for (std::uint32_t& dim : dims) dim = reader.u32();
  const std::uint32_t mels = reader.u32();
  const std::uint32_t bins = reader.u32();
  const bool fits = reader.ok() && plausible(dims[0], 1000000) && plausible(dims[1], 100000) &&
                    plausible(dims[2], 65536) && plausible(dims[3], 1024) &&
                    plausible(dims[4], 1024) && dims[2] % dims[3] == 0 && mels == dims[9] &&
                    plausible(mels, 1024) && plausible(bins, 4096);
  if (!fits) return false;
  reader.skip(std::uint64_t{mels} * bins * 4);
  const std::uint32_t vocabulary = reader.u32();
  if (!plausible(vocabulary, dims[0]) || !has_vocabulary(reader, vocabulary, false)) return false;
  out.facts = {{"kind", "speech model"},
               {"vocabulary", std::to_string(dims[0])},
               {"width", std::to_string(dims[2])},
               {"layers", std::to_string(dims[4])}};
  return true;
}

}  // namespace

std::optional<ModelProbe> probe_gguf(ByteSpan bytes) {
  GgufReader reader(bytes);
  if (!reader.read()) return std::nullopt;
  ModelProbe out{"gguf", reader.size(), reader.gaps()};
  out.facts = {{"version", std::to_string(reader.version())},
               {"tensors", std::to_string(reader.tensors().size())}};
  out.facts.insert(out.facts.end(), reader.pairs().begin(), reader.pairs().end());
  return out;
}

ModelGraph describe_gguf(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  graph.metadata = probe.facts;
  graph.gaps = probe.gaps;
  GgufReader reader(bytes);
  if (!reader.read()) return graph;
  WeightsDigest weights;
  std::uint64_t hashed = 0;
  for (const GgufTensor& tensor : reader.tensors()) {
    const auto start = add_checked(reader.data_start(), tensor.offset);
    const auto data = start ? subspan_checked(bytes, *start, tensor.bytes) : std::nullopt;
    // Tensors that overlap may not cost more than the file.
    hashed += data ? data->size() : 0;
    if (data && hashed <= bytes.size()) weights.add(*data, tensor.elements);
  }
  weights.finish(graph);
  return graph;
}

std::optional<ModelProbe> probe_ggml_legacy(ByteSpan bytes) {
  ByteReader reader(bytes);
  const std::string_view magic = as_text(reader.take(4));
  ModelProbe out{"ggml_legacy", bytes.size(), {}};
  constexpr std::uint32_t kNewest = 3;
  // The magic is a number; its letters stand the wrong way round.
  if (magic == "lmgg") {
    if (!is_whisper(reader, out) && !is_llama(reader, false, out)) return std::nullopt;
    out.facts.insert(out.facts.begin(), {"version", "ggml"});
    return out;
  }
  if (magic != "fmgg" && magic != "tjgg") return std::nullopt;
  const std::uint32_t version = reader.u32();
  if (version == 0 || version > kNewest || !is_llama(reader, true, out)) return std::nullopt;
  out.facts.insert(out.facts.begin(),
                   {"version", (magic == "tjgg" ? "ggjt " : "ggmf ") + std::to_string(version)});
  return out;
}

}  // namespace dl
