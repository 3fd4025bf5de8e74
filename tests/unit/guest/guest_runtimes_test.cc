// SPDX-License-Identifier: Apache-2.0
// Published libraries driven through their native methods, as Java code drives them.
#include <gtest/gtest.h>

#include <cstring>

#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/native_call.h"
#include "tflite_on_guest.h"

namespace dl::guest {
namespace {

JavaValue number(char type, std::int64_t value) { return JavaValue::integer(type, value); }
JavaValue object(JavaReference value) { return JavaValue::reference(value); }

// ---- TensorFlow Lite ----

class TfliteNatives {
 public:
  explicit TfliteNatives(Guest& guest) : guest_(guest) {}

  Result<JavaValue> call(const std::string& klass, const std::string& name,
                         const std::string& signature, std::vector<JavaValue> arguments) {
    const std::string owner = "org/tensorflow/lite/" + klass;
    return call_java_native(guest_, {owner, name, signature, true, false},
                            guest_.java().find_class(owner), arguments);
  }
  JavaValue buffer_of(std::string_view bytes) {
    const std::uint64_t at = guest_.machine().heap.allocate(bytes.size(), 64);
    std::memcpy(reinterpret_cast<void*>(at), bytes.data(), bytes.size());
    return object(guest_.java().new_buffer(at, bytes.size()));
  }

  // As org.tensorflow.lite.NativeInterpreterWrapper does for a ByteBuffer with the model and direct
  // buffers for inputs.
  Result<std::string> run(ByteSpan model, const std::string& inputs) {
    const char* const wrapper = "NativeInterpreterWrapper";
    const JavaValue error = TRY(call(wrapper, "createErrorReporter", "(I)J", {number('I', 512)}));
    const JavaValue handle =
        TRY(call(wrapper, "createModelWithBuffer", "(Ljava/nio/ByteBuffer;J)J",
                 {buffer_of({reinterpret_cast<const char*>(model.data()), model.size()}), error}));
    const JavaValue interpreter =
        TRY(call(wrapper, "createInterpreter", "(JJIZLjava/util/List;)J",
                 {handle, error, number('I', 1), number('Z', 0),
                  object(guest_.java().new_object("java/util/ArrayList"))}));
    TRY_VOID(call(wrapper, "allocateTensors", "(JJ)J", {interpreter, error}));
    const JavaValue input = TRY(tensor(interpreter, "getInputTensorIndex"));
    const JavaValue output = TRY(tensor(interpreter, "getOutputTensorIndex"));
    const auto size =
        static_cast<std::size_t>(TRY(call("TensorImpl", "numBytes", "(J)I", {input})).bits);
    std::string out;
    for (std::size_t at = 0; at < inputs.size(); at += size) {
      TRY_VOID(call("TensorImpl", "writeDirectBuffer", "(JLjava/nio/Buffer;)V",
                    {input, buffer_of(std::string_view(inputs).substr(at, size))}));
      TRY_VOID(call(wrapper, "run", "(JJ)V", {interpreter, error}));
      const JavaValue buffer =
          TRY(call("TensorImpl", "buffer", "(J)Ljava/nio/ByteBuffer;", {output}));
      const auto [address, capacity] = guest_.java().buffer_of(buffer.bits);
      out.append(reinterpret_cast<const char*>(address), capacity);
    }
    TRY_VOID(call(wrapper, "delete", "(JJJ)V", {error, handle, interpreter}));
    return out;
  }

 private:
  Result<JavaValue> tensor(const JavaValue& interpreter, const std::string& index) {
    const JavaValue at =
        TRY(call("NativeInterpreterWrapper", index, "(JI)I", {interpreter, number('I', 0)}));
    return call("TensorImpl", "create", "(JII)J", {interpreter, at, number('I', 0)});
  }

  Guest& guest_;
};

class TfliteThroughJni : public ::testing::TestWithParam<ElfMachine> {};

// The same kernels by another way: the same bits.
TEST_P(TfliteThroughJni, GivesWhatTheCApiGives) {
  const auto library = published_library(std::string(abi_of(GetParam())));
  if (!library) GTEST_SKIP() << "the sample app's libraries are not here";
  for (const char* const name : {"model_lite_age_nonq.tflite", "windaayumelati-gender.tflite"}) {
    const auto path = testing::shared_data(std::string("models/") + name);
    if (!path) GTEST_SKIP() << "no shared data";
    const auto model = MappedFile::open(*path);
    ASSERT_TRUE(model);
    const auto expected = outputs_of(GetParam(), *library, model->bytes());
    if (!expected && expected.error().where == "sandbox")
      GTEST_SKIP() << "this machine has no sandbox: " << expected.error().what;
    ASSERT_TRUE(expected) << describe(expected.error());
    const auto answer = in_guest(
        GetParam(), *library, [&](Guest& guest, const GuestLibrary& loaded) -> Result<std::string> {
          auto by_c_api = TRY(TfliteModel::load(guest, loaded, model->bytes(), {}));
          return TfliteNatives(guest).run(model->bytes(), TRY(inputs_of(by_c_api)));
        });
    ASSERT_TRUE(answer) << describe(answer.error());
    ASSERT_FALSE(answer->empty());
    EXPECT_TRUE(*answer == *expected) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, TfliteThroughJni,
                         ::testing::Values(ElfMachine::kArm64, kHostMachine), [](const auto& each) {
                           return std::string(each.param == ElfMachine::kArm64 ? "arm64" : "host");
                         });

TEST(TfliteNativesTest, RefusesWhatIsNoModelAsAnException) {
  const auto library = published_library();
  if (!library) GTEST_SKIP() << "the sample app's libraries are not here";
  const auto answer = in_guest(ElfMachine::kArm64, *library,
                               [&](Guest& guest, const GuestLibrary&) -> Result<std::string> {
                                 const std::string text(64, 'x');
                                 return TfliteNatives(guest).run(as_bytes(text), "");
                               });
  if (!answer && answer.error().where == "sandbox") GTEST_SKIP() << answer.error().what;
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().what.find("IllegalArgumentException"), std::string::npos)
      << describe(answer.error());
}

}  // namespace
}  // namespace dl::guest
