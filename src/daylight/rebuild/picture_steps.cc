// SPDX-License-Identifier: Apache-2.0
// Follows a bitmap back through the calls that made it.
#include "daylight/rebuild/picture_steps.h"

#include <algorithm>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/rebuild/face_box.h"

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

constexpr std::size_t kMaxWeighed = 4000;
// Sides of pictures; what is larger is no size.
constexpr double kMaxSide = 65536;

class PictureReader {
 public:
  PictureReader(FlowGraph& graph, const CodeEvidence& evidence)
      : graph_(graph), evidence_(evidence) {}

  PictureSteps read(NodeId bitmap) {
    NodeId at = bitmap;
    for (int i = 0; i < kMaxPictureSteps && at != kNoNode; ++i) at = before(at);
    if (at != kNoNode)
      result_.gaps.emplace_back("the picture passes through more steps than are followed");
    std::reverse(result_.steps.begin(), result_.steps.end());
    return std::move(result_);
  }

 private:
  // Notes the step that made `at` (steps are collected from the last to the first) and gives the
  // picture before it; kNoNode behind the source.
  NodeId before(NodeId at) {
    const FlowNode node = graph_.at(at);
    if (node.op == FlowOp::kSelect) return before_select(at, node);
    if (node.op == FlowOp::kChoice) {
      result_.gaps.emplace_back("the picture comes from one of several places; the first is taken");
      return preferred(node.args, 0);
    }
    if (node.op == FlowOp::kCall) {
      if (node.text == "android.graphics.Bitmap.createScaledBitmap" && node.args.size() == 4)
        return scaled(at, node);
      if (node.text == "android.graphics.Bitmap.createBitmap") return created(at, node);
      if (node.text == "android.graphics.Bitmap.copy" && node.args.size() >= 2)
        return copied(at, node);
      if (node.text == "android.graphics.Canvas.drawBitmap") return drawn(at, node);
      if (node.text == "android.media.ThumbnailUtils.extractThumbnail" && node.args.size() >= 3)
        return thumbnail(at, node);
      if (node.text == "android.graphics.Bitmap.setPixels") {
        result_.gaps.emplace_back(
            "pixels are changed one by one (Bitmap.setPixels), which is not followed");
        return node.args[0];
      }
    }
    return source(at, node);
  }

  NodeId preferred(const std::vector<NodeId>& options, std::size_t first) const {
    NodeId best = kNoNode;
    std::size_t most = 0;
    for (std::size_t i = first; i < options.size(); ++i) {
      const std::size_t size = graph_.reachable(options[i], kMaxWeighed).size();
      if (best == kNoNode || size > most) {
        best = options[i];
        most = size;
      }
    }
    return best;
  }

  NodeId simplest(const std::vector<NodeId>& options, std::size_t first) const {
    NodeId best = kNoNode;
    std::size_t least = 0;
    for (std::size_t i = first; i < options.size(); ++i) {
      const std::size_t size = graph_.reachable(options[i], kMaxWeighed).size();
      if (best == kNoNode || size < least) {
        best = options[i];
        least = size;
      }
    }
    return best;
  }

  // A choice that depends on whether a face was found is one step: crop to the face, else the
  // fallback.
  NodeId before_select(NodeId at, const FlowNode& node) {
    const NodeId found = face_finder_in(graph_, node.args[0]);
    if (found != kNoNode) {
      for (const std::size_t with : {std::size_t{1}, std::size_t{2}}) {
        if (NodeId next = kNoNode; face_choice(at, node.args[with], node.args[3 - with], next))
          return next;
      }
    }
    const NodeId chosen = preferred(node.args, 1);
    const NodeId other = chosen == node.args[1] ? node.args[2] : node.args[1];
    if (graph_.is_null(other)) return chosen;
    const auto inside = graph_.reachable(chosen, kMaxWeighed);
    const bool skips = std::find(inside.begin(), inside.end(), other) != inside.end();
    result_.gaps.push_back(skips ? "a step is left out where " + graph_.describe(node.args[0], 5) +
                                       " decides so; it is taken to happen"
                                 : "the picture takes one of two ways, by " +
                                       graph_.describe(node.args[0], 5) + "; the longer is taken");
    return chosen;
  }

