// SPDX-License-Identifier: Apache-2.0
// Pixels, and the methods of Bitmap that read and write them.
#include "daylight/guest/android/java_bitmap.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "daylight/guest/android/java_buffer.h"
#include "daylight/guest/android/java_classes.h"

namespace dl::guest {
namespace {

constexpr const char* kBitmap = "android/graphics/Bitmap";
constexpr const char* kConfig = "android/graphics/Bitmap$Config";

// Bitmap.Config in order of its ordinals.
struct ConfigName {
  const char* name;
  std::optional<BitmapFormat> format;
};
constexpr std::array<ConfigName, 6> kConfigs = {{{"ALPHA_8", BitmapFormat::kA8},
                                                 {"RGB_565", BitmapFormat::kRgb565},
                                                 {"ARGB_4444", std::nullopt},
                                                 {"ARGB_8888", BitmapFormat::kRgba8888},
                                                 {"RGBA_F16", std::nullopt},
                                                 {"HARDWARE", std::nullopt}}};

std::uint32_t multiplied(std::uint32_t colour, std::uint32_t alpha) {
  const std::uint32_t product = colour * alpha + 128;
  return (product + (product >> 8U)) >> 8U;
}
std::uint32_t divided(std::uint32_t colour, std::uint32_t alpha) {
  return alpha == 0 ? 0 : std::min<std::uint32_t>(255, (colour * 255 + alpha / 2) / alpha);
}

JavaReference config_object(OwnJavaWorld& world, std::size_t ordinal) {
  return object_field(world, world.find_class(kConfig), kConfigs[ordinal].name);
}
std::optional<std::size_t> ordinal_of(OwnJavaWorld& world, JavaReference config) {
  if (config == 0) return std::nullopt;
  const auto value = world.field(config, "ordinal");
  if (!value || value->bits >= kConfigs.size()) return std::nullopt;
  return value->bits;
}
std::optional<BitmapFormat> format_of(OwnJavaWorld& world, JavaReference config) {
  const auto ordinal = ordinal_of(world, config);
  return ordinal ? kConfigs[*ordinal].format : std::nullopt;
}

void illegal(OwnJavaWorld& world, const std::string& why) {
  world.raise_new("java/lang/IllegalArgumentException", why);
}

// The bitmap of a call that needs pixels; null with an exception pending.
std::shared_ptr<JavaBitmap> with_pixels(const JavaCall& call) {
  auto bitmap = bitmap_of(call.world, call.receiver);
  if (bitmap != nullptr && bitmap->pixels != 0) return bitmap;
  call.world.raise_new("java/lang/IllegalStateException",
                       "Can't call " + call.method.name + "() on a recycled bitmap");
  return nullptr;
}

// ---- createBitmap, copy ----

JavaValue create(const JavaCall& call, GuestMachine& machine, std::int32_t width,
                 std::int32_t height, JavaReference config) {
  if (width <= 0 || height <= 0) {
    illegal(call.world, "width and height must be > 0");
    return java_null();
  }
  const auto format = format_of(call.world, config);
  if (!format) {
    call.world.note_gap(call.method.text() + " of another Config");
    illegal(call.world, "this Config is not supported");
    return java_null();
  }
  return JavaValue::reference(new_bitmap(call.world, machine, static_cast<std::uint32_t>(width),
                                         static_cast<std::uint32_t>(height), *format));
}

// The same picture in another format.
JavaValue copy(const JavaCall& call, GuestMachine& machine, const JavaBitmap& from,
               JavaReference config) {
  const JavaValue made = create(call, machine, static_cast<std::int32_t>(from.width),
                                static_cast<std::int32_t>(from.height), config);
  const auto to = made.bits == 0 ? nullptr : bitmap_of(call.world, made.bits);
  if (to == nullptr) return java_null();
  to->opaque = from.opaque || to->format == BitmapFormat::kRgb565;
  if (to->format == from.format) {
    std::memcpy(reinterpret_cast<void*>(to->pixels), reinterpret_cast<const void*>(from.pixels),
                from.size());
    return made;
  }
  for (std::uint32_t y = 0; y < from.height; ++y) {
    for (std::uint32_t x = 0; x < from.width; ++x) to->set_argb(x, y, from.argb(x, y));
  }
  return made;
}

// ---- single pixels, rectangles of them ----

// getPixels and setPixels: [pixels, offset, stride, x, y, width, height].
struct Rectangle {
  std::int64_t offset = 0;
  std::int64_t stride = 0;
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

std::optional<Rectangle> rectangle_of(const JavaCall& call, const JavaBitmap& bitmap) {
  if (null_argument(call, 0)) return std::nullopt;
  const Rectangle out = {int_argument(call, 1), int_argument(call, 2), int_argument(call, 3),
                         int_argument(call, 4), int_argument(call, 5), int_argument(call, 6)};
  if (out.width == 0 || out.height == 0) return std::nullopt;
  if (out.x < 0 || out.y < 0 || out.width < 0 || out.height < 0 ||
      out.x + out.width > bitmap.width || out.y + out.height > bitmap.height) {
    illegal(call.world, "the rectangle lies outside of the bitmap");
    return std::nullopt;
  }
  if (std::abs(out.stride) < out.width) {
    illegal(call.world, "abs(stride) must be >= width");
    return std::nullopt;
  }
  const std::int64_t last = out.offset + (out.height - 1) * out.stride;
  const auto length = static_cast<std::int64_t>(call.world.length_of(reference_argument(call, 0)));
  if (out.offset < 0 || out.offset + out.width > length || last < 0 || last + out.width > length ||
      call.world.element_size(reference_argument(call, 0)) != 4) {
    call.world.raise_new("java/lang/ArrayIndexOutOfBoundsException", call.method.text());
    return std::nullopt;
  }
  return out;
}

template <bool kWrite>
JavaValue exchange_pixels(const JavaCall& call) {
  const auto bitmap = with_pixels(call);
  if (bitmap == nullptr) return {};
  const auto rectangle = rectangle_of(call, *bitmap);
  if (!rectangle) return {};
  const std::uint64_t colours = call.world.pin(reference_argument(call, 0));
  for (std::int64_t row = 0; row < rectangle->height; ++row) {
    for (std::int64_t column = 0; column < rectangle->width; ++column) {
      const auto at = reinterpret_cast<void*>(
          colours +
          4 * static_cast<std::uint64_t>(rectangle->offset + row * rectangle->stride + column));
      const auto x = static_cast<std::uint32_t>(rectangle->x + column);
      const auto y = static_cast<std::uint32_t>(rectangle->y + row);
      std::uint32_t colour = 0;
      if constexpr (kWrite) {
        std::memcpy(&colour, at, sizeof(colour));
        bitmap->set_argb(x, y, colour);
      } else {
        colour = bitmap->argb(x, y);
        std::memcpy(at, &colour, sizeof(colour));
      }
    }
  }
  return {};
}

bool inside(const JavaCall& call, const JavaBitmap& bitmap) {
  const std::int32_t x = int_argument(call, 0);
  const std::int32_t y = int_argument(call, 1);
  if (x >= 0 && y >= 0 && static_cast<std::uint32_t>(x) < bitmap.width &&
      static_cast<std::uint32_t>(y) < bitmap.height)
    return true;
  illegal(call.world, "x and y must lie inside of the bitmap");
  return false;
}

// ---- buffers: the bytes as they lie ----

template <bool kToBuffer>
JavaValue exchange_buffer(const JavaCall& call) {
  const auto bitmap = with_pixels(call);
  if (bitmap == nullptr || null_argument(call, 0)) return {};
  const auto buffer = buffer_state(call.world, reference_argument(call, 0));
  if (buffer == nullptr || buffer->remaining_bytes() < bitmap->size()) {
    call.world.raise_new("java/lang/RuntimeException", "Buffer not large enough for pixels");
    return {};
  }
  const std::uint64_t at = buffer->address_at_position();
  if (!call.world.machine().arena.allows(at, bitmap->size(), kToBuffer ? kPageWrite : kPageRead)) {
    call.world.machine().raise(GuestFault::Kind::kMemory,
                               "the bytes of a direct buffer are not in its memory");
    return {};
  }
  const std::uint64_t from = kToBuffer ? bitmap->pixels : at;
  const std::uint64_t to = kToBuffer ? at : bitmap->pixels;
  std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bitmap->size());
  buffer->position +=
      static_cast<std::int64_t>(bitmap->size()) / static_cast<std::int64_t>(buffer->width);
  return {};
}

}  // namespace

std::uint32_t bytes_per_pixel(BitmapFormat format) {
  switch (format) {
    case BitmapFormat::kRgba8888:
      return 4;
    case BitmapFormat::kRgb565:
      return 2;
    case BitmapFormat::kA8:
      return 1;
  }
  return 4;
}

JavaBitmap::JavaBitmap(GuestHeap& heap, std::uint32_t width_in, std::uint32_t height_in,
                       BitmapFormat format_in)
    : width(width_in),
      height(height_in),
      format(format_in),
      // Rows begin at multiples of four bytes, as Skia has them.
      stride((width_in * bytes_per_pixel(format_in) + 3) & ~3U),
      pixels(heap.allocate(std::uint64_t{stride} * height_in, 16, true)),
      opaque(format_in == BitmapFormat::kRgb565),
      heap_(heap) {}

JavaBitmap::~JavaBitmap() { recycle(); }

void JavaBitmap::recycle() {
  if (pixels != 0) heap_.release(pixels);
  pixels = 0;
}

std::uint32_t JavaBitmap::argb(std::uint32_t x, std::uint32_t y) const {
  const auto* const at = reinterpret_cast<const std::uint8_t*>(
      pixels + std::uint64_t{y} * stride + std::uint64_t{x} * bytes_per_pixel(format));
  if (format == BitmapFormat::kA8) return std::uint32_t{at[0]} << 24U;
  if (format == BitmapFormat::kRgb565) {
    const std::uint32_t packed = at[0] | static_cast<std::uint32_t>(at[1]) << 8U;
    const std::uint32_t red = packed >> 11U;
    const std::uint32_t green = (packed >> 5U) & 63U;
    const std::uint32_t blue = packed & 31U;
    // The high bits once more below.
    return 0xff000000U | ((red << 3U | red >> 2U) << 16U) | ((green << 2U | green >> 4U) << 8U) |
           (blue << 3U | blue >> 2U);
  }
  const std::uint32_t alpha = opaque ? 255 : at[3];
  return alpha << 24U | divided(at[0], alpha) << 16U | divided(at[1], alpha) << 8U |
         divided(at[2], alpha);
}

void JavaBitmap::set_argb(std::uint32_t x, std::uint32_t y, std::uint32_t colour) {
  auto* const at = reinterpret_cast<std::uint8_t*>(pixels + std::uint64_t{y} * stride +
                                                   std::uint64_t{x} * bytes_per_pixel(format));
  const std::uint32_t alpha = colour >> 24U;
  const std::uint32_t red = (colour >> 16U) & 255U;
  const std::uint32_t green = (colour >> 8U) & 255U;
  const std::uint32_t blue = colour & 255U;
  if (format == BitmapFormat::kA8) {
    at[0] = static_cast<std::uint8_t>(alpha);
  } else if (format == BitmapFormat::kRgb565) {
    const std::uint32_t packed = (red >> 3U) << 11U | (green >> 2U) << 5U | blue >> 3U;
    at[0] = static_cast<std::uint8_t>(packed);
    at[1] = static_cast<std::uint8_t>(packed >> 8U);
  } else {
    at[0] = static_cast<std::uint8_t>(multiplied(red, alpha));
    at[1] = static_cast<std::uint8_t>(multiplied(green, alpha));
    at[2] = static_cast<std::uint8_t>(multiplied(blue, alpha));
    at[3] = static_cast<std::uint8_t>(alpha);
  }
}

JavaReference new_bitmap(OwnJavaWorld& world, GuestMachine& machine, std::uint32_t width,
                         std::uint32_t height, BitmapFormat format, ByteSpan pixels) {
  const std::uint64_t row = std::uint64_t{width} * bytes_per_pixel(format);
  if (width == 0 || height == 0 || width > kMaxBitmapSide || height > kMaxBitmapSide ||
      (!pixels.empty() && pixels.size() != row * height)) {
    illegal(world, "width, height and pixels do not make a bitmap");
    return 0;
  }
  auto bitmap = row * height > kMaxBitmapBytes
                    ? nullptr
                    : std::make_shared<JavaBitmap>(machine.heap, width, height, format);
  if (bitmap == nullptr || bitmap->pixels == 0) {
    world.raise_new("java/lang/OutOfMemoryError", "no memory for a bitmap");
    return 0;
  }
  if (!pixels.empty()) {
    for (std::uint32_t y = 0; y < height; ++y)
      std::memcpy(reinterpret_cast<void*>(bitmap->pixels + std::uint64_t{y} * bitmap->stride),
                  pixels.data() + y * row, row);
  }
  const JavaReference object = world.new_object(kBitmap);
  world.set_state(object, std::move(bitmap));
  return object;
}

std::shared_ptr<JavaBitmap> bitmap_of(OwnJavaWorld& world, JavaReference object) {
  return std::dynamic_pointer_cast<JavaBitmap>(world.state_of(object));
}

void add_bitmap_classes(OwnJavaWorld& world, GuestMachine& machine) {
  const auto on = [&](const std::string& member, const JavaHandler& handler) {
    world.handle(std::string(kBitmap) + "." + member, handler);
  };
  const auto number = [&](const std::string& member, std::int64_t (*of)(const JavaBitmap&)) {
    on(member, [of](const JavaCall& call) {
      const auto bitmap = bitmap_of(call.world, call.receiver);
      return java_int(bitmap == nullptr ? 0 : of(*bitmap));
    });
  };
  number("getWidth()I", [](const JavaBitmap& b) -> std::int64_t { return b.width; });
  number("getHeight()I", [](const JavaBitmap& b) -> std::int64_t { return b.height; });
  number("getRowBytes()I", [](const JavaBitmap& b) -> std::int64_t { return b.stride; });
  for (const char* const size : {"getByteCount()I", "getAllocationByteCount()I"})
    number(size, [](const JavaBitmap& b) { return static_cast<std::int64_t>(b.size()); });
  const auto yes_or_no = [&](const std::string& member, bool (*of)(const JavaBitmap&)) {
    on(member, [of](const JavaCall& call) {
      const auto bitmap = bitmap_of(call.world, call.receiver);
      return java_boolean(bitmap != nullptr && of(*bitmap));
    });
  };
  yes_or_no("isRecycled()Z", [](const JavaBitmap& b) { return b.pixels == 0; });
  yes_or_no("hasAlpha()Z", [](const JavaBitmap& b) { return !b.opaque; });
  yes_or_no("isMutable()Z", [](const JavaBitmap& b) { return b.pixels != 0; });
  yes_or_no("isPremultiplied()Z", [](const JavaBitmap& b) { return !b.opaque; });
  on("recycle()V", [](const JavaCall& call) {
    if (const auto bitmap = bitmap_of(call.world, call.receiver)) bitmap->recycle();
    return JavaValue{};
  });
  on("setHasAlpha(Z)V", [](const JavaCall& call) {
    const auto bitmap = bitmap_of(call.world, call.receiver);
    if (bitmap != nullptr && bitmap->format != BitmapFormat::kRgb565)
      bitmap->opaque = call.arguments[0].bits == 0;
    return JavaValue{};
  });
  on("getConfig()Landroid/graphics/Bitmap$Config;", [](const JavaCall& call) {
    const auto bitmap = bitmap_of(call.world, call.receiver);
    for (std::size_t i = 0; bitmap != nullptr && i < kConfigs.size(); ++i) {
      if (kConfigs[i].format == bitmap->format)
        return JavaValue::reference(config_object(call.world, i));
    }
    return java_null();
  });
  on("getPixels([IIIIIII)V", &exchange_pixels<false>);
  on("setPixels([IIIIIII)V", &exchange_pixels<true>);
  on("getPixel(II)I", [](const JavaCall& call) {
    const auto bitmap = with_pixels(call);
    if (bitmap == nullptr || !inside(call, *bitmap)) return java_int(0);
    return java_int(
        static_cast<std::int32_t>(bitmap->argb(static_cast<std::uint32_t>(int_argument(call, 0)),
                                               static_cast<std::uint32_t>(int_argument(call, 1)))));
  });
  on("setPixel(III)V", [](const JavaCall& call) {
    const auto bitmap = with_pixels(call);
    if (bitmap != nullptr && inside(call, *bitmap))
      bitmap->set_argb(static_cast<std::uint32_t>(int_argument(call, 0)),
                       static_cast<std::uint32_t>(int_argument(call, 1)),
                       static_cast<std::uint32_t>(int_argument(call, 2)));
    return JavaValue{};
  });
  on("eraseColor(I)V", [](const JavaCall& call) {
    const auto bitmap = with_pixels(call);
    for (std::uint32_t y = 0; bitmap != nullptr && y < bitmap->height; ++y) {
      for (std::uint32_t x = 0; x < bitmap->width; ++x)
        bitmap->set_argb(x, y, static_cast<std::uint32_t>(int_argument(call, 0)));
    }
    return JavaValue{};
  });
  on("copyPixelsToBuffer(Ljava/nio/Buffer;)V", &exchange_buffer<true>);
  on("copyPixelsFromBuffer(Ljava/nio/Buffer;)V", &exchange_buffer<false>);
  on("createBitmap(IILandroid/graphics/Bitmap$Config;)Landroid/graphics/Bitmap;",
     [&machine](const JavaCall& call) {
       return create(call, machine, int_argument(call, 0), int_argument(call, 1),
                     reference_argument(call, 2));
     });
  on("copy(Landroid/graphics/Bitmap$Config;Z)Landroid/graphics/Bitmap;",
     [&machine](const JavaCall& call) {
       const auto bitmap = with_pixels(call);
       if (bitmap == nullptr) return java_null();
       return copy(call, machine, *bitmap, reference_argument(call, 0));
     });

  const JavaReference config = world.find_class(kConfig);
  for (std::size_t i = 0; i < kConfigs.size(); ++i) {
    const JavaReference each = world.new_object(kConfig);
    world.put_field(each, "name", java_text(world, kConfigs[i].name));
    world.put_field(each, "ordinal", java_int(static_cast<std::int64_t>(i)));
    world.put_field(config, kConfigs[i].name, JavaValue::reference(each));
  }
  handle_all(world, {kConfig}, "name()Ljava/lang/String;", [](const JavaCall& call) {
    return JavaValue::reference(object_field(call.world, call.receiver, "name"));
  });
  handle_all(world, {kConfig}, "ordinal()I", [](const JavaCall& call) {
    return call.world.field(call.receiver, "ordinal").value_or(java_int(0));
  });
  world.handle(
      std::string(kConfig) + ".valueOf(Ljava/lang/String;)Landroid/graphics/Bitmap$Config;",
      [](const JavaCall& call) {
        if (null_argument(call, 0)) return java_null();
        const std::string name = call.world.utf8_of(reference_argument(call, 0));
        for (std::size_t i = 0; i < kConfigs.size(); ++i) {
          if (name == kConfigs[i].name) return JavaValue::reference(config_object(call.world, i));
        }
        illegal(call.world, "No enum constant android.graphics.Bitmap.Config." + name);
        return java_null();
      });
}

}  // namespace dl::guest
