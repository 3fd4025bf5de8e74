// SPDX-License-Identifier: Apache-2.0
// What the sample app's package tells its native code.
#include "daylight/cli/guest_app.h"

#include <gtest/gtest.h>

#include "daylight/base/digest.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;

const fs::path kApp = fs::path(DAYLIGHT_PROJECT_DIR) / "build/mirror/mirror.apk";

TEST(GuestApp, KnowsItsClassesNameAndSigner) {
  if (!fs::exists(kApp)) GTEST_SKIP() << "the sample app is not built";
  const auto app = GuestApp::open(kApp, null_log());
  ASSERT_NE(app, nullptr);
  EXPECT_EQ(app->package_name(), "org.daylight.mirror");
  const auto package = program::AppPackage::open(kApp, null_log());
  ASSERT_TRUE(package);
  const auto certificates = app->certificates();
  ASSERT_EQ(certificates.size(), 1U);
  EXPECT_EQ(sha256_hex(certificates[0]), package->signers(false).signers.at(0).cert_sha256);

  const guest::ClassHierarchy& classes = app->classes();
  const std::string tensor = "org/tensorflow/lite/TensorImpl";
  EXPECT_EQ(classes.superclass(tensor), "java/lang/Object");
  EXPECT_EQ(classes.superclass("com/app/Absent"), std::nullopt);
  const std::vector<std::string> interfaces = classes.interfaces(tensor);
  EXPECT_EQ(interfaces, std::vector<std::string>{"org/tensorflow/lite/Tensor"});
  const auto declares = [&](const std::string& owner, const std::string& name,
                            const std::string& signature, bool field = false) {
    return classes.declares({owner, name, signature, true, field});
  };
  EXPECT_EQ(declares(tensor, "numBytes", "(J)I"), true);
  EXPECT_EQ(declares(tensor, "numBytes", "(I)I"), false);
  EXPECT_EQ(declares(tensor, "nativeHandle", "J", true), true);
  EXPECT_EQ(declares(tensor, "nativeHandle", "I", true), false);
  EXPECT_EQ(declares(tensor, "toString", "()Ljava/lang/String;"), true);
  EXPECT_EQ(declares(tensor, "<init>", "(F)V"), false);
  EXPECT_EQ(declares("android/graphics/Bitmap", "getWidth", "()I"), std::nullopt);
}

TEST(GuestApp, IsNothingForOtherFiles) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(GuestApp::open(folder.path() / "absent.apk", null_log()), nullptr);
}

}  // namespace
}  // namespace dl::cli
