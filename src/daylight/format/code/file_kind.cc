// SPDX-License-Identifier: Apache-2.0
// A table of marks.
#include "daylight/format/code/file_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "daylight/format/code/macho.h"

namespace dl {
namespace {

struct Mark {
  std::string_view bytes;
  std::size_t offset;
  FileKind kind;
};

constexpr std::array kMarks = {
    Mark{"\x7f"
         "ELF",
         0, FileKind::kElf},
    Mark{"dex\n", 0, FileKind::kDex},
    Mark{"cdex", 0, FileKind::kDex},
    Mark{"\xca\xfe\xba\xbe", 0, FileKind::kJavaClass},
    Mark{"\x89PNG\r\n\x1a\n", 0, FileKind::kMedia},
    Mark{"\xff\xd8\xff", 0, FileKind::kMedia},
    Mark{"GIF8", 0, FileKind::kMedia},
    Mark{"RIFF", 0, FileKind::kMedia},
    Mark{"OggS", 0, FileKind::kMedia},
    Mark{"ID3", 0, FileKind::kMedia},
    Mark{"\xff\xfb", 0, FileKind::kMedia},
    Mark{"\xff\xf3", 0, FileKind::kMedia},
    Mark{"fLaC", 0, FileKind::kMedia},
    Mark{"ftyp", 4, FileKind::kMedia},
    Mark{"\x1a\x45\xdf\xa3", 0, FileKind::kMedia},
    Mark{"%PDF", 0, FileKind::kMedia},
    Mark{{"\0\1\0\0\0", 5}, 0, FileKind::kMedia},
    Mark{"OTTO", 0, FileKind::kMedia},
    Mark{"ttcf", 0, FileKind::kMedia},
    Mark{"wOFF", 0, FileKind::kMedia},
    Mark{"wOF2", 0, FileKind::kMedia},
    Mark{"\xabKTX ", 0, FileKind::kMedia},
    Mark{"\x13\xab\xa1\x5c", 0, FileKind::kMedia},
    Mark{{"\x03\x00\x08\x00", 4}, 0, FileKind::kResource},
    Mark{{"\x02\x00\x0c\x00", 4}, 0, FileKind::kResource},
};

bool is_text(ByteSpan bytes) {
  constexpr std::size_t kLooked = 1024;
  const ByteSpan head = bytes.first(std::min<std::size_t>(bytes.size(), kLooked));
  return std::none_of(head.begin(), head.end(), [](std::uint8_t byte) {
    return (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f') ||
           byte == 0x7f;
  });
}

}  // namespace

FileKind file_kind(ByteSpan bytes) {
  if (looks_like_macho(bytes)) return FileKind::kMachO;
  for (const Mark& mark : kMarks) {
    const auto part = subspan_checked(bytes, mark.offset, mark.bytes.size());
    if (part && as_text(*part) == mark.bytes) return mark.kind;
  }
  return is_text(bytes) ? FileKind::kText : FileKind::kUnknown;
}

}  // namespace dl
