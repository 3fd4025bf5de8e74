// SPDX-License-Identifier: Apache-2.0
// android.graphics.Bitmap: objects whose pixels lie in the guest's memory.
#pragma once

#include <cstdint>
#include <memory>

#include "daylight/base/bytes.h"
#include "daylight/guest/jni/own_java_world.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::uint32_t kMaxBitmapSide = 32'768;
inline constexpr std::uint64_t kMaxBitmapBytes = std::uint64_t{1} << 30;

// As libjnigraphics numbers them.
enum class BitmapFormat : std::int32_t { kRgba8888 = 1, kRgb565 = 4, kA8 = 8 };
std::uint32_t bytes_per_pixel(BitmapFormat format);

// What a Bitmap keeps. Pixels row by row, top first, rows `stride` bytes apart. Colours of
// RGBA_8888 are multiplied by alpha; bytes in the order R G B A.
class JavaBitmap : public JavaState {
 public:
  JavaBitmap(GuestHeap& heap, std::uint32_t width, std::uint32_t height, BitmapFormat format);
  ~JavaBitmap() override;
  JavaBitmap(const JavaBitmap&) = delete;
  JavaBitmap& operator=(const JavaBitmap&) = delete;

  const std::uint32_t width;
  const std::uint32_t height;
  const BitmapFormat format;
  const std::uint32_t stride;
  std::uint64_t pixels = 0;  // address; 0 without memory, or when it was recycled
  std::int32_t locks = 0;
  bool opaque = false;

  std::uint64_t size() const { return std::uint64_t{stride} * height; }
  // One pixel as Java has it: 0xAARRGGBB, not multiplied by alpha. Inside of the picture.
  std::uint32_t argb(std::uint32_t x, std::uint32_t y) const;
  void set_argb(std::uint32_t x, std::uint32_t y, std::uint32_t colour);
  void recycle();

 private:
  GuestHeap& heap_;
};

// A new Bitmap, black and transparent or with the pixels given (rows without space between). 0 with
// an exception pending for sizes that no phone takes: IllegalArgumentException, OutOfMemoryError.
JavaReference new_bitmap(OwnJavaWorld& world, GuestMachine& machine, std::uint32_t width,
                         std::uint32_t height, BitmapFormat format, ByteSpan pixels = {});
// Null for what is no bitmap.
std::shared_ptr<JavaBitmap> bitmap_of(OwnJavaWorld& world, JavaReference object);

// The methods of Bitmap and Bitmap.Config.
void add_bitmap_classes(OwnJavaWorld& world, GuestMachine& machine);

}  // namespace dl::guest
