// SPDX-License-Identifier: Apache-2.0
// Pipeline steps in words. Parameters come from artifacts that others may have written: every
// look-up is checked.
#include "daylight/report/step_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/phrases.h"

namespace dl {
namespace {

constexpr std::size_t kMaxDetail = 90;      // bytes of a step's detail
constexpr std::size_t kMaxListed = 4;       // labels or numbers shown before "..."
constexpr const char* kTimes = " \u00d7 ";  // multiplication sign

// A scalar as a reader would write it; containers as short JSON.
std::string scalar(const Json& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>(), kMaxDetail);
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_array()) {
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i == kMaxListed) return text + ", \u2026";
      if (i > 0) text += ", ";
      text += scalar(value[i]);
    }
    return text;
  }
  return printable(dump_json_line(value), kMaxDetail);
}

bool has(const Json& params, const char* key) {
  return params.is_object() && params.contains(key) && !params[key].is_null();
}

std::string get(const Json& params, const char* key, const char* otherwise = "") {
  return has(params, key) ? scalar(params[key]) : otherwise;
}

// "key value, key value" of everything: for ops that this version has no words for.
std::string all_params(const Json& params) {
  if (!params.is_object()) return "";
  std::vector<std::string> parts;
  for (const auto& [key, value] : params.items())
    parts.push_back(printable(key) + " " + scalar(value));
  return printable(join(parts, ", "), kMaxDetail);
}

// "200 x 200" as the vocabulary has it: width first.
std::string size_phrase(const Json& params) {
  if (!has(params, "width") || !has(params, "height")) return "";
  return get(params, "width") + kTimes + get(params, "height");
}

std::string with(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return first + ", " + second;
}

bool every_number_is(const Json& values, double wanted) {
  if (!values.is_array() || values.empty()) return false;
  return std::all_of(values.begin(), values.end(), [&](const Json& value) {
    return value.is_number() && std::fabs(value.get<double>() - wanted) < 1e-9;
  });
}

std::string normalise_phrase(const Json& params) {
  if (!has(params, "mean") || !has(params, "std")) return all_params(params);
  const bool no_mean = every_number_is(params["mean"], 0);
  const std::string divisor = get(params, "std");
  const bool one_std = params["std"].is_array() && params["std"].size() == 1;
  if (no_mean && one_std) return "x / " + divisor;
  if (one_std && params["mean"].is_array() && params["mean"].size() == 1) {
    return "(x \u2212 " + get(params, "mean") + ") / " + divisor;
  }
  return "mean " + get(params, "mean") + "; std " + divisor;
}

std::string crop_phrase(const Json& params) {
  std::string finder = get(params, "finder");
  if (const auto dot = finder.rfind('.'); dot != std::string::npos) finder = finder.substr(dot + 1);
  if (!has(params, "box") || !params["box"].is_object()) return finder;
  const std::string form = get(params["box"], "form");
  return with(finder, form.empty() ? "" : "box by " + task_name(form));
}

std::string model_phrase(const Json& params, const Inventory* inventory) {
  const std::string id = get(params, "model");
  if (inventory != nullptr) {
    for (const ModelRecord& model : inventory->models) {
      if (model.id != id) continue;
      const std::string& name =
          model.location.entry.empty() ? model.location.file : model.location.entry.back();
      const auto slash = name.rfind('/');
      return printable(slash == std::string::npos ? name : name.substr(slash + 1), kMaxDetail);
    }
  }
  return id.empty() ? all_params(params) : id;
}

std::string affine_phrase(const Json& params) {
  std::string text = "x" + std::string(kTimes) + get(params, "factor", "1");
  if (has(params, "offset") && params["offset"].is_number() &&
      params["offset"].get<double>() != 0) {
    text += " + " + get(params, "offset");
  }
  return text;
}

std::string compare_phrase(const Json& params) {
  return fmt::format("output {} > output {} ? {} : {}", get(params, "index_a"),
                     get(params, "index_b"), get(params, "if_greater"), get(params, "otherwise"));
}

