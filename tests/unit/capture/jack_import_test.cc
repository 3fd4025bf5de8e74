// SPDX-License-Identifier: Apache-2.0
// The log of the instrumented runtime, written here as its code writes it, with its faults.
#include <algorithm>
#include <cstring>

#include "unit/capture/import_fixture.h"

namespace dl::testing {
namespace {

constexpr const char* kClassify = "float[] com.x.Clf.classifyNative(byte[], int)";

// %x of a char, not padded.
std::string dump(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    char text[4];
    std::snprintf(text, sizeof(text), "%x ", static_cast<unsigned char>(c));
    out += text;
  }
  return out;
}

// An array in memory: class, lock word, length, elements.
std::string array_object(std::uint32_t elements, const std::string& payload) {
  std::string out = "\x78\x56\x34\x12" + std::string(4, '\0');
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(elements >> shift);
  return out + payload;
}

std::string picture(std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(i * 7 + i / 256);
  return out;
}

std::string native_call(const std::string& method, const std::string& object) {
  return "\tJACK LOG: INVOKING JNI TRAMPOLINE " + method +
         "\tSHORTY: LLI\tArgs size: 3\t\tARG 1: 13f4c20\t\tBytes at 0x13f4c20: " + dump(object) +
         "\t\tARG 1: e0\t\t";
}
std::string native_end(const std::string& method, const std::string& object) {
  return "JACK LOG: JNIGENERIC END\t" + method + "\tRet: 0x14000\tData at Ret:" + dump(object) +
         "\t";
}

// What the writer makes of a message: the second argument of its substr() is a length, and it
// takes the end of the chunk for it.
std::vector<std::string> chunks(const std::string& message, const std::string& method,
                                std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i * size < message.size(); ++i) {
    const std::string part = message.substr(i * size, (i + 1) * size);
    out.push_back(i == 0 ? part : "JACK LOG: " + method + " CONT.\t" + part);
  }
  return out;
}

std::string head(int ms, int tid) {
  char text[80];
  std::snprintf(text, sizeof(text), "06-01 13:17:%02d.%03d  4321  %d I facebook.katan: ", ms / 1000,
                ms % 1000, tid);
  return text;
}
std::string log_line(int ms, int tid, const std::string& body) {
  return head(ms, tid) + body + "\n";
}

TEST(JackImport, ANativeCallBecomesACallWithItsArrayBehindTheHeader) {
  const std::string bytes = picture(488);
  const std::string result("\0\0\x80\x3f\0\0\0\x40", 8);
  const Imported got = import_text_of(
      "jack", log_line(0, 4390, native_call(kClassify, array_object(150528, bytes))) +
                  log_line(12, 4390, native_end(kClassify, array_object(2, result))));
  ASSERT_EQ(got.all<TraceMethod>().size(), 1U);
  EXPECT_EQ(got.all<TraceMethod>()[0].name, "jni:com/x/Clf;.classifyNative([BI)[F");
  EXPECT_EQ(got.all<TraceMethod>()[0].kind, TraceMethodKind::kJni);
  const auto in = got.arguments(0);
  ASSERT_EQ(in.size(), 1U);
  EXPECT_EQ(in[0].second, bytes);
  EXPECT_EQ(in[0].first.length, 150528U) << "what the header says, though 488 came";
  EXPECT_EQ(in[0].first.type, "byte[]");
  EXPECT_EQ(got.arguments(1)[0].first.address, 0xe0U) << "the second of two that are called ARG 1";
  const auto out = got.arguments(kTraceReturnValue, TraceDirection::kOut);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].second, result);
  EXPECT_EQ(out[0].first.dtype, "float32");
  ASSERT_EQ(got.all<TraceLeave>().size(), 1U);
  EXPECT_EQ(got.all<TraceLeave>()[0].value, 0x14000U);
  EXPECT_EQ(got.sink.events.back().time_ns, 12'000'000U);
  EXPECT_TRUE(got.all<TraceLoss>().empty());
}

TEST(JackImport, AnyPiecesGiveTheSame) {
  const std::string text =
      log_line(0, 1, native_call(kClassify, array_object(9, "123456789"))) +
      log_line(3, 1, native_end(kClassify, array_object(1, std::string(4, 'x'))));
  const Imported whole = import_text_of("jack", text);
  for (const std::size_t piece : {1U, 7U, 100U})
    EXPECT_EQ(import_text_of("jack", text, piece).sink.events, whole.sink.events);
}

