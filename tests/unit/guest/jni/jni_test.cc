// SPDX-License-Identifier: Apache-2.0
// JNI as native code uses it: every family of functions from guest code, registered natives, what
// is wanted of Java.
#include <gmock/gmock.h>

#include <cstring>
#include <map>

#include "daylight/guest/jni/modified_utf8.h"
#include "daylight/guest/native_call.h"
#include "daylight/guest/native_methods.h"
#include "guest_fixture.h"

namespace dl::guest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The parts of jni.h that these tests use: slots by number.
constexpr const char* kJni = R"(
typedef void* jobject; typedef long jlong; typedef int jint; typedef unsigned char jboolean;
typedef signed char jbyte; typedef float jfloat; typedef double jdouble; typedef unsigned short jchar;
typedef void*** Env;
#define SLOT(e, n, type) ((type)((*(e))[n]))
#define FindClass(e, n) SLOT(e, 6, jobject (*)(Env, const char*))(e, n)
#define GetMethodID(e, c, n, s) SLOT(e, 33, void* (*)(Env, jobject, const char*, const char*))(e, c, n, s)
#define GetStaticMethodID(e, c, n, s) SLOT(e, 113, void* (*)(Env, jobject, const char*, const char*))(e, c, n, s)
#define GetFieldID(e, c, n, s) SLOT(e, 94, void* (*)(Env, jobject, const char*, const char*))(e, c, n, s)
#define NewStringUTF(e, s) SLOT(e, 167, jobject (*)(Env, const char*))(e, s)
#define GetStringUTFChars(e, s) SLOT(e, 169, const char* (*)(Env, jobject, jboolean*))(e, s, 0)
#define ReleaseStringUTFChars(e, s, c) SLOT(e, 170, void (*)(Env, jobject, const char*))(e, s, c)
#define GetArrayLength(e, a) SLOT(e, 171, jint (*)(Env, jobject))(e, a)
struct Native { const char* name; const char* signature; void* function; };
)";

class Jni : public GuestFixture {
 protected:
  void load_jni(const std::string& text) { load(std::string(kJni) + text); }
  std::uint64_t native(const std::string& name,
                       std::initializer_list<std::uint64_t> arguments = {}) {
    const auto address = guest->loader().find(name);
    EXPECT_TRUE(address) << name;
    const auto done = guest->call_native(
        *address, std::span<const std::uint64_t>(arguments.begin(), arguments.size()));
    EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().what);
    return done ? done->integer : 0;
  }
};

TEST_F(Jni, RegisteredNativesAreSeenWithTheirPlaces) {
  load_jni(R"(
    static int run(Env e, jobject self, jobject bytes) { return GetArrayLength(e, bytes); }
    static int stop(Env e, jobject self) { return 1; }
    jint JNI_OnLoad(void*** vm, void* reserved) {
      Env env;
      if (((jint (*)(void***, Env*, jint))(*vm)[6])(vm, &env, 0x00010006)) return -1;
      jobject c = FindClass(env, "com/app/Face");
      struct Native table[2] = {{"run", "([B)I", (void*)run}, {"stop", "()I", (void*)stop}};
      ((jint (*)(Env, jobject, struct Native*, jint))(*env)[215])(env, c, table, 2);
      return 0x00010006;
    }
    int Java_com_app_My_1Class_add__II(Env e, jobject c, int a, int b) { return a + b; }
    void Java_com_app_Face_close(Env e, jobject c) {}
  )");
  const auto version = guest->run_on_load(*guest->loader().loaded("libt.so"));
  ASSERT_TRUE(version) << version.error().what;
  EXPECT_EQ(*version, 0x00010006);
  const auto natives = native_methods(*guest);
  ASSERT_THAT(natives, SizeIs(4));
  const auto find = [&](const std::string& name) {
    for (const NativeMethod& each : natives) {
      if (each.name == name) return each;
    }
    return NativeMethod{};
  };
  EXPECT_EQ(find("add").owner, "com/app/My_Class");
  EXPECT_EQ(find("add").signature, "(II)");
  EXPECT_EQ(find("close").owner, "com/app/Face");
  EXPECT_EQ(find("run").signature, "([B)I");
  EXPECT_EQ(find("run").library, "libt.so");
  EXPECT_EQ(find("run").route, NativeMethod::Route::kRegistered);
  // The place is the function.
  const std::uint64_t array = guest->java().new_bytes(std::vector<std::uint8_t>(33));
  const std::uint64_t arguments[] = {0, array};
  const auto done =
      guest->call_native(guest->loader().loaded("libt.so")->bias + find("run").offset, arguments);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->integer, 33U);
}

