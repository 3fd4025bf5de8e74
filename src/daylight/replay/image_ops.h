// SPDX-License-Identifier: Apache-2.0
// What apps do to a picture besides resizing: cut, pad, turn, mirror, change its format, pack it
// into a tensor.
#pragma once

#include <array>

#include "daylight/replay/image.h"
#include "daylight/replay/tensor.h"

namespace dl {

// A part of a picture in pixels.
struct PixelBox {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  friend bool operator==(const PixelBox&, const PixelBox&) = default;
};

// The part of `box` that lies in the picture; width or height 0 where nothing does. Never
// overflows.
PixelBox clip_to(const Image& image, const PixelBox& box);

// The pixels of `box`, which must lie in the picture and hold one pixel. `to` is another object.
void crop_image(const Image& from, const PixelBox& box, Image& to);

// The middle part of the given size, where the picture has it; where it is smaller, black (opaque)
// is put around it. Odd differences: the smaller half is cut (or put) on the left and the top, as
// TFLite Support's ResizeWithCropOrPadOp.
void crop_or_pad_image(const Image& from, int width, int height, Image& to);

// Turned counter-clockwise by 90 degrees `quarter_turns` times (any integer), as TFLite Support's
// Rot90Op.
void rotate_image(const Image& from, int quarter_turns, Image& to);

enum class FlipAxis { kHorizontal, kVertical };
// Horizontal mirrors left and right.
void flip_image(const Image& from, FlipAxis axis, Image& to);

// How bright red, green and blue count in a grey value; they sum to one.
using GreyWeights = std::array<float, 3>;
inline constexpr GreyWeights kGreyBt601 = {0.299F, 0.587F, 0.114F};
// android.graphics.ColorMatrix.setSaturation(0), which TFLite Support's TransformToGrayscaleOp
// uses.
inline constexpr GreyWeights kGreyAndroidSaturation = {0.213F, 0.715F, 0.072F};

// Red, green and blue become the weighted sum, rounded half up; alpha stays.
void grey_image(const Image& from, const GreyWeights& weights, Image& to);

// What is left of the colours after 5, 6 and 5 bits each (rounded to nearest) are widened to 8
// again; alpha is lost.
void reduce_to_565(const Image& from, Image& to);

// RGBA: colours times alpha / 255, rounded, as Android keeps a bitmap. RGB and premultiplied
// pictures stay as they are.
void premultiply_alpha(Image& image);

enum class ChannelOrder { kRgb, kBgr, kGrey };

// Packs pixels row by row into 1 x height x width x channels of kUint8 or kFloat32 (0..255). Alpha
// is dropped; where colours are premultiplied they are divided by it first, as Bitmap.getPixels
// does. kGrey weighs by kGreyBt601 and has one channel, in float not rounded, in bytes cut.
void image_to_tensor(const Image& from, ChannelOrder order, ElementType type, Tensor& to);

}  // namespace dl