TEST(JackImport, OverlappingChunksAreOneMessage) {
  const std::string bytes = picture(488);
  const std::string message = native_call(kClassify, array_object(488, bytes));
  for (const std::size_t size : {200U, 333U, 700U}) {
    std::string text;
    const auto parts = chunks(message, kClassify, size);
    ASSERT_GT(parts.size(), 2U);
    for (const std::string& part : parts) text += log_line(1, 7, part);
    const Imported got = import_text_of("jack", text);
    ASSERT_EQ(got.arguments(0).size(), 1U) << size;
    EXPECT_EQ(got.arguments(0)[0].second, bytes) << size;
    ASSERT_EQ(got.arguments(1).size(), 1U) << size;
    EXPECT_EQ(got.arguments(1)[0].first.address, 0xe0U) << size;
    EXPECT_TRUE(got.all<TraceLoss>().empty()) << size;
  }
}

TEST(JackImport, AChunkThatIsMissingIsAHoleAndNoBytesAreMovedOverIt) {
  const std::string bytes = picture(488);
  const auto parts = chunks(native_call(kClassify, array_object(488, bytes)), kClassify, 200);
  ASSERT_GE(parts.size(), 5U);
  // A whole call shows that the method has no receiver.
  const Imported got =
      import_text_of("jack", log_line(1, 7, native_call(kClassify, array_object(1, "a"))) +
                                 log_line(1, 7, parts[0]) + log_line(1, 7, parts[4]));
  ASSERT_EQ(got.arguments(0).size(), 2U);
  const std::string came = got.arguments(0)[1].second;
  EXPECT_LT(came.size(), 60U);
  EXPECT_EQ(came, bytes.substr(0, came.size()));
  EXPECT_TRUE(got.has_note("does not go on where the one before ended"));
  EXPECT_EQ(got.arguments(1).size(), 1U) << "only that of the whole call";
  std::uint64_t lost = 0;
  for (const TraceLoss& loss : got.all<TraceLoss>()) lost += loss.bytes;
  const std::string cont = "JACK LOG: " + std::string(kClassify) + " CONT.\t";
  EXPECT_EQ(lost, parts[4].size() - cont.size());
}

TEST(JackImport, ASecondChunkThatMayNotBeTheSecondIsSaid) {
  const std::string message = native_call(kClassify, array_object(100, picture(100)));
  const auto parts = chunks(message, kClassify, message.size() - 60);
  ASSERT_EQ(parts.size(), 2U);
  const Imported got = import_text_of("jack", log_line(1, 7, parts[0]) + log_line(1, 7, parts[1]));
  EXPECT_EQ(got.arguments(0)[0].second, picture(100));
  EXPECT_TRUE(got.has_note("that nothing is missing is not shown"));
}

TEST(JackImport, ALineThatTheLogSplitGoesOnInTheNext) {
  const std::string bytes = picture(488) + picture(488) + picture(900);
  const std::string message = native_call(kClassify, array_object(4000, bytes));
  ASSERT_GT(message.size(), 4500U);
  for (const std::size_t at : {4000U, 4001U, 4002U}) {
    const Imported got = import_text_of("jack", log_line(1, 7, message.substr(0, at)) +
                                                    log_line(1, 8, "\tsomething else") +
                                                    log_line(1, 7, message.substr(at)));
    ASSERT_EQ(got.arguments(0).size(), 1U) << at;
    EXPECT_EQ(got.arguments(0)[0].second, bytes) << at;
    EXPECT_EQ(got.all<TraceLog>().size(), 1U);
  }
}

TEST(JackImport, ALineThatLostItsEndKeepsOnlyWholeBytes) {
  const std::string bytes(40, '\xab');
  std::string line = log_line(1, 7, native_call(kClassify, array_object(40, bytes)));
  line.resize(line.find("ab ab") + 7);  // "ab ab a"
  const std::string before = log_line(1, 7, native_call(kClassify, array_object(1, "a")));
  const Imported got = import_text_of("jack", before + line + "\n");
  ASSERT_EQ(got.arguments(0).size(), 2U);
  EXPECT_EQ(got.arguments(0)[1].second, "\xab\xab") << "half a byte is none";
  EXPECT_EQ(got.arguments(0)[1].first.length, 40U);
  EXPECT_EQ(got.arguments(0)[1].first.type, "byte[]");
  EXPECT_TRUE(got.has_note("end before those that were written"));
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].events, 1U) << "the second argument";
}

