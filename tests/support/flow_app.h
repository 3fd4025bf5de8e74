// SPDX-License-Identifier: Apache-2.0
// Apps written in smali at test time: one screen that makes an interpreter, fills its input from a
// picture and shows the answer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daylight/program/package/app_package.h"
#include "support/shared_data.h"

namespace dl::testing {

// A ZIP with stored entries.
std::string stored_zip(const std::map<std::string, std::string>& entries);

// Lapp/Main; (an Activity) with the fields tf (Interpreter) and tv (TextView). onCreate makes the
// interpreter from assets/model.tflite through Lapp/Loader;->map. onActivityResult takes a bitmap
// from the intent (v0), then runs the given pieces:
//   picture   v0: bitmap -> v0: bitmap
//   fill      v0: bitmap -> v1: the model's input
//   answer    v2: float[1][outputs], filled by Interpreter.run(v1, v2)
// Pieces may use v3 to v13; v14 is the Interpreter, v15 is `this`. `classes` is more smali.
struct FlowAppText {
  std::string picture;
  std::string fill;
  int outputs = 1;
  std::string answer;
  std::string methods;  // further methods of Lapp/Main;
  std::string classes;
  std::string model = "model.tflite";
};
std::string flow_app_smali(const FlowAppText& text);

// Pieces.
std::string scaled(int width, int height, bool filter);  // picture
// fill: pixels of a width x height bitmap into a direct ByteBuffer of floats, one loop; `value`
// turns v9 (the packed colour, int) into v10 (float) for the channel shift in v11, with v12, v13 as
// scratch.
std::string float_loop(int width, int height, const std::string& order, const std::string& value);
// answer: v2[0][index] into v3 (float).
std::string output_element(int index);
// answer: shows v4 (CharSequence) in the text view.
std::string show_text();

struct FlowApp {
  std::unique_ptr<TemporaryFolder> folder;
  std::unique_ptr<program::AppPackage> package;
};
// Assembles and opens an app; nothing where smali is absent or refuses the text. `resources`: bytes
// of resources.arsc, "" for none.
std::optional<FlowApp> make_flow_app(const std::string& smali,
                                     const std::map<std::string, std::string>& assets = {},
                                     const std::string& resources = {});
bool smali_is_installed();

}  // namespace dl::testing

#define DAYLIGHT_FLOW_APP_OR_SKIP(variable, ...)                                      \
  if (!::dl::testing::smali_is_installed())                                           \
    GTEST_SKIP() << "smali is not installed (apt install smali)";                     \
  const auto variable##_made = ::dl::testing::make_flow_app(__VA_ARGS__);             \
  ASSERT_TRUE(variable##_made) << "smali refuses the text, or the app does not open"; \
  const ::dl::program::AppPackage& variable = *variable##_made->package
