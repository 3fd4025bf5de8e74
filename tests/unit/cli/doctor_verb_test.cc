// SPDX-License-Identifier: Apache-2.0
// What doctor says of a machine that has the whole sandbox, and of one that lacks a part.
#include "daylight/cli/doctor_verb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SandboxSupport machine(bool with_landlock) {
  SandboxSupport support;
  support.parts = {
      {SandboxPart::kNamespaces, "namespaces", "sees no network", true, ""},
      {SandboxPart::kLandlock, "Landlock", "opens listed files only", with_landlock,
       with_landlock ? "version 7" : "this kernel offers no Landlock"},
  };
  return support;
}

TEST(Doctor, SaysThatTheSandboxIsComplete) {
  const std::string text = render_doctor(machine(true));
  EXPECT_THAT(text, HasSubstr("It is complete here."));
  EXPECT_THAT(text, HasSubstr("version 7"));
  EXPECT_THAT(text, Not(HasSubstr("MISSING")));
  EXPECT_TRUE(doctor_to_json(machine(true))["sandbox"]["complete"].get<bool>());
}

TEST(Doctor, NamesWhatIsMissingAndWhatFollows) {
  const std::string text = render_doctor(machine(false));
  EXPECT_THAT(text, HasSubstr("MISSING"));
  EXPECT_THAT(text, HasSubstr("this kernel offers no Landlock"));
  EXPECT_THAT(text, HasSubstr("--unsafe-no-sandbox"));
  EXPECT_THAT(text, HasSubstr("detect, plan, rebuild"));
  const Json json = doctor_to_json(machine(false));
  EXPECT_FALSE(json["sandbox"]["complete"].get<bool>());
  EXPECT_EQ(json["sandbox"]["parts"][1]["details"], "this kernel offers no Landlock");
}

}  // namespace
}  // namespace dl::cli
