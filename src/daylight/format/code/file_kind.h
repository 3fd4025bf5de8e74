// SPDX-License-Identifier: Apache-2.0
// What kind of ordinary file some bytes are, by their first bytes: to know what need not be
// searched for hidden models.
#pragma once

#include "daylight/base/bytes.h"

namespace dl {

enum class FileKind {
  kElf,
  kDex,
  kMachO,      // also several in one fat file
  kJavaClass,  // of Java bytecode
  kMedia,      // pictures, sounds, videos, fonts, PDF: dense by nature, and no cipher
  kResource,   // Android's binary XML and resource tables
  kText,       // printable from the first byte on
  kUnknown,
};

// Thread safe; looks at no more than the first 1024 bytes.
FileKind file_kind(ByteSpan bytes);

}  // namespace dl