std::string threshold_phrase(const Json& params) {
  return fmt::format("x > {} ? {} : {}", get(params, "value"), get(params, "above"),
                     get(params, "below"));
}

std::string expectation_phrase(const Json& params) {
  if (has(params, "values")) return "values " + get(params, "values");
  return "from " + get(params, "start", "0") + " in steps of " + get(params, "step", "1");
}

}  // namespace

StepWords step_words(const std::string& op, const Json& params, const Inventory* inventory) {
  if (op == "user-image") return {"User\u2019s picture", get(params, "api")};
  if (op == "decode-image") return {"Decode the picture", get(params, "decoder")};
  if (op == "pixel-format") return {"Pixel format", get(params, "format")};
  if (op == "face-crop") return {"Crop the face", crop_phrase(params)};
  if (op == "center-crop")
    return {"Crop the centre", has(params, "square") ? "square" : size_phrase(params)};
  if (op == "crop-or-pad") return {"Crop or pad", size_phrase(params)};
  if (op == "crop") return {"Crop", size_phrase(params)};
  if (op == "rotate") return {"Rotate", get(params, "quarter_turns") + " quarter turns"};
  if (op == "flip") return {"Flip", get(params, "axis")};
  if (op == "resize") return {"Resize", with(size_phrase(params), get(params, "kernel"))};
  if (op == "grayscale") return {"To shades of grey", ""};
  if (op == "to-tensor")
    return {"Pixels to tensor", with(get(params, "order"), get(params, "dtype"))};
  if (op == "normalize") return {"Normalise", normalise_phrase(params)};
  if (op == "cast") return {"Cast", get(params, "dtype")};
  if (op == "quantize") {
    return {"Quantise",
            with("scale " + get(params, "scale"), "zero point " + get(params, "zero_point"))};
  }
  if (op == "dequantize") {
    return {"Dequantise", has(params, "scale") ? "scale " + get(params, "scale") : ""};
  }
  if (op == "tflite") return {"Run the model", model_phrase(params, inventory)};
  if (op == "output") return {"Pick an output", "number " + get(params, "index", "0")};
  if (op == "element") return {"Pick an element", "[" + get(params, "index") + "]"};
  if (op == "scale") return {"Scale", affine_phrase(params)};
  if (op == "softmax") return {"Softmax", ""};
  if (op == "sigmoid") return {"Sigmoid", ""};
  if (op == "clamp") return {"Clamp", get(params, "low") + " to " + get(params, "high")};
  if (op == "truncate") return {"Cut to a whole number", ""};
  if (op == "argmax") return {"Take the largest", get(params, "labels")};
  if (op == "threshold") return {"Threshold", threshold_phrase(params)};
  if (op == "compare") return {"Compare", compare_phrase(params)};
  if (op == "expectation") return {"Expected value", expectation_phrase(params)};
  if (op == "top-k") return {"Keep the best", get(params, "k")};
  if (op == "shown") {
    return {"Shown to the user",
            with(get(params, "api"), has(params, "as") ? "as " + get(params, "as") : "")};
  }
  return {printable(op, kMaxDetail), all_params(params)};
}

std::string proof_sentence(const Proof& proof) {
  std::string text;
  if (proof.kind == "bytes-equal") {
    text = "Proven: the bytes going in and out were seen and are equal.";
  } else if (proof.kind == "fitted") {
    text = "Fitted to what was seen";
    if (proof.residual) text += fmt::format("; largest error {:.3g}", *proof.residual);
    text += ".";
  } else if (proof.kind == "static") {
    text = "Read from the app's code.";
  } else if (proof.kind == "declared") {
    text = "Declared by " + (proof.by.empty() ? std::string("others") : printable(proof.by)) + ".";
  } else {
    text = "Assumed, not proven.";
  }
  if (!proof.why.empty()) text += " " + capitalised(printable(proof.why, 400)) + ".";
  return text;
}

}  // namespace dl
