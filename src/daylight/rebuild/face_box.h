// SPDX-License-Identifier: Apache-2.0
// Crops whose place depends on a face that was found: which finder, and how the box follows from
// what it says.
#pragma once

#include <optional>
#include <string>

#include "daylight/base/json.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::rebuild {

// NOLINTNEXTLINE(bugprone-exception-escape): moving a Json does not throw
struct FaceBox {
  std::string finder;  // class of the finder
  Json box;            // params.box of "face-crop"; null where the geometry could not be read
  std::int64_t max_faces = 0;                // 0: not known
  program::NodeId found = program::kNoNode;  // the call that finds faces
};

// The arguments of Bitmap.createBitmap(source, x, y, width, height). Nothing if none of them
// depends on a face.
std::optional<FaceBox> read_face_box(program::FlowGraph& graph, program::NodeId x,
                                     program::NodeId y, program::NodeId width,
                                     program::NodeId height);
// The call that finds faces which a value depends on; kNoNode if there is none.
program::NodeId face_finder_in(const program::FlowGraph& graph, program::NodeId value);

}  // namespace dl::rebuild