// What no phone could call says so, with the address as it is.
TEST_F(Jni, RegisteredNonsenseIsMarked) {
  load_jni(R"(
    static int data = 7;
    static int run(Env e, jobject self) { return data; }
    void Java_com_app_Face_fine__Ljava_lang_String_2I(Env e, jobject c) {}
    void Java_com_app_Face_odd__Q(Env e, jobject c) {}
    jint JNI_OnLoad(void*** vm, void* reserved) {
      Env env;
      if (((jint (*)(void***, Env*, jint))(*vm)[6])(vm, &env, 0x00010006)) return -1;
      jobject c = FindClass(env, "com/app/Face");
      struct Native table[5] = {{"run", "()I", (void*)run}, {"wild", "()V", (void*)0x41414141}, {"none", "()V", 0},
                                {"broken", "(((", (void*)run}, {"data", "(((", (void*)&data}};
      ((jint (*)(Env, jobject, struct Native*, jint))(*env)[215])(env, c, table, 5);
      return 0x00010006;
    }
  )");
  ASSERT_TRUE(guest->run_on_load(*guest->loader().loaded("libt.so")));
  std::map<std::string, NativeMethod> natives;
  for (const NativeMethod& each : native_methods(*guest)) natives[each.name] = each;
  EXPECT_EQ(natives["run"].problem, "");
  EXPECT_EQ(natives["fine"].problem, "");
  EXPECT_EQ(natives["odd"].problem, "a signature that is none");
  EXPECT_EQ(natives["wild"].problem, "no code of a library");
  EXPECT_EQ(natives["wild"].library, "");
  EXPECT_EQ(natives["wild"].offset, 0x41414141U);
  EXPECT_EQ(natives["none"].problem, "null");
  EXPECT_EQ(natives["broken"].problem, "a signature that is none");
  EXPECT_EQ(natives["broken"].library, "libt.so");
  EXPECT_EQ(natives["data"].problem, "data of a library, no code; a signature that is none");
}

