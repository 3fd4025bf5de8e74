// SPDX-License-Identifier: Apache-2.0
// jnitrace, frida-trace, plain logs, and the guess which of them a file is.
#include "daylight/capture/import/trace_import.h"

#include <bit>

#include "unit/capture/import_fixture.h"

namespace dl::testing {
namespace {

// As jnitrace writes its file: one array on one line.
constexpr const char* kJnitrace =
    R"([{"struct": "JNIEnv", "method": {"name": "GetByteArrayRegion", "args": ["JNIEnv*", "jbyteArray", "jsize", "jsize", "jbyte*"], "ret": "void"}, "thread_id": 77, "timestamp": 1000, "backtrace": [{"address": "0x7b0010", "module": null}], "args": [{"value": "0x7a00"}, {"value": "0x21", "metadata": "a]\"{"}, {"value": 0}, {"value": 4}, {"value": "0x7f00", "data": "0a0bff00"}], "ret": {"value": null}},
 {"struct": "JNIEnv", "method": {"name": "CallObjectMethodV", "args": ["JNIEnv*", "jobject", "jmethodID", "va_list"], "ret": "jobject"}, "thread_id": 77, "timestamp": 1012, "args": [{"value": "0x7a00"}, {"value": "0x21"}, {"value": "0x44", "metadata": "classify([B)[F"}, {"value": "0x9"}, {"value": "0x31"}], "ret": {"value": "0x55", "metadata": "float[]"}, "java_params": ["byte[]"]}])";

TEST(JnitraceImport, CallsOfTheTableWithTheirBuffers) {
  for (const std::size_t piece : {0U, 1U, 13U}) {
    const Imported got = import_text_of("jnitrace", kJnitrace, piece);
    ASSERT_EQ(got.report.calls, 2U);
    EXPECT_EQ(got.all<TraceMethod>()[0].name, "import:JNIEnv!GetByteArrayRegion");
    EXPECT_EQ(got.all<TraceEnter>()[0].caller, 0x7b0010U);
    ASSERT_EQ(got.arguments(4).size(), 2U);
    EXPECT_EQ(got.arguments(4)[0].second, std::string("\x0a\x0b\xff\0", 4));
    EXPECT_EQ(got.arguments(4)[0].first.type, "jbyte*");
    EXPECT_EQ(got.arguments(4)[1].first.type, "byte[]") << "Java's argument behind the va_list";
    EXPECT_EQ(got.arguments(1)[0].first.name, "a]\"{");
    EXPECT_EQ(got.arguments(kTraceReturnValue, TraceDirection::kOut).size(), 1U);
    EXPECT_EQ(got.all<TraceLeave>()[1].value, 0x55U);
    EXPECT_EQ(got.sink.events.back().time_ns, 12'000'000U);
    EXPECT_EQ(got.sink.events.back().tid, 77U);
    EXPECT_EQ(got.report.notes, 0U);
  }
}

TEST(JnitraceImport, AFileThatIsCutKeepsItsWholeRecords) {
  const std::string text = kJnitrace;
  const Imported got = import_text_of("jnitrace", text.substr(0, text.size() - 30));
  EXPECT_EQ(got.report.calls, 1U);
  EXPECT_TRUE(got.has_note("record 2 is cut"));
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].calls, 1U);
}

TEST(JnitraceImport, RecordsThatAreNoneAreCounted) {
  const Imported got = import_text_of(
      "jnitrace", R"([{"method": 3}, {"a" "b"}, {"method": {"name": "f"}, "args": [7]}])");
  EXPECT_EQ(got.report.calls, 1U);
  EXPECT_TRUE(got.has_note("record 1 is no call"));
  EXPECT_TRUE(got.has_note("record 2 is no JSON"));
  EXPECT_TRUE(got.has_note("an argument is no object"));
}

// A call with these arguments and this result, as jnitrace writes it.
std::string jni_call(const std::string& types, const std::string& values, const std::string& type,
                     const std::string& result) {
  return R"({"method": {"name": "f", "args": [)" + types + R"(], "ret": ")" + type +
         R"("}, "args": [)" + values + R"(], "ret": {"value": )" + result + "}}";
}