// A native call of an object's method; `cut` leaves its last argument out.
std::string call_of_object(bool receiver_dumped, bool cut) {
  std::string out =
      "\tJACK LOG: INVOKING JNI TRAMPOLINE int a.b.C.f(int, byte[])\tSHORTY: IIL\tArgs size: "
      "3\t\tARG 1: 14c0\t\t";
  if (receiver_dumped) out += "Bytes at 0x14c0: 1 2 3 \t\t";
  out += "ARG 1: e0\t\t";
  return cut ? out : out + "ARG 1: 13f0\t\tBytes at 0x13f0: " + dump(array_object(1, "a")) + "\t\t";
}

TEST(JackImport, AReceiverIsNoParameterThoughTheLastArgumentIsMissing) {
  const std::string whole = log_line(0, 1, call_of_object(false, false));
  for (const std::string& text :
       {log_line(1, 1, call_of_object(true, true)),  // an int has no bytes
        log_line(1, 1, call_of_object(true, true) + "AR"),
        whole + log_line(1, 1, call_of_object(false, true)),  // known from the call before
        whole + log_line(1, 1, call_of_object(false, true) + "ARG 1: 1")}) {
    const Imported got = import_text_of("jack", text);
    ASSERT_FALSE(got.arguments(kTraceThis).empty()) << text;
    EXPECT_EQ(got.arguments(kTraceThis).back().first.address, 0x14c0U);
    EXPECT_EQ(got.arguments(0).back().first.address, 0xe0U) << text;
    EXPECT_EQ(got.arguments(0).back().first.type, "int");
    ASSERT_EQ(got.all<TraceLoss>().size(), 1U) << text;
    EXPECT_EQ(got.all<TraceLoss>()[0].events, 1U) << "the array";
  }
}

TEST(JackImport, ValuesOfACutMessageHaveNoTypesWhereNothingShowsWhoseTheyAre) {
  const Imported got =
      import_text_of("jack", log_line(1, 1, call_of_object(false, true) + "ARG 1: 1"));
  EXPECT_TRUE(got.arguments(kTraceThis).empty());
  ASSERT_EQ(got.arguments(0).size(), 1U);
  EXPECT_EQ(got.arguments(0)[0].first.address, 0x14c0U);
  EXPECT_EQ(got.arguments(0)[0].first.type, "");
  EXPECT_EQ(got.arguments(1)[0].first.type, "");
  EXPECT_TRUE(got.has_note("does not show whether its first value is the receiver"));
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].events, 1U);
}

TEST(JackImport, TheSizeOfTheArgumentsShowsAStaticMethod) {
  const std::string text = "\tJACK LOG: INVOKINGvoid a.B.f(byte[], int)\tSHORTY: VLI\tArgs size: ";
  const std::string value =
      "\t\tARG 1: 14c0\t\tBytes at 0x14c0: " + dump(array_object(9, "a")) + "\t\tAR";
  const Imported got = import_text_of("jack", log_line(1, 1, text + "8" + value));
  EXPECT_EQ(got.arguments(0).at(0).first.type, "byte[]");
  EXPECT_EQ(got.arguments(0).at(0).second, "a");
  const Imported object = import_text_of("jack", log_line(1, 1, text + "12" + value));
  EXPECT_EQ(object.arguments(0).at(0).first.type, "");
  EXPECT_EQ(object.arguments(0).at(0).second, array_object(9, "a")) << "as it came";
}