  // `cropped` is source -> crop to a face -> pixel format; `whole` is the same source, perhaps with
  // the same pixel format.
  bool face_choice(NodeId at, NodeId cropped, NodeId whole, NodeId& next) {
    std::vector<NodeId> copies;
    NodeId crop = strip_copies(cropped, copies);
    const FlowNode node = graph_.at(crop);
    if (node.op != FlowOp::kCall || node.text != "android.graphics.Bitmap.createBitmap" ||
        node.args.size() < 5)
      return false;
    auto box = read_face_box(graph_, node.args[1], node.args[2], node.args[3], node.args[4]);
    if (!box) return false;
    std::vector<NodeId> other_copies;
    const NodeId rest = strip_copies(whole, other_copies);
    const NodeId source = node.args[0];
    std::vector<NodeId> source_copies;
    const NodeId bare_source = strip_copies(source, source_copies);
    const bool same_picture =
        rest == source || rest == bare_source || graph_.same(rest, bare_source);
    std::string fallback = "none";
    if (same_picture) {
      fallback = "whole-image";
    } else if (!graph_.is_null(rest)) {
      result_.gaps.push_back("without a face the app uses another picture: " +
                             graph_.describe(rest, 4));
    }
    if (!copies.empty()) pixel_format(copies[0], at);
    add_face_crop(*box, fallback, crop, at);
    next = source;
    return true;
  }

  NodeId strip_copies(NodeId at, std::vector<NodeId>& copies) const {
    for (int i = 0; i < 8; ++i) {
      const FlowNode& node = graph_.at(at);
      if (node.op != FlowOp::kCall || node.text != "android.graphics.Bitmap.copy") break;
      copies.push_back(at);
      at = node.args[0];
    }
    return at;
  }

  void add(std::string op, Json params, NodeId value, NodeId from, const char* rule,
           Proof proof = static_proof()) {
    DraftStep step;
    step.op = std::move(op);
    step.params = std::move(params);
    step.proof = std::move(proof);
    step.value = value;
    if (from != kNoNode) evidence_.add_node(step.evidence, from, rule);
    result_.steps.push_back(std::move(step));
  }

  void note_size(std::int64_t width, std::int64_t height) {
    if (sized_) return;
    sized_ = true;
    result_.width = width;
    result_.height = height;
  }

  void add_face_crop(const FaceBox& box, const std::string& fallback, NodeId crop, NodeId value) {
    note_size(0, 0);
    Json params = {{"finder", box.finder}, {"box", box.box}, {"fallback", fallback}};
    if (box.max_faces > 0) params["max_faces"] = box.max_faces;
    Proof proof = static_proof();
    DraftStep step;
    step.op = "face-crop";
    if (box.box.is_null()) {
      result_.gaps.emplace_back(
          "how the crop follows from the face was not understood; the box is assumed");
      params["box"] = {
          {"form", "eye-distance"}, {"left", -2.0}, {"top", -2.0}, {"right", 2.0}, {"bottom", 2.0}};
      proof = assumed_proof(
          "the crop depends on a face that was found, but its arithmetic was not understood");
    }
    step.params = std::move(params);
    step.proof = std::move(proof);
    step.value = value;
    evidence_.add_node(step.evidence, box.found, "rebuild.face-finder");
    evidence_.add_node(step.evidence, crop, "rebuild.face-crop");
    const FlowNode& node = graph_.at(crop);
    for (std::size_t i = 1; i < node.args.size() && i < 5; ++i) {
      for (const NodeId part : graph_.reachable(node.args[i], 60)) {
        const FlowOp op = graph_.at(part).op;
        if (op == FlowOp::kFMul || op == FlowOp::kFAdd || op == FlowOp::kFSub)
          evidence_.add_node(step.evidence, part, "rebuild.face-box");
      }
    }
    result_.steps.push_back(std::move(step));
  }

