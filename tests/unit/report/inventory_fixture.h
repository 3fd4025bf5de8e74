// SPDX-License-Identifier: Apache-2.0
// A small inventory with one of everything that outputs of detection have to tell.
#pragma once

#include "daylight/artifact/inventory.h"

namespace dl::testing {

// model-1: an age model of the app's own, reached; model-2: XOR-hidden (key 5a3c) in a ZIP in an
// asset; model-3: fetched at run time. Two frameworks, two calls of one API (one reached and
// renamed), the tasks age (reached) and face detection (present), one gap.
Inventory small_inventory();

}  // namespace dl::testing