TEST(JackImport, ThreadsAreKeptApart) {
  const std::string a = native_call("int a.A.f(byte[], int)", array_object(3, "aaa"));
  const std::string b = native_call("int b.B.g(byte[], int)", array_object(3, "bbb"));
  const auto parts_a = chunks(a, "int a.A.f(byte[], int)", 60);
  const auto parts_b = chunks(b, "int b.B.g(byte[], int)", 70);
  std::string text;
  for (std::size_t i = 0; i < std::max(parts_a.size(), parts_b.size()); ++i) {
    if (i < parts_a.size()) text += log_line(1, 1, parts_a[i]);
    if (i < parts_b.size()) text += log_line(1, 2, parts_b[i]);
  }
  text += log_line(2, 2, "JACK LOG: JNIGENERIC END\tint b.B.g(byte[], int)\tRet: -3\t");
  text += log_line(2, 1, "JACK LOG: JNIGENERIC END\tint a.A.f(byte[], int)\tRet: 5\t");
  const Imported got = import_text_of("jack", text);
  ASSERT_EQ(got.arguments(0).size(), 2U);
  EXPECT_EQ(got.arguments(0)[0].second, "bbb");
  EXPECT_EQ(got.arguments(0)[1].second, "aaa");
  ASSERT_EQ(got.all<TraceLeave>().size(), 2U);
  for (const TraceEvent& event : got.sink.events) {
    const auto* leave = std::get_if<TraceLeave>(&event.payload);
    if (leave != nullptr) {
      EXPECT_EQ(static_cast<std::int64_t>(leave->value), event.tid == 1 ? 5 : -3);
    }
  }
  EXPECT_TRUE(got.all<TraceLoss>().empty());
}

const std::string kBegin =
    "\tJACK LOG: INVOKING JNI TRAMPOLINE void a.A.f()\tSHORTY: V\tArgs size: 1\t";
const std::string kEnd = "JACK LOG: JNIGENERIC END\tvoid a.A.f()\t";