TEST(JnitraceImport, NumbersBecomeTheBitsOfTheirType) {
  const Imported got = import_text_of(
      "jnitrace",
      "[" +
          jni_call(R"("jfloat", "jdouble", "jlong", "jfloat", "jlong")",
                   R"({"value": 2}, {"value": "-0.25"}, {"value": "-3"}, {"value": "0x3f800000"},
                      {"value": -4})",
                   "jfloat", "0.731") +
          "," + jni_call("", "", "jdouble", "0.731") + "," +
          jni_call("", "", "jlong", R"("-9223372036854775808")") + "]");
  EXPECT_EQ(got.arguments(0)[0].first.address, 0x40000000U) << "2.0, which JavaScript writes as 2";
  EXPECT_EQ(got.arguments(1)[0].first.address, 0xbfd0000000000000U);
  EXPECT_EQ(static_cast<std::int64_t>(got.arguments(2)[0].first.address), -3);
  EXPECT_EQ(got.arguments(3)[0].first.address, 0x3f800000U) << "hexadecimal is bits";
  EXPECT_EQ(static_cast<std::int64_t>(got.arguments(4)[0].first.address), -4);
  const auto leaves = got.all<TraceLeave>();
  ASSERT_EQ(leaves.size(), 3U);
  EXPECT_EQ(leaves[0].value, std::bit_cast<std::uint32_t>(0.731F));
  EXPECT_EQ(leaves[1].value, std::bit_cast<std::uint64_t>(0.731));
  EXPECT_EQ(leaves[2].value, std::uint64_t{1} << 63);
  const auto results = got.arguments(kTraceReturnValue, TraceDirection::kOut);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(results.at(i).first.address, leaves[i].value);
  EXPECT_EQ(got.report.notes, 0U);
  EXPECT_TRUE(got.all<TraceLoss>().empty());
}

TEST(JnitraceImport, AValueThatCannotBeReadIsSaidAndLost) {
  for (const char* value :
       {R"("nonsense")", "0.25", R"("0x")", R"("-")", R"("0x1ffffffffffffffff")", "[1]"}) {
    const Imported got =
        import_text_of("jnitrace", jni_call(R"("jint")", R"({"value": 1})", "jint", value));
    EXPECT_TRUE(got.has_note("the value of the result cannot be read")) << value;
    ASSERT_EQ(got.all<TraceLoss>().size(), 1U) << value;
    EXPECT_EQ(got.all<TraceLoss>()[0].events, 1U) << value;
    EXPECT_EQ(got.all<TraceLoss>()[0].calls, 0U) << value;
  }
  for (const char* value : {R"("nonsense")", "null", "1e300"}) {
    const Imported got = import_text_of(
        "jnitrace",
        jni_call(R"("jfloat")", std::string(R"({"value": )") + value + "}", "jfloat", value));
    EXPECT_TRUE(got.has_note("the value of argument 0 cannot be read")) << value;
    EXPECT_EQ(got.all<TraceLoss>().size(), 2U) << value;
  }
}

// Written by frida-trace 17 of a program that reads a file and prints (its colours taken out).
constexpr const char* kFridaTrace =
    "Started tracing 4 functions.\n"
    "           /* TID 0x4c44 */\n"
    "  1081 ms  fopen(pathname=\"/etc/hostname\", mode=\"r\")\n"
    "  1081 ms     | open(pathname=\"/etc/hostname\", flags=0x0)\n"
    "  1083 ms     | <= 0x5\n"
    "  1084 ms  fclose(stream=0x5583aff393c0)\n"
    "           /* TID 0x4c45 */\n"
    "  1182 ms  puts(s=\"hello \"x\" (y\n"
    "\")\n"
    "  1190 ms  <= 12\n"
    "  1191 ms  Clf.classify([1,2], \"a\")\n"
    "  1192 ms  something that a handler said\n";

TEST(FridaTraceImport, CallsByTheirDepth) {
  const Imported got = import_text_of("frida-trace", kFridaTrace);
  ASSERT_EQ(got.report.calls, 5U);
  const auto methods = got.all<TraceMethod>();
  EXPECT_EQ(methods[0].name, "so:*!fopen");
  EXPECT_EQ(methods[4].kind, TraceMethodKind::kJava);
  EXPECT_EQ(methods[4].name, "java:Clf;.classify");
  const auto enters = got.all<TraceEnter>();
  EXPECT_EQ(enters[1].parent, 1U);
  EXPECT_EQ(enters[2].parent, 0U);
  const auto first = got.arguments(0);
  EXPECT_EQ(first[0].first.name, "pathname");
  EXPECT_EQ(first[0].second, "/etc/hostname");
  EXPECT_EQ(first[2].first.address, 0x5583aff393c0U);
  EXPECT_EQ(first[3].second, "hello \"x\" (y\n") << "the text has a line break and quotes";
  const auto leaves = got.all<TraceLeave>();
  ASSERT_EQ(leaves.size(), 2U);
  EXPECT_EQ(leaves[0].value, 5U);
  EXPECT_EQ(leaves[1].value, 12U);
  EXPECT_EQ(got.all<TraceLog>().size(), 1U);
  EXPECT_EQ(got.sink.events[1].tid, 0x4c44U);
  EXPECT_TRUE(got.has_note("copies no buffers"));
  EXPECT_TRUE(got.has_note("1 lines are nothing of this format"));
}

