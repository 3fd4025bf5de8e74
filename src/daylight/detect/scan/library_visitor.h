// SPDX-License-Identifier: Apache-2.0
// Who wants to see native libraries while their bytes are at hand.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daylight/format/code/elf.h"

namespace dl {

// A library of store apps unpacks to a hundred megabytes: it is unpacked once, and all who read it
// do so then.
class LibraryVisitor {
 public:
  virtual ~LibraryVisitor() = default;
  // Called once for each library, from several threads at the same time and in any order.
  // `position` is that of its entry in AppPackage::entries(), `chain` leads to it from the
  // outermost file (AppPackage::chain_of). The file's bytes live as long as the call.
  virtual void visit(std::size_t position, const ElfFile& elf,
                     const std::vector<std::string>& chain) = 0;
};

}  // namespace dl
