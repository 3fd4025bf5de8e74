// SPDX-License-Identifier: Apache-2.0
// The tables of what the interpreter knows about code outside the app. Internal to program/.
#pragma once

#include <map>
#include <string_view>

#include "daylight/program/dex_flow/dex_flow_machine.h"

namespace dl::program {

// "SimpleClass.method", or "*.method" for any class; a null model means: treat as unknown.
using FlowModelTable = std::map<std::string_view, FlowModel>;

// A class of TensorFlow Lite whose own code is not looked into: it is a border of the analysis.
bool is_tflite_border(std::string_view canonical_class);

const FlowModelTable& java_flow_models();
const FlowModelTable& collection_flow_models();
const FlowModelTable& buffer_flow_models();
const FlowModelTable& android_flow_models();

}  // namespace dl::program
