// SPDX-License-Identifier: Apache-2.0
// What the interpreter knows about Android: bitmaps and their pixels, colours, faces, what shows or
// sends a text.
#include "daylight/program/dex_flow/dex_flow_models.h"

namespace dl::program {
namespace {

// Pictures behind a picture that are asked for its size.
constexpr int kMaxSideDepth = 8;

NodeId side_of(FlowGraph& graph, NodeId bitmap, bool width, int depth) {
  const FlowNode node = graph.at(bitmap);
  if (node.op == FlowOp::kCall && depth > 0) {
    const std::string_view api = node.text;
    if (api == "android.graphics.Bitmap.createScaledBitmap" && node.args.size() == 4)
      return node.args[width ? 1 : 2];
    if (api == "android.view.TextureView.getBitmap" && node.args.size() == 3)
      return node.args[width ? 1 : 2];
    if (api == "android.media.ThumbnailUtils.extractThumbnail" && node.args.size() >= 3)
      return node.args[width ? 1 : 2];
    if (api == "android.graphics.Bitmap.createBitmap") {
      if (node.args.size() == 5) return node.args[width ? 3 : 4];
      if (node.args.size() == 3) return node.args[width ? 0 : 1];
      if (node.args.size() == 1) return side_of(graph, node.args[0], width, depth - 1);
    }
    if (api == "android.graphics.Bitmap.copy" || api == "android.graphics.Canvas.drawBitmap" ||
        api == "android.graphics.Bitmap.setPixels") {
      return side_of(graph, node.args[0], width, depth - 1);
    }
  }
  if (node.op == FlowOp::kSelect && depth > 0) {
    const NodeId yes = side_of(graph, node.args[1], width, depth - 1);
    const NodeId no = side_of(graph, node.args[2], width, depth - 1);
    if (graph.same(yes, no)) return yes;
  }
  return graph.call(
      width ? "android.graphics.Bitmap.getWidth" : "android.graphics.Bitmap.getHeight", {bitmap},
      kNoSite);
}

NodeId frozen(FlowCall& call, std::size_t i) {
  return call.machine.freeze(call.state, call.arg(i), call.site);
}

std::vector<NodeId> all_frozen(FlowCall& call) {
  std::vector<NodeId> args;
  for (std::size_t i = 0; i < call.args.size(); ++i) args.push_back(frozen(call, i));
  return args;
}

// ---- bitmaps ----

std::optional<NodeId> bitmap_side(FlowCall& call) {
  return flow_bitmap_side(call.graph, frozen(call, 0), call.name == "getWidth");
}

std::optional<NodeId> create_bitmap(FlowCall& call) {
  const NodeId made = call.graph.call(call.api, all_frozen(call), call.site);
  const bool blank = !call.proto.parameters.empty() &&
                     call.machine.index().descriptor(call.proto.parameters[0]) == "I";
  if (!blank) return made;
  const NodeId node =
      call.machine.new_object(call.state, FlowObjectKind::kFramework, call.proto.result, call.site);
  if (auto object = call.machine.edit(call.state, node)) {
    object->set(kStateField, made);
    FlowMachine::put(call.state, std::move(*object));
  }
  return node;
}

std::optional<NodeId> get_pixels(FlowCall& call) {
  // getPixels(array, offset, stride, x, y, width, height)
  auto array = call.machine.edit(call.state, call.arg(1));
  if (!array) return std::nullopt;
  const NodeId bitmap = frozen(call, 0);
  const NodeId width = flow_bitmap_side(call.graph, bitmap, true);
  const NodeId height = flow_bitmap_side(call.graph, bitmap, false);
  const auto is = [&](std::size_t i, std::int64_t value) {
    return call.graph.constant_integer(call.arg(i)) == value;
  };
  const bool whole = is(4, 0) && is(5, 0) && call.graph.same(call.arg(6), width) &&
                     call.graph.same(call.arg(7), height);
  const bool packed = is(2, 0) && call.graph.same(call.arg(3), call.arg(6));
  NodeId source = kNoNode;
  const std::int64_t columns = call.graph.constant_integer(call.arg(6)).value_or(0);
  if (!packed) {
    source = call.graph.unknown("pixels with a stride", {bitmap}, call.site);
  } else if (whole) {
    source = call.graph.pixels(bitmap, columns, call.site);
  } else {
    const NodeId part =
        call.graph.call("android.graphics.Bitmap.createBitmap",
                        {bitmap, call.arg(4), call.arg(5), call.arg(6), call.arg(7)}, call.site);
    // A picture whose own size is not known is taken to be as large as what is read of it from its
    // corner.
    const bool unknown_size = !call.graph.constant_integer(width);
    source =
        call.graph.pixels(is(4, 0) && is(5, 0) && unknown_size ? bitmap : part, columns, call.site);
  }
  array->content.base = {};
  array->content.base.source = source;
  array->content.writes.clear();
  FlowMachine::put(call.state, std::move(*array));
  return kNoNode;
}

std::optional<NodeId> get_pixel(FlowCall& call) {
  const NodeId bitmap = frozen(call, 0);
  const NodeId width = flow_bitmap_side(call.graph, bitmap, true);
  const auto columns = call.graph.constant_integer(width);
  if (!columns)
    return call.graph.call("android.graphics.Bitmap.getPixel", {bitmap, call.arg(1), call.arg(2)},
                           call.site);
  const NodeId place = call.graph.add(call.graph.scale(call.arg(2), *columns), call.arg(1));
  return call.graph.element(call.graph.pixels(bitmap, *columns, call.site), place, call.site);
}

std::optional<NodeId> set_pixels(FlowCall& call) {
  auto bitmap = call.machine.edit(call.state, call.arg(0));
  if (!bitmap) return std::nullopt;
  bitmap->set(kStateField, call.graph.call("android.graphics.Bitmap.setPixels",
                                           {frozen(call, 0), frozen(call, 1)}, call.site));
  FlowMachine::put(call.state, std::move(*bitmap));
  return kNoNode;
}

std::optional<NodeId> canvas_init(FlowCall& call) {
  auto canvas = call.machine.edit(call.state, call.arg(0));
  if (!canvas) return kNoNode;
  if (call.args.size() > 1) canvas->set(kParentField, call.arg(1));
  FlowMachine::put(call.state, std::move(*canvas));
  return kNoNode;
}
std::optional<NodeId> draw_bitmap(FlowCall& call) {
  const FlowObject* canvas = call.machine.object(call.state, call.arg(0));
  const NodeId target = canvas != nullptr ? canvas->get(kParentField) : kNoNode;
  if (target == kNoNode) return std::nullopt;
  auto bitmap = call.machine.edit(call.state, target);
  if (!bitmap) return kNoNode;
  std::vector<NodeId> args = all_frozen(call);
  args[0] = call.machine.freeze(call.state, target, call.site);
  bitmap->set(kStateField,
              call.graph.call("android.graphics.Canvas.drawBitmap", std::move(args), call.site));
  FlowMachine::put(call.state, std::move(*bitmap));
  return kNoNode;
}

// A call that changes its receiver although it answers true or false.
std::optional<NodeId> changes_receiver(FlowCall& call) {
  auto object = call.machine.edit(call.state, call.arg(0));
  if (!object) return std::nullopt;
  object->set(kStateField, call.graph.call(call.api, all_frozen(call), call.site));
  FlowMachine::put(call.state, std::move(*object));
  return call.proto.result != kNoId && call.machine.index().descriptor(call.proto.result) == "V"
             ? kNoNode
             : call.graph.integer(1, call.site);
}

// ---- colours ----

std::optional<NodeId> colour_part(FlowCall& call) {
  const std::int64_t shift =
      call.name == "red" ? 16 : (call.name == "green" ? 8 : (call.name == "alpha" ? 24 : 0));
  NodeId value = call.arg(0);
  if (shift != 0)
    value = call.graph.integer_op(shift == 24 ? FlowOp::kUshr : FlowOp::kShr, value,
                                  call.graph.integer(shift), call.site);
  return call.graph.integer_op(FlowOp::kAnd, value, call.graph.integer(255), call.site);
}

// ---- faces ----

std::optional<NodeId> find_faces(FlowCall& call) {
  const NodeId found = call.graph.call("android.media.FaceDetector.findFaces",
                                       {frozen(call, 0), frozen(call, 1)}, call.site);
  if (auto faces = call.machine.edit(call.state, call.arg(2))) {
    faces->content.base = {};
    faces->content.base.source = found;
    faces->content.writes.clear();
    FlowMachine::put(call.state, std::move(*faces));
  }
  return call.graph.call("android.media.FaceDetector.count", {found}, call.site);
}
std::optional<NodeId> mid_point(FlowCall& call) {
  auto point = call.machine.edit(call.state, call.arg(1));
  if (!point) return kNoNode;
  for (const char* axis : {"x", "y"}) {
    const FieldId field = call.machine.field_named("Landroid/graphics/PointF;", axis);
    if (field == kNoId) continue;
    point->set(field,
               call.graph.call("android.media.FaceDetector.Face.getMidPoint." + std::string(axis),
                               {call.arg(0)}, call.site));
  }
  FlowMachine::put(call.state, std::move(*point));
  return kNoNode;
}

// ---- where answers go ----

std::optional<NodeId> shows(FlowCall& call) {
  call.machine.add_sink(call, call.is_static ? 0 : 1);
  return std::nullopt;
}

std::optional<NodeId> get_string(FlowCall& call) {
  // The receiver says nothing; the identifier and the arguments do.
  std::vector<NodeId> args;
  for (std::size_t i = call.is_static ? 0 : 1; i < call.args.size(); ++i)
    args.push_back(frozen(call, i));
  return call.graph.call("android.content.Context." + std::string(call.name), std::move(args),
                         call.site);
}
std::optional<NodeId> get_assets(FlowCall& call) {
  return call.graph.call("android.content.Context.getAssets", {}, kNoSite);
}

}  // namespace

const FlowModelTable& android_flow_models() {
  static const FlowModelTable kTable = {
      {"Bitmap.getWidth", bitmap_side},
      {"Bitmap.getHeight", bitmap_side},
      {"Bitmap.createBitmap", create_bitmap},
      {"Bitmap.getPixels", get_pixels},
      {"Bitmap.getPixel", get_pixel},
      {"Bitmap.setPixels", set_pixels},
      {"Canvas.<init>", canvas_init},
      {"Canvas.drawBitmap", draw_bitmap},
      {"Matrix.postScale", changes_receiver},
      {"Matrix.postRotate", changes_receiver},
      {"Matrix.postTranslate", changes_receiver},
      {"Matrix.preScale", changes_receiver},
      {"Matrix.preRotate", changes_receiver},
      {"Matrix.preTranslate", changes_receiver},
      {"Matrix.postConcat", changes_receiver},
      {"Matrix.setRectToRect", changes_receiver},
      {"Matrix.preConcat", changes_receiver},
      {"Matrix.invert", changes_receiver},
      {"Color.red", colour_part},
      {"Color.green", colour_part},
      {"Color.blue", colour_part},
      {"Color.alpha", colour_part},
      {"FaceDetector.findFaces", find_faces},
      {"Face.getMidPoint", mid_point},
      {"FaceDetector$Face.getMidPoint", mid_point},
      {"*.setText", shows},
      {"Toast.makeText", shows},
      {"*.putExtra", shows},
      {"Canvas.drawText", shows},
      {"*.setContentDescription", shows},
      {"*.setTitle", shows},
      {"*.setMessage", shows},
      {"*.setContentText", shows},
      {"TextView.append", shows},
      {"Log.d", shows},
      {"Log.i", shows},
      {"Log.w", shows},
      {"Log.e", shows},
      {"Log.v", shows},
      {"PrintStream.println", shows},
      {"JSONObject.put", shows},
      {"*.putString", shows},
      {"*.putFloat", shows},
      {"*.putInt", shows},
      {"*.setProgress", shows},
      {"*.postValue", shows},
      {"MutableLiveData.setValue", shows},
      {"LiveData.setValue", shows},
      {"*.getString", get_string},
      {"*.getText", get_string},
      {"*.getAssets", get_assets},
  };
  return kTable;
}

NodeId flow_bitmap_side(FlowGraph& graph, NodeId bitmap, bool width) {
  return side_of(graph, bitmap, width, kMaxSideDepth);
}

FlowModel find_flow_model(std::string_view owner, std::string_view name) {
  const std::string key = std::string(owner) + "." + std::string(name);
  for (const FlowModelTable* table : {&android_flow_models(), &buffer_flow_models(),
                                      &collection_flow_models(), &java_flow_models()}) {
    const auto found = table->find(key);
    if (found != table->end()) return found->second;
  }
  return nullptr;
}

}  // namespace dl::program
