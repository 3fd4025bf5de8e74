// SPDX-License-Identifier: Apache-2.0
// Who an app is and how it came: the head of an inventory.
#pragma once

#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Package and version from the manifest or from Info.plist, the app's shape, its parts, the
// processors that its native code is for, its signers, what it may do. `verify_signatures` reads
// the whole file. What could not be read is added to `gaps`.
AppInfo describe_app(const program::AppPackage& app, bool verify_signatures,
                     std::vector<Gap>& gaps);

// Says of each model in a module that comes by itself (an asset pack, a feature) when it comes.
void note_delivery(const program::AppPackage& app, std::vector<ModelRecord>& models);

}  // namespace dl
