// SPDX-License-Identifier: Apache-2.0
// HDF5 files, as far as Keras models need them: groups, attributes, datasets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Objects (groups and datasets) of one file; more are left out, with a gap.
inline constexpr std::size_t kMaxHdf5Objects = 65536;
// Attributes of one file; more are left out, with a gap.
inline constexpr std::size_t kMaxHdf5Attributes = 65536;
// Groups inside of groups that are followed.
inline constexpr int kMaxHdf5Depth = 32;
// Characters of an object's path; longer ones are not followed.
inline constexpr std::size_t kMaxHdf5Path = 1024;
// Bytes of text that attributes may hold altogether.
inline constexpr std::uint64_t kMaxHdf5Text = std::uint64_t{64} << 20;

struct Hdf5Attribute {
  std::string name;
  std::vector<std::string> texts;  // of a string or an array of strings; else empty
};

struct Hdf5Object {
  std::string path;  // "/model_weights/conv1/kernel:0"; "/" for the root
  bool is_dataset = false;
  std::vector<Hdf5Attribute> attributes;
  // Of datasets.
  std::string dtype;  // float32 ..., "other"
  std::vector<std::uint64_t> shape;
  ByteSpan data;  // where it lies in one piece

  // The attribute's first text, or "".
  std::string text(std::string_view attribute) const;
  bool has(std::string_view attribute) const;
};

struct Hdf5File {
  std::uint64_t size = 0;           // as the superblock says, not more than there is
  int version = 0;                  // of the superblock
  std::vector<Hdf5Object> objects;  // depth first, in the order of the groups' own trees
  std::vector<FormatGap> gaps;
};

// Reads the file that starts at the first byte: superblocks 0 to 3, groups as symbol tables or as
// compact links, attributes that lie in object headers, fixed and variable strings. What is stored
// otherwise (fractal heaps, chunks) becomes a gap or a dataset without data. kCorrupt without a
// superblock or a root group. Addresses that lead in circles are followed once. Views of `bytes`.
Result<Hdf5File> read_hdf5(ByteSpan bytes);

}  // namespace dl
