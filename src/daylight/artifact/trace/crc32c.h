// SPDX-License-Identifier: Apache-2.0
// CRC32C (Castagnoli, reflected polynomial 0x82f63b78, as iSCSI and ext4 use it) of bytes.
#pragma once

#include <cstdint>

#include "daylight/base/bytes.h"

namespace dl {

// The checksum of what `crc` is the checksum of (0: nothing) followed by `bytes`. Check value: that
// of "123456789" is 0xe3069283. Uses the processor's instruction where it has one (x86-64 SSE4.2,
// ARMv8 CRC). Thread safe.
std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc = 0);

// The same by tables, on any processor.
std::uint32_t crc32c_portable(ByteSpan bytes, std::uint32_t crc = 0);

// Whether crc32c() uses an instruction here.
bool crc32c_in_hardware();

}  // namespace dl
