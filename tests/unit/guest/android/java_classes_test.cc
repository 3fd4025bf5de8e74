// SPDX-License-Identifier: Apache-2.0
// Java's and Android's classes as native code calls them: values that their specifications name.
#include <algorithm>

#include "android_fixture.h"

namespace dl::guest {
namespace {

class JavaClasses : public AndroidFixture {};

TEST_F(JavaClasses, Texts) {
  load_app(R"c(
    #define S "java/lang/String"
    static obj bytes(Env e, const char* from, int n) { obj a = SLOT(e, 176, obj(*)(Env, int))(e, n);
      SLOT(e, 208, void(*)(Env, obj, int, int, const char*))(e, a, 0, n, from); return a; }
    static char out[32];
    static const char* hex(Env e, obj array) { int n = SLOT(e, 171, int(*)(Env, obj))(e, array);
      u8 b[15]; SLOT(e, 200, void(*)(Env, obj, int, int, u8*))(e, array, 0, n, b);
      for (int i = 0; i < n; ++i) { out[2 * i] = "0123456789abcdef"[b[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[b[i] & 15]; }
      out[2 * n] = 0; return out; }
    const char* encoded(Env e, const char* charset) { obj t = text(e, "a\xc3\xa9\xe2\x82\xac");
      return hex(e, OBJECT(e, S, t, "getBytes", "(Ljava/lang/String;)[B", text(e, charset))); }
    const char* plain(Env e) { return hex(e, OBJECT(e, S, text(e, "\xed\xa0\xbd\xed\xb8\x80"),
      "getBytes", "()[B")); }
    const char* decoded(Env e) { return chars(e, NEW(e, S, "([BLjava/lang/String;)V",
      bytes(e, "a\xe9", 2), text(e, "ISO-8859-1"))); }
    int broken(Env e) { obj t = NEW(e, S, "([B)V", bytes(e, "a\xff", 2));
      return CHAR(e, S, t, "charAt", "(I)C", 1); }
    int hash(Env e) { return INT(e, S, text(e, "hello"), "hashCode", "()I"); }
    int object_hash(Env e) { return INT(e, "java/lang/Object", text(e, "hello"), "hashCode", "()I"); }
    int equal(Env e) { return BOOL(e, S, text(e, "ab"), "equals", "(Ljava/lang/Object;)Z", text(e, "ab"))
      + 2 * BOOL(e, S, text(e, "ab"), "equals", "(Ljava/lang/Object;)Z", text(e, "aB")); }
    const char* part(Env e) { return chars(e, OBJECT(e, S, text(e, "hamburger"), "substring",
      "(II)Ljava/lang/String;", 4, 8)); }
    int outside(Env e) { OBJECT(e, S, text(e, "abc"), "substring", "(I)Ljava/lang/String;", 4); return 0; }
    int find(Env e) { return INT(e, S, text(e, "abcabc"), "lastIndexOf", "(Ljava/lang/String;)I", text(e, "bc")); }
  )c");
  EXPECT_EQ(text_of("encoded", {text("UTF-8")}), "61c3a9e282ac");
  EXPECT_EQ(text_of("encoded", {text("iso-8859-1")}), "61e93f");
  EXPECT_EQ(text_of("encoded", {text("US-ASCII")}), "613f3f");
  EXPECT_EQ(text_of("encoded", {text("UTF-16LE")}), "6100e900ac20");
  EXPECT_EQ(text_of("encoded", {text("UTF-16")}), "feff006100e920ac");
  EXPECT_EQ(text_of("plain"), "f09f9880");
  EXPECT_EQ(text_of("decoded"), "a\xc3\xa9");
  EXPECT_EQ(int_of("broken"), 0xfffd);
  EXPECT_EQ(int_of("hash"), 99162322);
  EXPECT_EQ(int_of("object_hash"), 99162322);
  EXPECT_EQ(int_of("equal"), 1);
  EXPECT_EQ(text_of("part"), "urge");
  EXPECT_EQ(int_of("find"), 4);
  EXPECT_EQ(exception(), "");
  native("outside");
  EXPECT_TRUE(exception().starts_with("java.lang.StringIndexOutOfBoundsException"));
  EXPECT_TRUE(gaps().empty()) << gaps().front();
}

TEST_F(JavaClasses, NumbersAndCollections) {
  load_app(R"c(
    #define L "java/util/List"
    #define M "java/util/Map"
    #define O "java/lang/Object"
    static obj box(Env e, int v) { return STATIC(e, "java/lang/Integer", "valueOf", "(I)Ljava/lang/Integer;", v); }
    int narrow(Env e) { obj d = NEW(e, "java/lang/Double", "(D)V", 3e9);
      return INT(e, "java/lang/Number", d, "intValue", "()I"); }
    i64 wide(Env e) { return LONG(e, "java/lang/Integer", box(e, -5), "longValue", "()J"); }
    const char* real(Env e, int which) { double v = which == 0 ? 1e7 : which == 1 ? 0.1 : 100.0;
      return chars(e, OBJECT(e, O, NEW(e, "java/lang/Double", "(D)V", v), "toString", "()Ljava/lang/String;")); }
    int list(Env e) { obj l = NEW(e, "java/util/ArrayList", "()V");
      for (int i = 0; i < 5; ++i) BOOL(e, L, l, "add", "(Ljava/lang/Object;)Z", box(e, i * i));
      OBJECT(e, L, l, "remove", "(I)Ljava/lang/Object;", 1);
      int sum = INT(e, L, l, "size", "()I") * 1000;
      obj it = OBJECT(e, L, l, "iterator", "()Ljava/util/Iterator;");
      while (BOOL(e, "java/util/Iterator", it, "hasNext", "()Z"))
        sum += INT(e, "java/lang/Integer", OBJECT(e, "java/util/Iterator", it, "next",
          "()Ljava/lang/Object;"), "intValue", "()I");
      return sum * 10 + INT(e, L, l, "indexOf", "(Ljava/lang/Object;)I", box(e, 9)); }
    int beyond(Env e) { OBJECT(e, L, NEW(e, "java/util/ArrayList", "()V"), "get", "(I)Ljava/lang/Object;", 0); return 0; }
    int map(Env e) { obj m = NEW(e, "java/util/HashMap", "()V");
      OBJECT(e, M, m, "put", "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;", text(e, "a"), box(e, 1));
      OBJECT(e, M, m, "put", "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;", text(e, "b"), box(e, 2));
      obj before = OBJECT(e, M, m, "put", "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;", text(e, "a"), box(e, 7));
      int sum = 100 * INT(e, "java/lang/Integer", before, "intValue", "()I");
      obj it = OBJECT(e, "java/util/Set", OBJECT(e, M, m, "entrySet", "()Ljava/util/Set;"), "iterator", "()Ljava/util/Iterator;");
      while (BOOL(e, "java/util/Iterator", it, "hasNext", "()Z")) {
        obj n = OBJECT(e, "java/util/Iterator", it, "next", "()Ljava/lang/Object;");
        sum += INT(e, "java/lang/Integer", OBJECT(e, "java/util/Map$Entry", n, "getValue", "()Ljava/lang/Object;"), "intValue", "()I"); }
      return sum + 1000 * (OBJECT(e, M, m, "get", "(Ljava/lang/Object;)Ljava/lang/Object;", text(e, "c")) == 0); }
    int parse(Env e) { return (int)(i64)STATIC(e, "java/lang/Integer", "parseInt", "(Ljava/lang/String;)I", text(e, "12x")); }
  )c");
  EXPECT_EQ(int_of("narrow"), 2147483647);
  EXPECT_EQ(number("wide"), -5);
  EXPECT_EQ(text_of("real", {0}), "1.0E7");
  EXPECT_EQ(text_of("real", {1}), "0.1");
  EXPECT_EQ(text_of("real", {2}), "100.0");
  EXPECT_EQ(int_of("list"), (4000 + 0 + 4 + 9 + 16) * 10 + 2);
  EXPECT_EQ(int_of("map"), 1109);
  EXPECT_EQ(exception(), "");
  native("beyond");
  EXPECT_EQ(exception(), "java.lang.IndexOutOfBoundsException: Index: 0, Size: 0");
  native("parse");
  EXPECT_EQ(exception(), "java.lang.NumberFormatException: For input string: \"12x\"");
  EXPECT_TRUE(gaps().empty()) << gaps().front();
}

TEST_F(JavaClasses, Buffers) {
  load_app(R"c(
    #define B "java/nio/ByteBuffer"
    static obj direct(Env e, int n) { return STATIC(e, B, "allocateDirect", "(I)Ljava/nio/ByteBuffer;", n); }
    static u8* address(Env e, obj b) { return (u8*)SLOT(e, 230, void*(*)(Env, obj))(e, b); }
    u32 big(Env e) { obj b = direct(e, 8); OBJECT(e, B, b, "putInt", "(I)Ljava/nio/ByteBuffer;", 0x01020304);
      return *(u32*)address(e, b) + (u32)INT(e, B, b, "position", "()I"); }
    u32 native_order(Env e) { obj b = direct(e, 8);
      OBJECT(e, B, b, "order", "(Ljava/nio/ByteOrder;)Ljava/nio/ByteBuffer;",
             STATIC(e, "java/nio/ByteOrder", "nativeOrder", "()Ljava/nio/ByteOrder;"));
      obj f = OBJECT(e, B, b, "asFloatBuffer", "()Ljava/nio/FloatBuffer;");
      OBJECT(e, "java/nio/FloatBuffer", f, "put", "(IF)Ljava/nio/FloatBuffer;", 1, 1.0);
      return *(u32*)(address(e, b) + 4) + (u32)SLOT(e, 231, i64(*)(Env, obj))(e, f); }
    int wrapped(Env e) { static u8 bytes[4] = {1, 2, 3, 4};
      obj b = SLOT(e, 229, obj(*)(Env, void*, i64))(e, bytes, 4);
      OBJECT(e, B, b, "get", "()B"); int remaining = INT(e, B, b, "remaining", "()I");
      return remaining * 10 + BOOL(e, B, b, "isDirect", "()Z"); }
    int twice(Env e) { obj b = direct(e, 6); obj d = OBJECT(e, B, b, "duplicate", "()Ljava/nio/ByteBuffer;");
      OBJECT(e, B, b, "put", "(B)Ljava/nio/ByteBuffer;", 7);
      return INT(e, B, d, "remaining", "()I") * 10 + CALL(e, 40, signed char, B, d, "get", "()B"); }
    int overflow(Env e) { OBJECT(e, B, direct(e, 2), "putInt", "(I)Ljava/nio/ByteBuffer;", 1); return 0; }
    int wild(Env e) { obj b = SLOT(e, 229, obj(*)(Env, void*, i64))(e, (void*)64, 4);
      return INT(e, B, b, "getInt", "()I"); }
  )c");
  EXPECT_EQ(static_cast<std::uint32_t>(number("big")), 0x04030201U + 4);
  EXPECT_EQ(static_cast<std::uint32_t>(number("native_order")), 0x3f800000U + 2);
  EXPECT_EQ(int_of("wrapped"), 31);
  EXPECT_EQ(int_of("twice"), 67);
  EXPECT_EQ(exception(), "");
  native("overflow");
  EXPECT_TRUE(exception().starts_with("java.nio.BufferOverflowException"));
  const auto done = guest->call_native(*guest->loader().find("wild"), {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, GuestFault::Kind::kMemory);
}

TEST_F(JavaClasses, TheDeviceAndTheApp) {
  app.package = "com.example.app";
  app.certificates = {{0x30, 0x82}};
  load_app(R"c(
    #define C "android/content/Context"
    static obj context(Env e) { return STATIC(e, "android/app/ActivityThread", "currentApplication",
      "()Landroid/app/Application;"); }
    const char* model(Env e) { return chars(e, static_field(e, "android/os/Build", "MODEL", "Ljava/lang/String;")); }
    int sdk(Env e) { return (int)(i64)static_field(e, "android/os/Build$VERSION", "SDK_INT", "I"); }
    const char* package(Env e) { return chars(e, OBJECT(e, C, context(e), "getPackageName", "()Ljava/lang/String;")); }
    const char* files(Env e) { return chars(e, OBJECT(e, "java/io/File", OBJECT(e, C, context(e),
      "getFilesDir", "()Ljava/io/File;"), "getAbsolutePath", "()Ljava/lang/String;")); }
    const char* locale(Env e) { return chars(e, OBJECT(e, "java/util/Locale", STATIC(e, "java/util/Locale",
      "getDefault", "()Ljava/util/Locale;"), "toString", "()Ljava/lang/String;")); }
    const char* signer(Env e) { obj m = OBJECT(e, C, context(e), "getPackageManager",
        "()Landroid/content/pm/PackageManager;");
      obj i = OBJECT(e, "android/content/pm/PackageManager", m, "getPackageInfo",
        "(Ljava/lang/String;I)Landroid/content/pm/PackageInfo;", text(e, "com.example.app"), 64);
      obj f = SLOT(e, 94, obj(*)(Env, obj, const char*, const char*))(e, class_of(e, i), "signatures",
        "[Landroid/content/pm/Signature;");
      obj s = SLOT(e, 173, obj(*)(Env, obj, int))(e, SLOT(e, 95, obj(*)(Env, obj, obj))(e, i, f), 0);
      return chars(e, OBJECT(e, "android/content/pm/Signature", s, "toCharsString", "()Ljava/lang/String;")); }
    const char* class_name(Env e) { obj l = OBJECT(e, "java/lang/Thread", STATIC(e, "java/lang/Thread",
        "currentThread", "()Ljava/lang/Thread;"), "getContextClassLoader", "()Ljava/lang/ClassLoader;");
      obj c = OBJECT(e, "java/lang/ClassLoader", l, "loadClass", "(Ljava/lang/String;)Ljava/lang/Class;",
        text(e, "a.b.Outer$Inner"));
      return chars(e, OBJECT(e, "java/lang/Class", c, "getSimpleName", "()Ljava/lang/String;")); }
    const char* message(Env e) { obj x = NEW(e, "java/io/IOException", "(Ljava/lang/String;)V", text(e, "why"));
      return chars(e, OBJECT(e, "java/lang/Throwable", x, "toString", "()Ljava/lang/String;")); }
    int later(Env e) { return (i64)STATIC(e, "java/lang/System", "nanoTime", "()J") > 0; }
    int unknown(Env e) { return INT(e, "a/b/C", NEW(e, "a/b/C", "()V"), "f", "(J)I", 5L); }
  )c");
  EXPECT_EQ(text_of("model"), "generic arm64");
  EXPECT_EQ(int_of("sdk"), 30);
  EXPECT_EQ(text_of("package"), "com.example.app");
  EXPECT_EQ(text_of("files"), "/data/user/0/com.example.app/files");
  EXPECT_EQ(text_of("locale"), "en_US");
  EXPECT_EQ(text_of("signer"), "3082");
  EXPECT_EQ(text_of("class_name"), "Inner");
  EXPECT_EQ(text_of("message"), "java.io.IOException: why");
  EXPECT_EQ(int_of("later"), 1);
  EXPECT_TRUE(gaps().empty()) << gaps().front();
  EXPECT_EQ(int_of("unknown"), 0);
  EXPECT_EQ(gaps(), std::vector<std::string>{"a/b/C.f(J)I"});
}

TEST_F(JavaClasses, WhatNobodyKnowsOfTheAppIsAGap) {
  load_app(R"c(
    int ask(Env e) { obj c = STATIC(e, "android/app/ActivityThread", "currentApplication",
        "()Landroid/app/Application;");
      OBJECT(e, "android/content/Context", c, "getPackageName", "()Ljava/lang/String;"); return 0; }
  )c");
  native("ask");
  EXPECT_EQ(gaps(),
            std::vector<std::string>{"android/content/Context.getPackageName()Ljava/lang/String;"});
}

}  // namespace
}  // namespace dl::guest