  NodeId scaled(NodeId at, const FlowNode& node) {
    const auto width = graph_.constant_integer(node.args[1]);
    const auto height = graph_.constant_integer(node.args[2]);
    if (!width || !height) {
      result_.gaps.push_back(
          "a resize to a size that was not understood: " + graph_.describe(node.args[1], 4) +
          " x " + graph_.describe(node.args[2], 4));
      note_size(0, 0);
      return node.args[0];
    }
    const auto filter = graph_.truth(node.args[3]);
    Json params = {{"width", *width},
                   {"height", *height},
                   {"kernel", !filter || *filter ? "android-bilinear" : "android-nearest"}};
    note_size(*width, *height);
    Proof proof =
        filter ? static_proof() : assumed_proof("whether the resize filters was not understood");
    add("resize", params, at, at, "rebuild.resize", proof);
    if (!filter) {
      Json other = params;
      other["kernel"] = "android-nearest";
      result_.steps.back().alternatives.push_back(
          {"android-nearest", "resize", other, "the resize may not filter"});
    }
    return node.args[0];
  }

  // createBitmap(source [, x, y, width, height [, matrix, filter]]), or an empty one of width x
  // height.
  NodeId created(NodeId at, const FlowNode& node) {
    if (node.args.size() == 1) return node.args[0];
    if (node.args.size() < 5) return source(at, node);
    NodeId next = node.args[0];
    if (node.args.size() >= 7) matrix(at, node);
    const NodeId x = node.args[1];
    const NodeId y = node.args[2];
    if (auto box = read_face_box(graph_, x, y, node.args[3], node.args[4])) {
      add_face_crop(*box, "none", at, at);
      return next;
    }
    const NodeId own_width = side(next, true);
    const NodeId own_height = side(next, false);
    const auto is_zero = [&](NodeId id) { return graph_.constant_integer(id) == std::int64_t{0}; };
    if (is_zero(x) && is_zero(y) && graph_.same(node.args[3], own_width) &&
        graph_.same(node.args[4], own_height))
      return next;
    if (const auto square = centred(node, own_width, own_height)) {
      add("center-crop", *square, at, at, "rebuild.center-crop");
      note_size(square->value("width", 0), square->value("height", 0));
      return next;
    }
    const auto cx = graph_.constant_integer(x);
    const auto cy = graph_.constant_integer(y);
    const auto cw = graph_.constant_integer(node.args[3]);
    const auto ch = graph_.constant_integer(node.args[4]);
    if (cx && cy && cw && ch) {
      add("crop", {{"x", *cx}, {"y", *cy}, {"width", *cw}, {"height", *ch}}, at, at,
          "rebuild.crop");
      note_size(*cw, *ch);
      return next;
    }
    result_.gaps.push_back("a crop whose place was not understood: " + graph_.describe(x, 4) +
                           ", " + graph_.describe(y, 4));
    note_size(0, 0);
    return next;
  }

  NodeId side(NodeId bitmap, bool width) {
    return program::flow_bitmap_side(graph_, bitmap, width);
  }

