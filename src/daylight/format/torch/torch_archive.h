// SPDX-License-Identifier: Apache-2.0
// PyTorch archives: TorchScript (.pt), the mobile interpreter's bytecode (.ptl), saved tensors.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// A pickle or source file of an archive beyond this size is left out, with a gap.
inline constexpr std::uint64_t kMaxTorchMember = std::uint64_t{64} << 20;
// Source files of one archive that are read.
inline constexpr std::size_t kMaxTorchSources = 4096;

// Whether the members are a PyTorch archive's: <folder>/data.pkl, a version, and data.pkl is a
// pickle. Reads only that one.
bool is_torch_archive(const ZipArchive& archive);

// What the archive says. With bytecode.pkl: its methods in order; operators are its OP
// instructions with those before them and the constants they load as detail, borders are the
// arguments and results of `forward` (shapes are not stored). Without: operators are the calls in
// the source files under code/, by file name; borders are forward's arguments. Parameters are the
// elements of all storages, the weights hash covers them in the archive's order. Metadata: kind
// ("bytecode", "script" or "tensors"), version, bytecode_version, methods, class, extra files'
// names, tensors (name, type and shape of up to 64). Nothing is unpickled.
ReadModel read_torch_archive(const ZipArchive& archive, ReadDepth depth);

}  // namespace dl