TEST(FridaTraceImport, AResultWithoutACallIsALoss) {
  const Imported got = import_text_of("frida-trace", "  5 ms     | <= 0x5\n");
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].calls, 1U);
}

TEST(FridaTraceImport, ACallThatIsCutIsLostAndSwallowsNoOther) {
  const std::string cut = "  100 ms  open(path=\"/data/local\n";
  const Imported got = import_text_of(
      "frida-trace", cut + "  101 ms  read(fd=0x5, count=0x40)\n  102 ms  <= 0x40\n");
  ASSERT_EQ(got.report.calls, 1U);
  EXPECT_EQ(got.all<TraceMethod>()[0].name, "so:*!read");
  EXPECT_EQ(got.arguments(1)[0].first.address, 0x40U);
  ASSERT_EQ(got.all<TraceLeave>().size(), 1U);
  EXPECT_EQ(got.all<TraceLeave>()[0].value, 0x40U);
  EXPECT_TRUE(got.has_note("the next line begins by itself"));
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].calls, 1U);

  // The result of a call around it, in a file without times; another thread; the end of the file.
  for (const std::string& rest : {std::string("<= 0x1\n"), std::string("  /* TID 0x7 */\n"),
                                  std::string("more of the text\n")}) {
    const Imported other =
        import_text_of("frida-trace", "stat(path=0x1)\n   | open(path=\"/data\n" + rest);
    EXPECT_EQ(other.report.calls, 1U) << rest;
    EXPECT_TRUE(other.has_note("a call is cut inside the text of an argument")) << rest;
    ASSERT_EQ(other.all<TraceLoss>().size(), 1U) << rest;
    EXPECT_EQ(other.all<TraceLoss>()[0].calls, 1U) << rest;
    EXPECT_EQ(other.all<TraceLeave>().size(), rest.starts_with("<=") ? 1U : 0U) << rest;
  }
}

TEST(LogcatImport, AnswersAreOneLineThoughTheLogSplitThem) {
  std::string json = "{\"faces\":[";
  for (int i = 0; i < 300; ++i) json += "{\"age\":\"a{\\\"b\"},";
  json.back() = ']';
  json += "}";
  const std::string head = "06-01 13:17:07.703  4321  4390 D MessageCenter: ";
  const std::string other = "06-01 13:17:07.703  4321  4391 W Other: {not json\n";
  const Imported got = import_text_of(
      "logcat", "--------- beginning of main\n" + head + json.substr(0, 2000) + "\n" + other +
                    head + json.substr(2000) + "\n" + "cat,0.93\tdog, 0.01\t\nnot of this log\n");
  const auto logs = got.all<TraceLog>();
  ASSERT_EQ(logs.size(), 3U);
  EXPECT_EQ(logs[0].text, json);
  EXPECT_EQ(logs[0].tag, "MessageCenter");
  EXPECT_EQ(logs[0].level, TraceLevel::kDebug);
  EXPECT_EQ(logs[1].text, "cat,0.93\tdog, 0.01\t");
  EXPECT_EQ(logs[2].level, TraceLevel::kWarning);
  EXPECT_TRUE(got.has_note("2 lines are answers"));
  EXPECT_TRUE(got.has_note("1 lines begin as JSON and are none"));
  EXPECT_TRUE(got.has_note("1 lines are nothing of this format"));
}

TEST(TraceImport, GuessesByTheBeginning) {
  using capture::guess_import_format;
  EXPECT_EQ(guess_import_format(kJnitrace), "jnitrace");
  EXPECT_EQ(guess_import_format(kFridaTrace), "frida-trace");
  EXPECT_EQ(guess_import_format("06-01 13:17:07.703  1  2 I a: b\n"), "logcat");
  EXPECT_EQ(guess_import_format("06-01 13:17:07.703  1  2 I a: b\n06-01 13:17:07.703  1  2 I a: "
                                "\tJACK LOG: INVOKINGvoid a.B.c()\t"),
            "jack");
  EXPECT_EQ(guess_import_format("a,b,c\n"), std::nullopt);
}

}  // namespace
}  // namespace dl::testing
