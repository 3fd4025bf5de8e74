// SPDX-License-Identifier: Apache-2.0
// The modules of an app: base, features and asset packs, and when they come to the device.
#pragma once

#include <string>
#include <vector>

#include "daylight/format/package/axml.h"

namespace dl::program {

// One module of a bundle, or one split of an installed set, by its manifest.
struct AppModule {
  std::string name;                // "base", "ml_models"
  std::string kind;                // base|feature|asset-pack|config
  std::string delivery;            // install-time|fast-follow|on-demand|conditional; "" if unsaid
  std::vector<std::string> chain;  // of its manifest
  std::string folder;              // entries of a bundle's module begin with it: "ml_models/"
  std::vector<std::string> part;   // steps to the archive in which the module lies
};

// What a module's manifest says: `split` name, <dist:module> with its type, <dist:delivery> or the
// older attribute. An asset pack without a delivery comes with the installation. Thread safe.
AppModule read_module(const AxmlDocument& document);

// "delivered on demand", for people; "" where nothing is said.
std::string delivery_text(const AppModule& module);

}  // namespace dl::program