TEST(JackImport, EndsOfCallsThatAreTooDeepCloseNoOuterCall) {
  std::string text;
  for (int i = 0; i < 1026; ++i) text += log_line(i, 1, kBegin);
  for (int i = 0; i < 1026; ++i) text += log_line(2000 + i, 1, kEnd);
  const Imported got = import_text_of("jack", text);
  ASSERT_EQ(got.report.calls, 1026U);
  std::vector<std::uint64_t> ended;
  std::uint64_t first_ns = 0;
  for (const TraceEvent& event : got.sink.events) {
    if (!std::holds_alternative<TraceLeave>(event.payload)) continue;
    if (ended.empty()) first_ns = event.time_ns;
    ended.push_back(event.call);
  }
  ASSERT_EQ(ended.size(), 1024U);
  EXPECT_EQ(ended.front(), 1024U);
  EXPECT_EQ(first_ns, 2'002'000'000U) << "the third end is that of the deepest call that is kept";
  EXPECT_EQ(ended.back(), 1U);
  EXPECT_TRUE(got.has_note("more calls are open in this thread"));
  EXPECT_EQ(got.all<TraceLoss>().size(), 2U);
  EXPECT_FALSE(got.has_note("its beginning does not"));
}

TEST(JackImport, CallsOfTooManyThreadsAreLostAndTheirEndsAreNoOthers) {
  constexpr int kThreads = 65536;
  // Another line of the thread shows that a message has ended.
  const auto closed = [](int ms, int tid, const std::string& body) {
    return log_line(ms, tid, body) + log_line(ms, tid, "x");
  };
  std::string text;
  for (int i = 1; i <= kThreads + 1; ++i) text += closed(0, i, kBegin);
  text += closed(1, kThreads + 1, kEnd) + closed(2, 1, kEnd);
  text += closed(3, kThreads + 2, kBegin) + closed(4, kThreads + 2, kEnd);
  const Imported got = import_text_of("jack", text);
  EXPECT_EQ(got.all<TraceLeave>().size(), 2U) << "the end of one makes room for another";
  EXPECT_TRUE(got.has_note("more threads have open calls"));
  EXPECT_FALSE(got.has_note("its beginning does not"));
  ASSERT_EQ(got.all<TraceLoss>().size(), 1U);
  EXPECT_EQ(got.all<TraceLoss>()[0].events, 1U);
}

TEST(JackImport, EndsAloneTakeNoPlaceOfAThread) {
  std::string text;
  for (int i = 1; i <= 65700; ++i) text += log_line(0, i, kEnd);
  text += log_line(1, 70000, kBegin) + log_line(2, 70000, kEnd);
  EXPECT_EQ(import_text_of("jack", text).all<TraceLeave>().size(), 1U);
}

TEST(JackImport, CallsOfTheRuntimeAreWholeAndStandInTheNativeCallAroundThem) {
  const std::string method = "void com.x.Sink.accept(java.lang.String, float, double)";
  const std::string inner = "\tJACK LOG: INVOKING" + method +
                            "\tSHORTY: VLFD\tArgs size: 20\t\tARG 1: 14c0\t\tBytes at 0x14c0: 1 2 "
                            "3 \t\tARG 2: 0.500000\t\tARG 3: "
                            "0.250000\t\t";
  const std::string outer = "int a.A.f(byte[], int)";
  const Imported got = import_text_of(
      "jack", log_line(0, 1, native_call(outer, array_object(1, "a"))) + log_line(1, 1, inner) +
                  log_line(2, 1, "JACK LOG: JNIGENERIC END\t" + outer + "\tRet: 1\t"));
  ASSERT_EQ(got.all<TraceEnter>().size(), 2U);
  EXPECT_EQ(got.all<TraceEnter>()[1].parent, 1U);
  const auto number = got.arguments(2);
  ASSERT_EQ(number.size(), 1U);
  EXPECT_EQ(number[0].first.address, 0x3fd0000000000000U) << "0.25";
  EXPECT_EQ(got.arguments(0).back().second, "\1\2\3") << "no array: what stands there, as it is";
}

TEST(JackImport, WhatIsMissingIsSaid) {
  const std::string a = "int a.A.f(double)";
  const Imported got = import_text_of(
      "jack",
      log_line(0, 1, "JACK LOG: JNIGENERIC END\tint z.Z.z()\tRet: 1\t") +
          log_line(1, 1,
                   "\tJACK LOG: INVOKING JNI TRAMPOLINE " + a +
                       "\tSHORTY: ID\tArgs size: 2\t\tARG 1: 4611686018427387904.000000\t\t") +
          log_line(2, 1,
                   "\tJACK LOG: NON CAUGHT METHODvoid q.Q.q(int)\tSHORTY: VI\tArgs size: 2\t") +
          log_line(3, 1, "JACK LOG: int a.A.g() CONT.\t1 2 3 ") + "not of this log\n" +
          log_line(4, 1, "\tJACK LOG: INVOKI"));
  EXPECT_TRUE(got.has_note("the end of int z.Z.z() stands there, its beginning does not"));
  EXPECT_TRUE(got.has_note("prints no double of a native call rightly"));
  EXPECT_EQ(got.arguments(0)[0].first.address, 0U);
  EXPECT_TRUE(got.has_note("whose beginning is not in the log"));
  EXPECT_TRUE(got.has_note("the end of 1 native calls is not in the log"));
  EXPECT_TRUE(got.has_note("1 lines are nothing of this format"));
  EXPECT_EQ(got.report.calls, 2U);
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
  for (const TraceLoss& loss : got.all<TraceLoss>()) {
    calls += loss.calls;
    events += loss.events;
  }
  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(events, 4U) << "enter, result and leave of z; the argument of q";
}

TEST(JackImport, ShapesOfLogcatAndTheEndOfAYear) {
  const std::string body = "\tJACK LOG: INVOKINGvoid a.A.f()\tSHORTY: V\tArgs size: 0\t";
  const Imported got =
      import_text_of("jack", "12-31 23:59:59.999 I/app( 4321): " + body + "\r\n" +
                                 "01-01 00:00:00.001  4321  4390 I app     : " + body + "\n" +
                                 "2024-01-01 00:00:01.001 +0100 u0_a12 4321  4390 I app: " + body +
                                 "\nI/app ( 4321): " + body + "\n");
  EXPECT_EQ(got.report.calls, 4U);
  EXPECT_EQ(got.all<TraceProcess>().size(), 1U);
  std::vector<std::uint64_t> times;
  for (const TraceEvent& event : got.sink.events)
    if (std::holds_alternative<TraceEnter>(event.payload)) times.push_back(event.time_ns);
  std::sort(times.begin(), times.end());
  EXPECT_EQ(times, (std::vector<std::uint64_t>{0, 2'000'000, 1'002'000'000, 1'002'000'000}));
}

}  // namespace
}  // namespace dl::testing