TEST_F(Jni, TextsKeepEveryCharacter) {
  load_jni(R"(
    unsigned long strlen(const char*);
    long length(Env e, jobject c, jobject text) {
      const char* chars = GetStringUTFChars(e, text);
      long out = strlen(chars) * 1000 + SLOT(e, 164, jint (*)(Env, jobject))(e, text);
      ReleaseStringUTFChars(e, text, chars);
      return out;
    }
    jobject greet(Env e) { return NewStringUTF(e, "gr\xc3\xbc\xc3\x9f dich"); }
    int unit(Env e, jobject c, jobject text, int i) {
      jchar out; SLOT(e, 220, void (*)(Env, jobject, jint, jint, jchar*))(e, text, i, 1, &out); return out;
    }
  )");
  const JavaReference text =
      guest->java().new_text(std::u16string_view(u"a\u00fc\u20ac\U0001f600"));
  // 1 + 2 + 3 bytes, then two surrogates of three bytes each.
  EXPECT_EQ(native("length", {0, text}), 12'005U);
  EXPECT_EQ(guest->java().text_of(native("greet")), u"gr\u00fc\u00df dich");
  EXPECT_EQ(native("unit", {0, text, 2}), 0x20acU);
  native("unit", {0, text, 9});
  const JavaReference pending = guest->java().pending();
  ASSERT_NE(pending, 0U);
  EXPECT_THAT(guest->java().describe(pending), HasSubstr("StringIndexOutOfBoundsException"));
}

TEST_F(Jni, ModifiedUtf8GoesThereAndBack) {
  const std::u16string text = std::u16string(u"a\0b", 3) + u"\u07ff\u0800\uffff\U0010ffff";
  EXPECT_EQ(from_modified_utf8(to_modified_utf8(text)), text);
  EXPECT_EQ(to_modified_utf8(std::u16string(1, u'\0')), std::string("\xc0\x80"));
  EXPECT_EQ(from_modified_utf8("\xf0\x9f\x98\x80"), u"\U0001f600");
  EXPECT_EQ(from_modified_utf8("\xff\xe2\x82"), u"\ufffd\ufffd\ufffd");
}

TEST_F(Jni, ArraysAndBuffersAreMemoryOfBothSides) {
  load_jni(R"(
    float sum(Env e, jobject c, jobject array) {
      jint n = GetArrayLength(e, array);
      float* v = SLOT(e, 189, float* (*)(Env, jobject, jboolean*))(e, array, 0);
      float out = 0; for (int i = 0; i < n; ++i) { out += v[i]; v[i] = -v[i]; }
      SLOT(e, 197, void (*)(Env, jobject, float*, jint))(e, array, v, 0);
      return out;
    }
    jobject make(Env e, jobject c, int n) {
      jobject array = SLOT(e, 176, jobject (*)(Env, jint))(e, n);
      jbyte bytes[3] = {1, 2, 3};
      SLOT(e, 208, void (*)(Env, jobject, jint, jint, const jbyte*))(e, array, 1, 3, bytes);
      return array;
    }
    long direct(Env e, jobject c, jobject buffer) {
      char* at = SLOT(e, 230, char* (*)(Env, jobject))(e, buffer);
      at[0] = 'x';
      return SLOT(e, 231, jlong (*)(Env, jobject))(e, buffer);
    }
    jobject names(Env e) {
      jobject array = SLOT(e, 172, jobject (*)(Env, jint, jobject, jobject))(e, 2, FindClass(e, "java/lang/String"), 0);
      SLOT(e, 174, void (*)(Env, jobject, jint, jobject))(e, array, 1, NewStringUTF(e, "second"));
      return SLOT(e, 173, jobject (*)(Env, jobject, jint))(e, array, 1);
    }
  )");
  const float values[] = {1.5F, 2.0F, -0.25F};
  const JavaReference array = guest->java().new_floats(values);
  const std::uint64_t arguments[] = {0, array};
  const auto done = guest->call_native(*guest->loader().find("sum"), arguments);
  ASSERT_TRUE(done);
  float sum = 0;
  std::memcpy(&sum, done->vector.data(), 4);
  EXPECT_EQ(sum, 3.25F);
  float first = 0;
  std::memcpy(&first, guest->java().bytes_of(array).data(), 4);
  EXPECT_EQ(first, -1.5F);
  EXPECT_THAT(guest->java().bytes_of(native("make", {0, 5})), ElementsAre(0, 1, 2, 3, 0));
  native("make", {0, 2});
  EXPECT_NE(guest->java().pending(), 0U);
  guest->java().clear();
  const std::uint64_t block = guest->machine().heap.allocate(64, 16, true);
  EXPECT_EQ(native("direct", {0, guest->java().new_buffer(block, 64)}), 64U);
  EXPECT_EQ(*reinterpret_cast<char*>(block), 'x');
  EXPECT_EQ(guest->java().utf8_of(native("names")), "second");
}

TEST_F(Jni, CallsReachHandlersWithEveryTypeOfArgument) {
  load_jni(R"(
    typedef __builtin_va_list va_list;
    static double forward(Env e, jobject o, void* m, ...) {
      va_list list; __builtin_va_start(list, m);
      double out = SLOT(e, 59, jdouble (*)(Env, jobject, void*, va_list))(e, o, m, list);
      __builtin_va_end(list);
      return out;
    }
    double call(Env e, jobject c, jobject object) {
      void* m = GetMethodID(e, FindClass(e, "com/app/Model"), "mix", "(ZBCSIJFDLjava/lang/String;[IF)D");
      jobject text = NewStringUTF(e, "t");
      double a = SLOT(e, 58, jdouble (*)(Env, jobject, void*, ...))(
          e, object, m, 1, -2, 65, -3, -4, -5L, 1.5, 2.5, text, (jobject)0, 0.25);
      double b = forward(e, object, m, 1, -2, 65, -3, -4, -5L, 1.5, 2.5, text, (jobject)0, 0.25);
      union { jint i; jlong j; jfloat f; jdouble d; jobject l; } v[11];
      v[0].i = 1; v[1].i = -2; v[2].i = 65; v[3].i = -3; v[4].i = -4; v[5].j = -5; v[6].f = 1.5f; v[7].d = 2.5;
      v[8].l = text; v[9].l = 0; v[10].f = 0.25f;
      double d = SLOT(e, 60, jdouble (*)(Env, jobject, void*, void*))(e, object, m, v);
      return a == b && b == d ? a : -1;
    }
  )");
  std::string seen;
  guest->java().handle("com/app/Model.mix(ZBCSIJFDLjava/lang/String;[IF)D",
                       [&](const JavaCall& call) {
                         double sum = 0;
                         for (const JavaValue& value : call.arguments) {
                           if (value.type == 'F') {
                             float f = 0;
                             std::memcpy(&f, &value.bits, 4);
                             sum += static_cast<double>(f);
                           } else if (value.type == 'D') {
                             double d = 0;
                             std::memcpy(&d, &value.bits, 8);
                             sum += d;
                           } else if (value.type == 'L') {
                             if (value.bits != 0) seen += call.world.utf8_of(value.bits);
                           } else {
                             sum += static_cast<double>(static_cast<std::int64_t>(value.bits));
                           }
                         }
                         JavaValue out{'D', 0};
                         std::memcpy(&out.bits, &sum, 8);
                         return out;
                       });
  const JavaReference object = guest->java().new_object("com/app/Model");
  const std::uint64_t arguments[] = {0, object};
  const auto done = guest->call_native(*guest->loader().find("call"), arguments);
  ASSERT_TRUE(done) << done.error().what;
  double sum = 0;
  std::memcpy(&sum, done->vector.data(), 8);
  EXPECT_EQ(sum, 1 - 2 + 65 - 3 - 4 - 5 + 1.5 + 2.5 + 0.25);
  EXPECT_EQ(seen, "ttt");
}

TEST_F(Jni, WhatNobodyAnswersIsAGapWithItsSignature) {
  load_jni(R"(
    long use(Env e, jobject c) {
      jobject k = FindClass(e, "com/app/Config");
      void* m = GetStaticMethodID(e, k, "secret", "(I)J");
      void* n = GetStaticMethodID(e, k, "name", "()Ljava/lang/String;");
      jobject text = SLOT(e, 114, jobject (*)(Env, jobject, void*, ...))(e, k, n);
      if (!text) return -1;
      return SLOT(e, 132, jlong (*)(Env, jobject, void*, ...))(e, k, m, 5);
    }
    long wrong(Env e, jobject c) { return SLOT(e, 52, jlong (*)(Env, jobject, void*, ...))(e, 0, (void*)7); }
  )");
  EXPECT_EQ(native("use", {0}), 0U);
  std::vector<std::string> wanted;
  for (const JavaGap& gap : guest->java().gaps()) wanted.push_back(gap.what);
  EXPECT_THAT(wanted,
              ElementsAre("com/app/Config.name()Ljava/lang/String;", "com/app/Config.secret(I)J"));
  const std::uint64_t nothing[] = {0};
  const auto done = guest->call_native(*guest->loader().find("wrong"), nothing);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, GuestFault::Kind::kArgument);
}

