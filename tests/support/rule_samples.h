// SPDX-License-Identifier: Apache-2.0
// Turns the samples of rules (tests/samples/rules, JSON) into files: libraries, DEX files,
// manifests, whole apps.
#pragma once

#include <string>

#include "daylight/base/json.h"

namespace dl::testing {

// A library of {name?, soname?, build_id?, needed?, exports?, imports?, strings?}.
std::string sample_library(const Json& library);

// A DEX file of classes: {name, superclass?, interfaces?, interface?, fields?, methods?: [{name,
// descriptor, static?, native?, abstract?, strings?, calls?: ["Lx/Y;->m(I)V"], creates?,
// instructions?: ["neg-float"]}]}. Types are descriptors. Calls pass no arguments: what is tested
// does not run them.
std::string sample_dex(const Json& classes);

// A binary manifest of {package?, meta_data?: {name: value}, components?: [name]}.
std::string sample_manifest(const Json& manifest);

// An APK of {library?, classes?, manifest?, script?: {name, text, hex?}}; `hex` goes before the
// text.
std::string sample_app(const Json& sample);

}  // namespace dl::testing