  // x = (W - w) / 2 and y = (H - h) / 2, with w and h constant, or both min(W, H).
  std::optional<Json> centred(const FlowNode& node, NodeId own_width, NodeId own_height) {
    const auto half_of_rest = [&](NodeId place, NodeId whole, NodeId part) {
      const NodeId rest = graph_.subtract(whole, part);
      const FlowNode& at = graph_.at(place);
      if ((at.op == FlowOp::kDiv || at.op == FlowOp::kShr) &&
          graph_.constant_integer(at.args[1]) == (at.op == FlowOp::kDiv ? 2 : 1)) {
        return graph_.same(at.args[0], rest);
      }
      // W / 2 - w / 2
      const auto halved = [&](NodeId id) {
        return graph_.integer_op(FlowOp::kDiv, id, graph_.integer(2), program::kNoSite);
      };
      return graph_.same(place, graph_.subtract(halved(whole), halved(part))) ||
             graph_.same(place, halved(rest));
    };
    const NodeId w = node.args[3];
    const NodeId h = node.args[4];
    if (graph_.same(w, h)) {
      const NodeId least =
          graph_.extreme(FlowOp::kMin, own_width, own_height, false, false, program::kNoSite);
      const NodeId flipped =
          graph_.extreme(FlowOp::kMin, own_height, own_width, false, false, program::kNoSite);
      const bool smallest =
          graph_.same(w, least) || graph_.same(w, flipped) || smaller_of(w, own_width, own_height);
      if (smallest && half_of_rest(node.args[1], own_width, w) &&
          half_of_rest(node.args[2], own_height, h))
        return Json{{"square", true}};
    }
    const auto cw = graph_.constant_integer(w);
    const auto ch = graph_.constant_integer(h);
    if (cw && ch && half_of_rest(node.args[1], own_width, w) &&
        half_of_rest(node.args[2], own_height, h)) {
      return Json{{"width", *cw}, {"height", *ch}};
    }
    return std::nullopt;
  }

  // W > H ? H : W in any of its spellings.
  bool smaller_of(NodeId id, NodeId width, NodeId height) const {
    const FlowNode& node = graph_.at(id);
    if (node.op != FlowOp::kSelect) return false;
    const FlowNode& test = graph_.at(node.args[0]);
    if (test.op != FlowOp::kGt && test.op != FlowOp::kGe) return false;
    const bool larger_first = graph_.same(test.args[0], width) && graph_.same(test.args[1], height);
    const bool smaller_first =
        graph_.same(test.args[0], height) && graph_.same(test.args[1], width);
    if (larger_first) return graph_.same(node.args[1], height) && graph_.same(node.args[2], width);
    if (smaller_first) return graph_.same(node.args[1], width) && graph_.same(node.args[2], height);
    return false;
  }

  // The transformation behind createBitmap(..., matrix, filter): scales to a size, turns by
  // quarters, mirrors.
  void matrix(NodeId at, const FlowNode& node) {
    std::vector<NodeId> history;
    NodeId state = node.args[5];
    for (int i = 0; i < 12; ++i) {
      const FlowNode& one = graph_.at(state);
      if (one.op == FlowOp::kSelect || one.op == FlowOp::kChoice) {
        // Such as the orientation that a photo's tags name: a picture without tags stays as it is.
        result_.gaps.emplace_back(
            "a picture is turned, mirrored or scaled in a way that depends on something (such as "
            "its orientation tag); the simplest way is taken");
        state = simplest(one.args, one.op == FlowOp::kSelect ? 1 : 0);
        continue;
      }
      if (one.op != FlowOp::kCall || !one.text.starts_with("android.graphics.Matrix.")) break;
      history.push_back(state);
      state = one.args[0];
    }
    const auto filter = graph_.truth(node.args[6]);
    for (const NodeId call : history) {
      const FlowNode step = graph_.at(call);
      if ((step.text.ends_with("Scale")) && step.args.size() >= 3) {
        const auto width = scaled_side(step.args[1], node.args[3]);
        const auto height = scaled_side(step.args[2], node.args[4]);
        const auto sx = graph_.constant_real(step.args[1]);
        const auto sy = graph_.constant_real(step.args[2]);
        if (width && height) {
          note_size(*width, *height);
          add("resize",
              {{"width", *width},
               {"height", *height},
               {"kernel", filter && !*filter ? "android-nearest" : "android-bilinear"}},
              at, call, "rebuild.matrix-scale");
        } else if (sx && sy && std::abs(*sx) == 1 && std::abs(*sy) == 1) {
          if (*sx < 0) add("flip", {{"axis", "horizontal"}}, at, call, "rebuild.matrix-flip");
          if (*sy < 0) add("flip", {{"axis", "vertical"}}, at, call, "rebuild.matrix-flip");
        } else {
          result_.gaps.push_back("a scale that was not understood: " +
                                 graph_.describe(step.args[1], 4));
        }
      } else if (step.text.ends_with(".setRectToRect") && step.args.size() >= 3) {
        fit_rectangle(at, call, step, filter);
      } else if (step.text.ends_with("Rotate") && step.args.size() >= 2) {
        const auto degrees = graph_.constant_real(step.args[1]);
        if (degrees && std::abs(*degrees) <= 3600 && std::fmod(*degrees, 90) == 0) {
          const auto turns = static_cast<std::int64_t>(*degrees / 90) % 4;
          if (turns != 0)
            add("rotate", {{"quarter_turns", turns}}, at, call, "rebuild.matrix-rotate");
        } else {
          result_.gaps.push_back("a rotation that was not understood: " +
                                 graph_.describe(step.args[1], 4));
        }
      }
    }
  }