TEST_F(Jni, FieldsAndReferencesLast) {
  load_jni(R"(
    jobject kept;
    int put(Env e, jobject c, jobject o) {
      jobject k = SLOT(e, 31, jobject (*)(Env, jobject))(e, o);
      void* f = GetFieldID(e, k, "threshold", "F");
      SLOT(e, 111, void (*)(Env, jobject, void*, jfloat))(e, o, f, 0.75f);
      kept = SLOT(e, 21, jobject (*)(Env, jobject))(e, o);
      return SLOT(e, 102, jfloat (*)(Env, jobject, void*))(e, o, f) == 0.75f;
    }
    int same(Env e, jobject c, jobject o) { return SLOT(e, 24, jboolean (*)(Env, jobject, jobject))(e, o, kept); }
    int forged(Env e, jobject c) { return GetArrayLength(e, (jobject)0x123450); }
  )");
  const JavaReference object = guest->java().new_object("com/app/Model");
  EXPECT_EQ(native("put", {0, object}), 1U);
  EXPECT_EQ(native("same", {0, object}), 1U);
  EXPECT_EQ(native("same", {0, guest->java().new_object("com/app/Model")}), 0U);
  const std::uint64_t nothing[] = {0};
  const auto done = guest->call_native(*guest->loader().find("forged"), nothing);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("reference that is none"));
}

