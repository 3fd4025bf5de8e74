// SPDX-License-Identifier: Apache-2.0
// How the arguments of a watched Java method are read, and what they are where a model says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/decode_rule.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/program/code/app_code.h"

namespace dl {

// A rule for each argument that carries a picture, tensor, text or number, and for the result.
// Directions follow from the role: what a model is run on goes in, what `output` fills comes out.
std::vector<DecodeRule> decode_of_method(const program::AppCode& code, program::MethodId method,
                                         std::string_view role);

// Whether the method takes a picture or its bytes.
bool takes_picture(const program::ClassIndex& index, program::MethodId method);

// Adds dtype, shape and layout to the tensors of a probe that runs or feeds models, where all
// models of the classes that make its calls agree (the model's own evidence links it to a class).
void add_model_shapes(const Inventory& inventory, Probe& probe);

}  // namespace dl