  // setRectToRect(RectF(0, 0, own width, own height), RectF(0, 0, width, height), FILL).
  void fit_rectangle(NodeId at, NodeId call, const FlowNode& step, std::optional<bool> filter) {
    const FlowNode to = graph_.at(step.args[2]);
    const bool rectangle = to.op == FlowOp::kCall &&
                           to.text.starts_with("new android.graphics.Rect") && to.args.size() == 4;
    const auto edge = [&](std::size_t i) {
      return rectangle ? graph_.constant_real(to.args[i]) : std::nullopt;
    };
    const auto near = [](const std::optional<double>& value) {
      return value && std::abs(*value) <= kMaxSide;
    };
    if (!near(edge(0)) || !near(edge(1)) || !near(edge(2)) || !near(edge(3))) {
      result_.gaps.push_back("a fit into a rectangle that was not understood: " +
                             graph_.describe(step.args[2], 4));
      return;
    }
    const auto width = static_cast<std::int64_t>(*edge(2) - *edge(0));
    const auto height = static_cast<std::int64_t>(*edge(3) - *edge(1));
    note_size(width, height);
    add("resize",
        {{"width", width},
         {"height", height},
         {"kernel", filter && !*filter ? "android-nearest" : "android-bilinear"}},
        at, call, "rebuild.matrix-fit");
  }

  // target / side as a factor of postScale: the target.
  std::optional<std::int64_t> scaled_side(NodeId factor, NodeId own) const {
    const FlowNode& node = graph_.at(factor);
    if (node.op != FlowOp::kFDiv) return std::nullopt;
    const FlowNode& below = graph_.at(node.args[1]);
    const auto target = graph_.constant_real(node.args[0]);
    if (!target || std::abs(*target) > kMaxSide || below.op != FlowOp::kIntToFloat ||
        !graph_.same(below.args[0], own))
      return std::nullopt;
    return static_cast<std::int64_t>(*target);
  }

  void pixel_format(NodeId copy, NodeId value) {
    const FlowNode node = graph_.at(copy);
    const FlowNode& config = graph_.at(node.args[1]);
    const std::string_view text = config.op == FlowOp::kField ? config.text : std::string_view{};
    if (text.find("->ARGB_8888:") != std::string_view::npos) {
      add("pixel-format", {{"format", "ARGB_8888"}}, value, copy, "rebuild.pixel-format");
    } else if (text.find("->RGB_565:") != std::string_view::npos) {
      add("pixel-format", {{"format", "RGB_565"}}, value, copy, "rebuild.pixel-format");
    } else if (graph_.at(node.args[1]).op != FlowOp::kCall) {
      result_.gaps.push_back("a pixel format that was not understood: " +
                             graph_.describe(node.args[1], 3));
    }
  }
  NodeId copied(NodeId at, const FlowNode& node) {
    pixel_format(at, at);
    return node.args[0];
  }