// As Java's builders do: what comes back is given back, and the receiver stays.
TEST_F(Jni, AnAnswerIsAReferenceOfItsOwn) {
  load_jni(R"(
    int order(Env e, jobject c, jobject o) {
      jobject k = SLOT(e, 31, jobject (*)(Env, jobject))(e, o);
      void* m = GetMethodID(e, k, "self", "()Lcom/app/Builder;");
      jobject again = SLOT(e, 34, jobject (*)(Env, jobject, void*, ...))(e, o, m);
      if (again == o) return 0;
      int same = SLOT(e, 24, jboolean (*)(Env, jobject, jobject))(e, o, again);
      SLOT(e, 23, void (*)(Env, jobject))(e, again);
      return same && SLOT(e, 31, jobject (*)(Env, jobject))(e, o) != 0;
    }
  )");
  guest->java().handle("com/app/Builder.self()Lcom/app/Builder;",
                       [](const JavaCall& call) { return JavaValue::reference(call.receiver); });
  EXPECT_EQ(native("order", {0, guest->java().new_object("com/app/Builder")}), 1U);
}

TEST_F(Jni, NativeMethodsAreCalledByTheirJavaNames) {
  load_jni(R"(
    float Java_com_app_Face_scale(Env e, jobject c, float by, int of, double more) { return by * of + more; }
    int Java_com_app_Face_pick__I(Env e, jobject c, int a) { return -a; }
    int Java_com_app_Face_pick__Ljava_lang_String_2(Env e, jobject c, jobject text) {
      const char* chars = GetStringUTFChars(e, text);
      return chars[0];
    }
    jboolean Java_com_app_Face_is(Env e, jobject c) { return 1; }
    void Java_com_app_Face_refuse(Env e, jobject c) {
      SLOT(e, 14, int (*)(Env, jobject, const char*))(e, FindClass(e, "java/lang/IllegalStateException"), "no face");
    }
  )");
  OwnJavaWorld& world = guest->java();
  const auto call = [&](const std::string& name, const std::string& signature,
                        std::vector<JavaValue> arguments) {
    return call_java_native(*guest, {"com/app/Face", name, signature, true, false},
                            world.find_class("com/app/Face"), arguments);
  };
  const auto float_of = [](float value) {
    JavaValue out{'F', 0};
    std::memcpy(&out.bits, &value, sizeof(value));
    return out;
  };
  JavaValue more{'D', 0};
  const double half = 0.5;
  std::memcpy(&more.bits, &half, sizeof(half));
  const auto scaled = call("scale", "(FID)F", {float_of(1.5F), JavaValue::integer('I', 4), more});
  ASSERT_TRUE(scaled) << describe(scaled.error());
  EXPECT_EQ(scaled->bits, float_of(6.5F).bits);
  const auto number = call("pick", "(I)I", {JavaValue::integer('I', 7)});
  ASSERT_TRUE(number);
  EXPECT_EQ(static_cast<std::int64_t>(number->bits), -7);
  const auto text =
      call("pick", "(Ljava/lang/String;)I", {JavaValue::reference(world.new_text("x"))});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->bits, static_cast<std::uint64_t>('x'));
  EXPECT_EQ(call("is", "()Z", {})->bits, 1U);
  const auto thrown = call("refuse", "()V", {});
  ASSERT_FALSE(thrown);
  EXPECT_THAT(thrown.error().what, HasSubstr("java.lang.IllegalStateException: no face"));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(call("absent", "()V", {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(call("is", "()Z", {JavaValue::integer('I', 1)}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(Jni, SymbolsAreReadAsTheRuntimeDoes) {
  const auto symbol = parse_jni_symbol("Java_a_b_1c_D_e_1f__ILjava_lang_String_2_3B");
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->owner, "a/b_c/D");
  EXPECT_EQ(symbol->name, "e_f");
  EXPECT_EQ(symbol->parameters, "(ILjava/lang/String;[B)");
  EXPECT_EQ(parse_jni_symbol("Java_p_C_m_000e9")->name, "m\xc3\xa9");
  EXPECT_FALSE(parse_jni_symbol("Java_"));
  EXPECT_FALSE(parse_jni_symbol("Java_x"));
  EXPECT_FALSE(parse_jni_symbol("JNI_OnLoad"));
}

TEST_F(Jni, SignaturesAreReadWhole) {
  const auto parsed = parse_signature("(I[[JLa/B;D)[Lx/Y;");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->parameters, "ILLD");
  EXPECT_EQ(parsed->result, 'L');
  EXPECT_EQ(parsed->result_type, "[Lx/Y;");
  for (const char* const bad : {"", "I", "(", "(I", "(V)V", "(I)", "(La)V", "()VV", "(Q)V", "()["})
    EXPECT_FALSE(parse_signature(bad)) << bad;
}

}  // namespace
}  // namespace dl::guest
