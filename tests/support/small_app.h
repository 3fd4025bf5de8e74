// SPDX-License-Identifier: Apache-2.0
// A small app as DEX files, assembled for tests: an activity, a task that the platform runs, shapes
// with one that is never made.
#pragma once

#include <string>
#include <vector>

#include "daylight/format/code/dex.h"
#include "daylight/format/package/android_manifest.h"

namespace dl::testing {

// One DEX: Lapp/Main; and what it uses.
std::string small_app_dex();
// A second one: Lapp/Other; with the static method help()V, which Main calls, and Lapp/Dead;, which
// nobody does.
std::string small_app_second_dex();
// A manifest with the activity app.Main.
ManifestInfo small_app_manifest();

// Opens DEX files over bytes that must outlive them; aborts the test program if they are none.
std::vector<DexFile> open_dex_files(const std::vector<std::string>& contents);

}  // namespace dl::testing
