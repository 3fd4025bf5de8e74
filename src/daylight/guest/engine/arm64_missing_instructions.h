// SPDX-License-Identifier: Apache-2.0
// Instructions of ARMv8.0 that the translator does not know.
#pragma once

#include <cstdint>

#include "daylight/guest/engine/call_frame.h"

namespace dl::guest {

// The registers of one processor, as far as these instructions need them.
class Arm64Registers {
 public:
  virtual ~Arm64Registers() = default;
  virtual void set_integer(std::size_t i, std::uint64_t value) = 0;
  virtual Vector128 vector(std::size_t i) const = 0;
  virtual void set_vector(std::size_t i, const Vector128& value) = 0;
  virtual void set_saturated() = 0;  // FPSR.QC
  virtual std::uint64_t counter() = 0;
};

// SQRSHL and UQRSHL (vector and scalar), reads of CNTVCT_EL0, and hints. False for all others.
// Source: Arm Architecture Reference Manual for A-profile, C7.2 (SQRSHL, UQRSHL) and D17.
bool run_missing_instruction(std::uint32_t word, Arm64Registers& registers);

}  // namespace dl::guest
