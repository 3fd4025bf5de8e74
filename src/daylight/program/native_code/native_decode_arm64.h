// SPDX-License-Identifier: Apache-2.0
// Reads A64 code for what it refers to: branches, ADRP pairs, literals, loads from known addresses.
//
// Source: Arm Architecture Reference Manual for A-profile (DDI 0487), chapter C4 (encodings).
#pragma once

#include <cstdint>

#include "daylight/base/bytes.h"
#include "daylight/program/native_code/native_instructions.h"

namespace dl::program {

// Reads `code`, which lies at `address` (a multiple of 4; a rest of 1-3 bytes is left out), in
// order and tells `sink` every reference. Addresses that are built over several instructions are
// followed in the order of the bytes, through conditional branches, until the register is
// overwritten; a call forgets the registers that the callee may change. Never reads outside of
// `code`.
void scan_arm64(ByteSpan code, std::uint64_t address, NativeReferenceSink& sink);

}  // namespace dl::program
