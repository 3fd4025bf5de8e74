// SPDX-License-Identifier: Apache-2.0
// Steps from the picture's file to the tensor: decode, cut, find the face, resize, pack.
#include <algorithm>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/replay/image_codec.h"
#include "daylight/replay/orientation.h"
#include "daylight/replay/resize_kernels.h"
#include "daylight/replay/step_compiler.h"

namespace dl::steps {
namespace {

using Compiler = Result<CompiledStep> (*)(const StepParams&, const ValueType&, CompileContext&);

constexpr std::int64_t kMaxOffset = std::int64_t{1} << 30;

ValueType image_type(int width = 0, int height = 0) {
  ValueType type;
  type.kind = ValueKind::kImage;
  type.width = width;
  type.height = height;
  return type;
}

Result<int> side(const StepParams& step, const char* name) {
  return static_cast<int>(TRY(step.integer(name, 1, kMaxResizeSide)));
}

// --- source and decode

Result<CompiledStep> compile_user_image(const StepParams& step, const ValueType& in,
                                        CompileContext&) {
  if (in.kind != ValueKind::kFile) return step.refuse("a source cannot stand behind another step");
  CompiledStep compiled;
  compiled.function = [](const StepValue&, StepValue&, StepWorker&) { return StepResult(); };
  compiled.type.kind = ValueKind::kFile;
  return compiled;
}

Result<CompiledStep> compile_decode(const StepParams& step, const ValueType& in, CompileContext&) {
  if (in.kind != ValueKind::kFile) {
    return step.refuse(std::string("decoding needs a file, not a value of kind ") +
                       to_string(in.kind));
  }
  const std::string decoder = TRY(step.text_or("decoder", "assumed"));
  if (decoder != "android" && decoder != "assumed") {
    return step.refuse("there is no decoder '" + printable(decoder) + "'", ErrorCode::kUnsupported);
  }
  const bool upright = TRY(step.flag_or("exif", false));
  CompiledStep compiled;
  compiled.type = image_type();
  compiled.function = [upright](const StepValue&, StepValue& out,
                                StepWorker& worker) -> StepResult {
    auto decoded = decode_image(worker.file, worker.file_name);
    if (!decoded) return step_failure(PredictionStatus::kParseError, decoded.error().what);
    out.image = upright ? apply_orientation(decoded->image, decoded->orientation)
                        : std::move(decoded->image);
    premultiply_alpha(out.image);
    return {};
  };
  return compiled;
}

// --- picture to picture

Result<CompiledStep> compile_pixel_format(const StepParams& step, const ValueType& in,
                                          CompileContext&) {
  const std::string format = TRY(step.text("format"));
  CompiledStep compiled;
  compiled.type = in;
  if (format == "ARGB_8888") {
    compiled.function = [](const StepValue& from, StepValue& out, StepWorker&) {
      out.image = from.image;
      return StepResult();
    };
  } else if (format == "RGB_565") {
    compiled.function = [](const StepValue& from, StepValue& out, StepWorker&) {
      reduce_to_565(from.image, out.image);
      return StepResult();
    };
  } else {
    return step.refuse("there is no pixel format '" + printable(format) + "'",
                       ErrorCode::kUnsupported);
  }
  return compiled;
}

Result<CompiledStep> compile_center_crop(const StepParams& step, const ValueType&,
                                         CompileContext&) {
  const bool sized = step.has("width") || step.has("height");
  const bool square = TRY(step.flag_or("square", !sized));
  const int wanted_width = square ? 0 : TRY(side(step, "width"));
  const int wanted_height = square ? 0 : TRY(side(step, "height"));
  CompiledStep compiled;
  compiled.type = image_type();
  compiled.function = [=](const StepValue& from, StepValue& out, StepWorker&) {
    const int shorter = std::min(from.image.width, from.image.height);
    PixelBox box;
    box.width = square ? shorter : std::min(wanted_width, from.image.width);
    box.height = square ? shorter : std::min(wanted_height, from.image.height);
    box.x = (from.image.width - box.width) / 2;
    box.y = (from.image.height - box.height) / 2;
    crop_image(from.image, box, out.image);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_crop(const StepParams& step, const ValueType&, CompileContext&) {
  PixelBox box;
  box.x = static_cast<int>(TRY(step.integer("x", 0, kMaxOffset)));
  box.y = static_cast<int>(TRY(step.integer("y", 0, kMaxOffset)));
  box.width = TRY(side(step, "width"));
  box.height = TRY(side(step, "height"));
  CompiledStep compiled;
  compiled.type = image_type(box.width, box.height);
  compiled.function = [box](const StepValue& from, StepValue& out, StepWorker&) -> StepResult {
    // Android's Bitmap.createBitmap throws here, so the app has no answer.
    if (clip_to(from.image, box) != box) {
      return step_failure(PredictionStatus::kCrash, "the crop does not lie in the picture");
    }
    crop_image(from.image, box, out.image);
    return {};
  };
  return compiled;
}

Result<CompiledStep> compile_crop_or_pad(const StepParams& step, const ValueType&,
                                         CompileContext&) {
  const int width = TRY(side(step, "width"));
  const int height = TRY(side(step, "height"));
  CompiledStep compiled;
  compiled.type = image_type(width, height);
  compiled.function = [=](const StepValue& from, StepValue& out, StepWorker&) {
    crop_or_pad_image(from.image, width, height, out.image);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_rotate(const StepParams& step, const ValueType& in, CompileContext&) {
  const int turns = static_cast<int>(TRY(step.integer("quarter_turns", -kMaxOffset, kMaxOffset)));
  CompiledStep compiled;
  compiled.type = turns % 2 == 0 ? in : image_type(in.height, in.width);
  compiled.function = [turns](const StepValue& from, StepValue& out, StepWorker&) {
    rotate_image(from.image, turns, out.image);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_flip(const StepParams& step, const ValueType& in, CompileContext&) {
  const std::string name = TRY(step.text("axis"));
  if (name != "horizontal" && name != "vertical") {
    return step.refuse("there is no axis '" + printable(name) + "'");
  }
  const FlipAxis axis = name == "horizontal" ? FlipAxis::kHorizontal : FlipAxis::kVertical;
  CompiledStep compiled;
  compiled.type = in;
  compiled.function = [axis](const StepValue& from, StepValue& out, StepWorker&) {
    flip_image(from.image, axis, out.image);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_resize(const StepParams& step, const ValueType&, CompileContext&) {
  const int width = TRY(side(step, "width"));
  const int height = TRY(side(step, "height"));
  const auto kernel = resize_kernel_from_string(TRY(step.text("kernel")));
  if (!kernel) return step.refuse(kernel.error().what + "; " + kernel.error().hint);
  CompiledStep compiled;
  compiled.type = image_type(width, height);
  compiled.function = [=, chosen = *kernel](const StepValue& from, StepValue& out, StepWorker&) {
    resize_image(chosen, from.image, width, height, out.image);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_grayscale(const StepParams& step, const ValueType& in,
                                       CompileContext&) {
  const std::string name = TRY(step.text_or("weights", "bt601"));
  if (name != "bt601" && name != "android-saturation") {
    return step.refuse("there are no grey weights '" + printable(name) + "'");
  }
  const GreyWeights weights = name == "bt601" ? kGreyBt601 : kGreyAndroidSaturation;
  CompiledStep compiled;
  compiled.type = in;
  compiled.function = [weights](const StepValue& from, StepValue& out, StepWorker&) {
    grey_image(from.image, weights, out.image);
    return StepResult();
  };
  return compiled;
}

// --- the face crop

// Where the crop lies around a face, in parts: of the eye distance from the mid-point between the
// eyes, or of the finder's box from its left upper corner.
struct FaceBoxForm {
  bool by_eyes = true;
  double left = 0.0;
  double top = 0.0;
  double right = 1.0;
  double bottom = 1.0;
};

Result<FaceBoxForm> read_box_form(const StepParams& step) {
  const Json& params = step.json();
  const auto box = params.is_object() ? params.find("box") : params.end();
  if (box == params.end() || !box->is_object())
    return step.refuse("the parameter 'box' is missing");
  const StepParams inner(step.step_id(), step.op(), *box);
  const std::string form = TRY(inner.text("form"));
  FaceBoxForm read;
  if (form == "eye-distance") {
    read.left = TRY(inner.number("left"));
    read.top = TRY(inner.number("top"));
    read.right = TRY(inner.number("right"));
    read.bottom = TRY(inner.number("bottom"));
    // Offsets have a sign: a face crop that leaves out the point between the eyes is a misreading.
    if (read.left >= 0 || read.top >= 0 || read.right <= 0 || read.bottom <= 0) {
      return step.refuse(
          "a box by eye distance has left and top below 0, right and bottom above 0");
    }
    return read;
  }
  if (form == "finder-box") {
    read.by_eyes = false;
    const double margin = TRY(inner.number_or("margin", 0.0));
    if (!(margin > -0.5 && margin < 100.0)) return step.refuse("the margin makes no sense");
    read.left = read.top = -margin;
    read.right = read.bottom = 1.0 + margin;
    return read;
  }
  return step.refuse("replay does not know the box form '" + printable(form) + "'",
                     ErrorCode::kUnsupported);
}

// The crop around the finder's square, cut to whole pixels as an app's (int) does, inside the
// picture.
PixelBox crop_box(const Image& image, const PixelBox& face, const FaceBoxForm& form) {
  const double unit = form.by_eyes ? kEyeDistance * face.width : face.width;
  const double origin_x = form.by_eyes ? face.x + 0.5 * face.width : face.x;
  const double origin_y = form.by_eyes ? face.y + kEyeLine * face.height : face.y;
  const double limit = 1e8;
  const auto whole = [&](double value) {
    return static_cast<int>(std::clamp(value, -limit, limit));
  };
  PixelBox box;
  box.x = whole(std::max(0.0, origin_x + form.left * unit));
  box.y = whole(std::max(0.0, origin_y + form.top * unit));
  box.width = whole(origin_x + form.right * unit) - box.x;
  box.height = whole(origin_y + form.bottom * unit) - box.y;
  return clip_to(image, box);
}

Result<CompiledStep> compile_face_crop(const StepParams& step, const ValueType&,
                                       CompileContext& context) {
  const std::string finder = TRY(step.text_or("finder", "unknown"));
  const FaceBoxForm form = TRY(read_box_form(step));
  const std::string fallback = TRY(step.text_or("fallback", "none"));
  if (fallback != "none" && fallback != "whole-image") {
    return step.refuse("there is no fallback '" + printable(fallback) + "'");
  }
  context.needs_finder = true;
  // A miss of the substitute is not a miss of the app's own finder: what the app would do without a
  // face is told, not done.
  const std::string instead =
      fallback == "whole-image"
          ? "; the app itself goes on with the whole picture where its finder sees no face"
          : "";
  const Substitution substitution = {step.step_id(), "opencv-haar:" + FaceFinderOptions().cascade,
                                     "assumed",
                                     "the finder " + printable(finder) +
                                         " is not in the app; a picture in which the substitute "
                                         "does not see exactly one face keeps that as its outcome" +
                                         instead};
  auto& list = context.substitutions;
  if (std::find(list.begin(), list.end(), substitution) == list.end()) list.push_back(substitution);

  CompiledStep compiled;
  compiled.type = image_type();
  compiled.function = [form](const StepValue& from, StepValue& out,
                             StepWorker& worker) -> StepResult {
    const auto faces = worker.finder->find(from.image);
    if (!faces) return step_failure(PredictionStatus::kCrash, faces.error().what);
    if (faces->size() > 1) return step_failure(PredictionStatus::kMultiFace);
    if (faces->empty()) return step_failure(PredictionStatus::kNoFace);
    const PixelBox box = crop_box(from.image, faces->front(), form);
    if (box.width < 1 || box.height < 1) {
      return step_failure(PredictionStatus::kCrash, "the face crop does not lie in the picture");
    }
    crop_image(from.image, box, out.image);
    return {};
  };
  return compiled;
}

// --- picture to tensor

Result<CompiledStep> compile_to_tensor(const StepParams& step, const ValueType& in,
                                       CompileContext&) {
  const std::string order_name = TRY(step.text_or("order", "RGB"));
  ChannelOrder order = ChannelOrder::kRgb;
  if (order_name == "BGR") {
    order = ChannelOrder::kBgr;
  } else if (order_name == "GRAY") {
    order = ChannelOrder::kGrey;
  } else if (order_name != "RGB") {
    return step.refuse("there is no channel order '" + printable(order_name) + "'");
  }
  const std::string dtype = TRY(step.text_or("dtype", "float32"));
  const auto type = element_type_from_string(dtype);
  if (!type || (*type != ElementType::kFloat32 && *type != ElementType::kUint8)) {
    return step.refuse("pixels are packed as float32 or uint8, not '" + printable(dtype) + "'");
  }
  CompiledStep compiled;
  compiled.type.kind = ValueKind::kTensor;
  compiled.type.element = *type;
  if (in.width > 0 && in.height > 0) {
    compiled.type.shape = {1, in.height, in.width, order == ChannelOrder::kGrey ? 1 : 3};
  }
  compiled.function = [order, packed = *type](const StepValue& from, StepValue& out, StepWorker&) {
    image_to_tensor(from.image, order, packed, out.tensor);
    return StepResult();
  };
  return compiled;
}

struct OpEntry {
  const char* op;
  Compiler compile;
};

constexpr std::array kFileOps = {
    OpEntry{"user-image", compile_user_image},
    OpEntry{"decode-image", compile_decode},
};
constexpr std::array kImageOps = {
    OpEntry{"pixel-format", compile_pixel_format},
    OpEntry{"face-crop", compile_face_crop},
    OpEntry{"center-crop", compile_center_crop},
    OpEntry{"crop", compile_crop},
    OpEntry{"crop-or-pad", compile_crop_or_pad},
    OpEntry{"rotate", compile_rotate},
    OpEntry{"flip", compile_flip},
    OpEntry{"resize", compile_resize},
    OpEntry{"grayscale", compile_grayscale},
    OpEntry{"to-tensor", compile_to_tensor},
};

}  // namespace

Result<CompiledStep> compile_image_step(const StepParams& step, const ValueType& in,
                                        CompileContext& context) {
  for (const OpEntry& entry : kFileOps) {
    if (step.op() == entry.op) return entry.compile(step, in, context);
  }
  for (const OpEntry& entry : kImageOps) {
    if (step.op() != entry.op) continue;
    if (in.kind != ValueKind::kImage) {
      return step.refuse(std::string("the op needs a picture, not a value of kind ") +
                         to_string(in.kind));
    }
    return entry.compile(step, in, context);
  }
  return CompiledStep{};
}

}  // namespace dl::steps