  // Canvas.drawBitmap(target, source, ...): what the target showed before is covered.
  NodeId drawn(NodeId at, const FlowNode& node) {
    if (node.args.size() < 2) return source(at, node);
    const FlowNode target = graph_.at(node.args[0]);
    std::optional<std::int64_t> width;
    std::optional<std::int64_t> height;
    if (target.op == FlowOp::kCall && target.text == "android.graphics.Bitmap.createBitmap" &&
        target.args.size() == 3) {
      width = graph_.constant_integer(target.args[0]);
      height = graph_.constant_integer(target.args[1]);
    }
    if (!width || !height) {
      result_.gaps.push_back("a picture is drawn onto one whose size was not understood: " +
                             graph_.describe(node.args[0], 4));
      note_size(0, 0);
      return node.args[1];
    }
    note_size(*width, *height);
    if (node.args.size() == 5 && same_sides(node.args[2], node.args[3])) {
      add("crop-or-pad", {{"width", *width}, {"height", *height}}, at, at, "rebuild.crop-or-pad");
      return node.args[1];
    }
    // Without a paint that filters, Canvas picks the nearest pixel.
    const bool unfiltered = graph_.is_null(node.args.back());
    Json params = {{"width", *width},
                   {"height", *height},
                   {"kernel", unfiltered ? "android-nearest" : "android-bilinear"}};
    add("resize", params, at, at, "rebuild.draw-bitmap",
        assumed_proof("the picture is drawn onto one of this size; by which transformation was not "
                      "understood"));
    Json other = params;
    other["kernel"] = unfiltered ? "android-bilinear" : "android-nearest";
    result_.steps.back().alternatives.push_back(
        {other["kernel"].get<std::string>(), "resize", other, "the canvas may filter or not"});
    return node.args[1];
  }

  // Two rectangles (new Rect(left, top, right, bottom)) of the same size: a crop or a margin, no
  // scaling.
  bool same_sides(NodeId from, NodeId to) {
    const FlowNode a = graph_.at(from);
    const FlowNode b = graph_.at(to);
    if (a.op != FlowOp::kCall || b.op != FlowOp::kCall || a.args.size() != 4 || b.args.size() != 4)
      return false;
    if (!a.text.starts_with("new android.graphics.Rect") ||
        !b.text.starts_with("new android.graphics.Rect"))
      return false;
    const auto span = [&](const FlowNode& rect, std::size_t low) {
      return graph_.subtract(rect.args[low + 2], rect.args[low]);
    };
    return equal_span(span(a, 0), span(b, 0)) && equal_span(span(a, 1), span(b, 1));
  }
  bool equal_span(NodeId a, NodeId b) { return graph_.same(a, b) || spread(a, b, 6); }
  // Equal in each case of the conditions that both depend on.
  bool spread(NodeId a, NodeId b, int depth) {
    if (depth <= 0) return false;
    NodeId condition = kNoNode;
    for (const NodeId side : {a, b}) {
      for (const NodeId part : graph_.reachable(side, 200)) {
        if (graph_.at(part).op == FlowOp::kSelect) condition = graph_.at(part).args[0];
        if (condition != kNoNode) break;
      }
      if (condition != kNoNode) break;
    }
    if (condition == kNoNode) return false;
    const auto with = [&](NodeId id, bool value) {
      return graph_.replace_nodes(id, {{condition, graph_.integer(value ? 1 : 0)}});
    };
    for (const bool value : {true, false}) {
      const NodeId x = with(a, value);
      const NodeId y = with(b, value);
      if (!graph_.same(x, y) && !spread(x, y, depth - 1)) return false;
    }
    return true;
  }

  NodeId thumbnail(NodeId at, const FlowNode& node) {
    const auto width = graph_.constant_integer(node.args[1]);
    const auto height = graph_.constant_integer(node.args[2]);
    if (!width || !height || *width != *height) {
      result_.gaps.emplace_back("a thumbnail whose size was not understood");
      return node.args[0];
    }
    note_size(*width, *height);
    add("resize", {{"width", *width}, {"height", *height}, {"kernel", "android-bilinear"}}, at, at,
        "rebuild.thumbnail");
    add("center-crop", {{"square", true}}, at, at, "rebuild.thumbnail");
    return node.args[0];
  }

