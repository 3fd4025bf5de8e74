// SPDX-License-Identifier: Apache-2.0
// Android's own libraries beside libc: assets, bitmaps, loopers, and the hardware that is not
// there.
#pragma once

#include "daylight/guest/machine/function_table.h"

namespace dl::guest {

// system_functions() and all of these, made once. Immutable, thread safe.
const FunctionTable& phone_functions();

// One topic each.
void add_absent_functions(FunctionTable& table);  // EGL, GLES, Vulkan, OpenCL, NNAPI, media ...
void add_asset_functions(FunctionTable& table);   // AAssetManager, AAsset
void add_bitmap_functions(FunctionTable& table);  // libjnigraphics
void add_configuration_functions(FunctionTable& table);  // AConfiguration
void add_looper_functions(FunctionTable& table);         // ALooper, ATrace

}  // namespace dl::guest
