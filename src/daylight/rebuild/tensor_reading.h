// SPDX-License-Identifier: Apache-2.0
// What an input tensor holds, read from the expression of its elements: which picture, which
// channel order, which normalisation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::rebuild {

// One value of a tensor as (channel - mean) / std of one pixel.
struct ChannelReading {
  int shift = 0;      // of the channel in a packed colour: 16 red, 8 green, 0 blue
  bool grey = false;  // mean of the three channels
  program::NodeId pixels = program::kNoNode;  // the kPixels node
  program::NodeId place = program::kNoNode;   // index of the pixel, row by row
  double mean = 0;
  double std = 1;
  bool chosen = false;                      // one of several ways was followed
  std::vector<program::NodeId> packing;     // the shifts and masks
  std::vector<program::NodeId> arithmetic;  // what changes the number
};

// The value as such a reading; `why` says what stood in the way where it is none.
bool read_channel(program::FlowGraph& graph, program::NodeId value, ChannelReading& reading,
                  std::string& why);

struct TensorReading {
  bool found = false;
  std::string why;  // where found is false
  program::NodeId bitmap = program::kNoNode;
  std::string order;         // RGB|BGR|GRAY
  std::int64_t columns = 0;  // of the picture, as its pixels were read; 0: not known
  bool mirrored = false;     // columns are read from right to left
  bool normalised = false;   // some mean is not 0 or some std not 1
  std::vector<double> mean;  // one, or one for each channel
  std::vector<double> std;
  std::vector<program::NodeId> packing;
  std::vector<program::NodeId> arithmetic;
  bool ambiguous = false;  // the code has several ways; this is the first that could be read
};

// Reads the content of a model's input (a frozen array or buffer) as a picture in NHWC order.
// `tensor`: the model's own input, with shape [1, height, width, channels]; dimensions that are not
// positive are taken from the picture where it tells them.
TensorReading read_tensor(program::FlowGraph& graph, program::NodeId content,
                          const TensorInfo& tensor);

// The shape and type that the code gives an input, where the model that takes it is not in the app:
// [1, height, width, 3] from the picture's size and the number of bytes. Nothing where the content
// does not tell.
std::optional<TensorInfo> guess_tensor(program::FlowGraph& graph, program::NodeId content);

}  // namespace dl::rebuild