  static bool decodes(std::string_view api) {
    return api.starts_with("android.graphics.BitmapFactory.decode") ||
           api.starts_with("android.graphics.ImageDecoder.decode") ||
           api.ends_with("MediaStore$Images$Media.getBitmap");
  }

  NodeId source(NodeId at, const FlowNode& node) {
    DraftStep decode;
    decode.kind = StepKind::kDecode;
    decode.op = "decode-image";
    decode.value = at;
    DraftStep from;
    from.kind = StepKind::kSource;
    from.op = "user-image";
    from.value = at;
    std::string api;
    if (node.op == FlowOp::kCall) {
      api = std::string(node.text);
      if (node.text == "android.os.Bundle.get" || node.text == "android.os.Bundle.getParcelable" ||
          node.text == "android.content.Intent.getParcelableExtra") {
        const auto key = node.args.size() > 1 ? graph_.constant_string(node.args[1]) : std::nullopt;
        const bool extras = graph_.at(node.args[0]).op == FlowOp::kCall &&
                            graph_.at(node.args[0]).text == "android.content.Intent.getExtras";
        api = (extras ? "android.content.Intent.getExtras" : api) + "(" +
              (key ? printable(*key, 40) : std::string("?")) + ")";
      }
      NodeId origin = at;
      if (decodes(node.text) && !node.args.empty()) {
        // What is decoded is the source: a stream, a file, a picker's answer.
        const NodeId bytes =
            node.args[node.text.ends_with("getBitmap") && node.args.size() > 1 ? 1 : 0];
        if (graph_.at(bytes).op == FlowOp::kCall) {
          origin = bytes;
          api = std::string(graph_.at(bytes).text);
        }
      }
      evidence_.add_node(from.evidence, origin, "rebuild.source");
      from.proof = static_proof();
    } else {
      api = printable(graph_.describe(at, 2), 80);
      from.proof = assumed_proof("where the picture comes from was not found in the code");
      result_.gaps.push_back("the picture's source was not found: " + graph_.describe(at, 3));
    }
    from.params = {{"api", api}};
    if (node.op == FlowOp::kCall && decodes(node.text)) {
      decode.params = {{"decoder", "android"}};
      decode.proof = static_proof();
      evidence_.add_node(decode.evidence, at, "rebuild.decode");
    } else {
      decode.params = {{"decoder", "assumed"}};
      decode.proof =
          assumed_proof("the app is handed a bitmap; samples are files, decoded as Android does");
    }
    if (node.op == FlowOp::kCall && node.text.ends_with("TextureView.getBitmap") &&
        node.args.size() == 3) {
      const auto width = graph_.constant_integer(node.args[1]);
      const auto height = graph_.constant_integer(node.args[2]);
      if (width && height) {
        note_size(*width, *height);
        Json params = {{"width", *width}, {"height", *height}, {"kernel", "android-bilinear"}};
        add("resize", params, at, at, "rebuild.view-size",
            assumed_proof("the camera's picture is drawn into a view and read back at this size; "
                          "the graphics processor resizes"));
        result_.steps.back().alternatives = kernel_alternatives(params);
      }
    }
    note_size(0, 0);
    result_.steps.push_back(std::move(decode));
    result_.steps.push_back(std::move(from));
    return kNoNode;
  }

  FlowGraph& graph_;
  const CodeEvidence& evidence_;
  PictureSteps result_;
  bool sized_ = false;
};

}  // namespace

PictureSteps read_picture(FlowGraph& graph, NodeId bitmap, const CodeEvidence& evidence) {
  return PictureReader(graph, evidence).read(bitmap);
}

std::vector<Alternative> kernel_alternatives(const Json& params) {
  std::vector<Alternative> list;
  const std::string own = params.value("kernel", "");
  for (const char* kernel :
       {"android-bilinear", "pil-bilinear", "opencv-linear", "half-pixel-bilinear"}) {
    if (own == kernel) continue;
    Json other = params;
    other["kernel"] = kernel;
    list.push_back({kernel, "resize", other, "another common way to resize"});
  }
  return list;
}

}  // namespace dl::rebuild
