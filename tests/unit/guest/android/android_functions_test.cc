// SPDX-License-Identifier: Apache-2.0
// Assets, bitmaps, loopers and absent hardware, as native code calls them.
#include <filesystem>

#include "android_fixture.h"
#include "daylight/guest/library_files.h"
#include "daylight/guest/native_methods.h"

namespace dl::guest {
namespace {

class AndroidFunctions : public AndroidFixture {};

TEST_F(AndroidFunctions, AssetsAreReadWhereTheyLie) {
  entries["assets/labels.txt"] = {content("cat\ndog\n"), true};
  entries["assets/models/a.tflite"] = {content("0123456789"), false};
  entries["assets/models/b.tflite"] = {content("b"), false};
  entries["assets/models/deep/c.tflite"] = {content("c"), false};
  load_app(R"(
    obj AAssetManager_fromJava(Env, obj); obj AAssetManager_open(obj, const char*, int);
    obj AAssetManager_openDir(obj, const char*); const char* AAssetDir_getNextFileName(obj);
    void AAssetDir_close(obj); void AAssetDir_rewind(obj);
    int AAsset_read(obj, void*, size_t); i64 AAsset_seek(obj, i64, int); void AAsset_close(obj);
    const void* AAsset_getBuffer(obj); i64 AAsset_getLength(obj);
    i64 AAsset_getRemainingLength64(obj); int AAsset_openFileDescriptor(obj, i64*, i64*);
    int AAsset_isAllocated(obj); i64 read(int, void*, size_t);
    static char out[64];
    static obj open(Env e, const char* name, int mode) {
      obj context = STATIC(e, "android/app/ActivityThread", "currentApplication",
                           "()Landroid/app/Application;");
      obj assets = OBJECT(e, "android/content/Context", context, "getAssets",
                          "()Landroid/content/res/AssetManager;");
      return AAssetManager_open(AAssetManager_fromJava(e, assets), name, mode); }
    const char* whole(Env e) { obj a = open(e, "labels.txt", 3);
      const char* bytes = (const char*)AAsset_getBuffer(a);
      for (i64 i = 0; i < AAsset_getLength(a); ++i) out[i] = bytes[i];
      out[AAsset_getLength(a)] = 0; AAsset_close(a); return out; }
    const char* parts(Env e) { obj a = open(e, "models/a.tflite", 1);
      int n = AAsset_read(a, out, 3); n += AAsset_read(a, out + n, 2);
      if (AAsset_getRemainingLength64(a) != 5 || AAsset_isAllocated(a)) return "remaining";
      if (AAsset_seek(a, -1, 2) != 9) return "seek";
      n += AAsset_read(a, out + n, 9); if (AAsset_seek(a, 1, 2) != -1) return "behind";
      n += AAsset_read(a, out + n, 9); out[n] = 0; return out; }
    int absent(Env e) { return open(e, "none", 0) == 0; }
    const char* folder(Env e) { obj m = AAssetManager_fromJava(e, text(e, ""));
      obj d = AAssetManager_openDir(m, "models"); int n = 0;
      for (const char* name; (name = AAssetDir_getNextFileName(d));)
        { while (*name) out[n++] = *name++; out[n++] = ' '; }
      out[n] = 0; AAssetDir_rewind(d); if (!AAssetDir_getNextFileName(d)) return "rewind";
      AAssetDir_close(d); return out; }
    int descriptor(Env e) { i64 start = -1, size = -1;
      int none = AAsset_openFileDescriptor(open(e, "labels.txt", 0), &start, &size);
      if (none != -1) return -1;
      int file = AAsset_openFileDescriptor(open(e, "models/a.tflite", 0), &start, &size);
      return file < 0 || start != 0 || size != 10 ? -2 : (int)read(file, out, 64); }
    int closed_twice(Env e) { obj a = open(e, "labels.txt", 0); AAsset_close(a);
      return (int)AAsset_getLength(a); }
  )");
  EXPECT_EQ(text_of("whole"), "cat\ndog\n");
  EXPECT_EQ(text_of("parts"), "012349");
  EXPECT_EQ(number("absent"), 1);
  EXPECT_EQ(text_of("folder"), "a.tflite b.tflite ");
  EXPECT_EQ(int_of("descriptor"), 10);
  ASSERT_NE(lookup("assets/none"), nullptr);
  EXPECT_FALSE(lookup("assets/none")->found);
  ASSERT_NE(lookup("assets/labels.txt"), nullptr);
  EXPECT_TRUE(lookup("assets/labels.txt")->found);
  const auto done = guest->call_native(*guest->loader().find("closed_twice"), {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, GuestFault::Kind::kArgument);
}

TEST_F(AndroidFunctions, BitmapsShareTheirPixels) {
  load_app(R"(
    struct Info { u32 width, height, stride; int format; u32 flags; };
    int AndroidBitmap_getInfo(Env, obj, Info*); int AndroidBitmap_lockPixels(Env, obj, void**);
    int AndroidBitmap_unlockPixels(Env, obj);
    static const char* kBitmap = "android/graphics/Bitmap";
    i64 info(Env e, obj b) { Info i; if (AndroidBitmap_getInfo(e, b, &i)) return -1;
      return (i64)i.width | (i64)i.height << 8 | (i64)i.stride << 16 | (i64)i.format << 32
             | (i64)i.flags << 40; }
    int brighten(Env e, obj b) { Info i; u8* p; AndroidBitmap_getInfo(e, b, &i);
      if (AndroidBitmap_lockPixels(e, b, (void**)&p)) return -1;
      for (u32 y = 0; y < i.height; ++y)
        for (u32 x = 0; x < i.width * 4; ++x) if (x % 4 != 3) p[y * i.stride + x] += 1;
      return AndroidBitmap_unlockPixels(e, b); }
    int bad(Env e) { Info i; return AndroidBitmap_getInfo(e, text(e, "no"), &i) * 10
                                    + AndroidBitmap_getInfo(e, 0, &i); }
    u32 pixel(Env e, obj b, int x, int y) { return (u32)INT(e, kBitmap, b, "getPixel", "(II)I", x, y); }
    static int ints[16];
    int* pixels(Env e, obj b) { obj a = SLOT(e, 179, obj(*)(Env, int))(e, 8);
      VOID(e, kBitmap, b, "getPixels", "([IIIIIII)V", a, 1, 3, 0, 0, 2, 2);
      SLOT(e, 203, void(*)(Env, obj, int, int, int*))(e, a, 0, 8, ints); return ints; }
    obj make(Env e, const char* config) {
      obj c = static_field(e, "android/graphics/Bitmap$Config", config,
                           "Landroid/graphics/Bitmap$Config;");
      return STATIC(e, kBitmap, "createBitmap",
                    "(IILandroid/graphics/Bitmap$Config;)Landroid/graphics/Bitmap;", 3, 2, c); }
    i64 narrow(Env e) { obj b = make(e, "RGB_565");
      VOID(e, kBitmap, b, "setPixel", "(III)V", 1, 1, 0xff8040c0);
      return (i64)pixel(e, b, 1, 1) << 32 | (info(e, b) & 0xffffffffffffL) >> 8 & 0xffffffff; }
    i64 premultiplied(Env e) { obj b = make(e, "ARGB_8888"); u8* p; 
      VOID(e, kBitmap, b, "setPixel", "(III)V", 0, 0, 0x80ff4000);
      AndroidBitmap_lockPixels(e, b, (void**)&p); return *(u32*)p; }
    const char* config(Env e, obj b) { return chars(e, OBJECT(e, "android/graphics/Bitmap$Config",
      OBJECT(e, kBitmap, b, "getConfig", "()Landroid/graphics/Bitmap$Config;"), "name",
      "()Ljava/lang/String;")); }
    i64 copied(Env e, obj b) {
      obj d = STATIC(e, "java/nio/ByteBuffer", "allocateDirect", "(I)Ljava/nio/ByteBuffer;", 16);
      VOID(e, kBitmap, b, "copyPixelsToBuffer", "(Ljava/nio/Buffer;)V", d);
      return *(i64*)SLOT(e, 230, void*(*)(Env, obj))(e, d)
             + INT(e, "java/nio/Buffer", d, "position", "()I"); }
  )");
  const std::vector<std::uint8_t> rgba = {1, 2, 3, 255, 10, 20, 30, 255,
                                          4, 5, 6, 255, 7,  8,  9,  255};
  OwnJavaWorld& java = guest->java();
  const JavaReference bitmap =
      new_bitmap(java, guest->machine(), 2, 2, BitmapFormat::kRgba8888, rgba);
  ASSERT_NE(bitmap, 0U);
  EXPECT_EQ(number("info", {bitmap}), 2 | 2 << 8 | 8 << 16 | std::int64_t{1} << 32);
  EXPECT_EQ(int_of("bad"), -21);
  EXPECT_EQ(static_cast<std::uint32_t>(number("pixel", {bitmap, 1, 0})), 0xff0a141eU);
  EXPECT_EQ(int_of("brighten", {bitmap}), 0);
  EXPECT_EQ(bitmap_of(java, bitmap)->argb(1, 1), 0xff08090aU);
  const std::uint64_t ints = native("pixels", {bitmap}).integer;
  std::uint32_t got[8];
  std::memcpy(got, reinterpret_cast<const void*>(ints), sizeof(got));
  const std::uint32_t want[8] = {0, 0xff020304, 0xff0b151f, 0, 0xff050607, 0xff08090a, 0, 0};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(got[i], want[i]) << i;
  EXPECT_EQ(text_of("config", {bitmap}), "ARGB_8888");
  // 0x8040c0 as 5, 6 and 5 bits is 10000 010000 11000, which reads 0x8441c6.
  EXPECT_EQ(static_cast<std::uint64_t>(number("narrow")),
            0xff8441c600000000U | (2U | 8U << 8U | 4U << 24U));
  // Multiplied by 0x80 / 0xff: 0x80, 0x20.
  EXPECT_EQ(number("premultiplied"), 0x80002080);
  EXPECT_EQ(static_cast<std::uint64_t>(number("copied", {bitmap})), 0xff1f150bff040302U + 16);
  EXPECT_EQ(exception(), "");
  EXPECT_EQ(new_bitmap(java, guest->machine(), 0, 2, BitmapFormat::kA8), 0U);
  EXPECT_EQ(exception(),
            "java.lang.IllegalArgumentException: width, height and pixels do not make a bitmap");
  EXPECT_TRUE(gaps().empty()) << gaps().front();
}

TEST_F(AndroidFunctions, HardwareIsAbsent) {
  load_app(R"(
    obj eglGetDisplay(obj); int eglInitialize(obj, int*, int*); int eglGetError();
    const char* glGetString(u32); u32 glGetError(); u32 glCreateShader(u32); int glGetUniformLocation(u32, const char*);
    obj AMediaFormat_new(); int AMediaCodec_start(obj); obj ANativeWindow_fromSurface(Env, obj);
    int ANativeWindow_getWidth(obj); u32 slCreateEngine(obj*, u32, obj, u32, obj, obj);
    int AHardwareBuffer_allocate(obj, obj*); obj ASensorManager_getInstance();
    obj dlopen(const char*, int);
    extern const char* AMEDIAFORMAT_KEY_MIME; extern const char* AMEDIAFORMAT_KEY_I_FRAME_INTERVAL;
    extern const obj SL_IID_ENGINE; extern const obj SL_IID_PLAY;
    int egl() { int a, b; return eglGetDisplay(0) == 0 && eglInitialize(0, &a, &b) == 0
                                 && eglGetDisplay(0) == 0 ? eglGetError() : -1; }
    int gl() { return glGetString(0x1f00) == 0 && glGetError() == 0 && glCreateShader(0x8b31) == 0
                      && glGetUniformLocation(0, "x") == -1; }
    int media() { return AMediaFormat_new() == 0 ? AMediaCodec_start(0) : 1; }
    int window(Env e) { return ANativeWindow_fromSurface(e, e) == 0 ? ANativeWindow_getWidth(0) : 1; }
    int audio() { return (int)slCreateEngine(0, 0, 0, 0, 0, 0); }
    int interfaces() { return SL_IID_ENGINE != 0 && SL_IID_ENGINE != SL_IID_PLAY; }
    int buffer() { return AHardwareBuffer_allocate(0, 0); }
    int sensors() { return ASensorManager_getInstance() == 0; }
    const char* mime() { return AMEDIAFORMAT_KEY_MIME; }
    const char* interval() { return AMEDIAFORMAT_KEY_I_FRAME_INTERVAL; }
    int opened(Env, const char* name) { return dlopen(name, 2) != 0; }
  )");
  EXPECT_EQ(int_of("egl"), 0x3008);
  EXPECT_EQ(int_of("gl"), 1);
  EXPECT_EQ(int_of("media"), -10000);
  EXPECT_EQ(int_of("window"), -22);
  EXPECT_EQ(int_of("audio"), 12);
  EXPECT_EQ(int_of("interfaces"), 1);
  EXPECT_EQ(int_of("buffer"), -12);
  EXPECT_EQ(int_of("sensors"), 1);
  EXPECT_EQ(text_of("mime"), "mime");
  EXPECT_EQ(text_of("interval"), "i-frame-interval");
  for (const char* const name :
       {"libOpenCL.so", "libneuralnetworks.so", "libvulkan.so", "/system/lib64/libEGL.so"})
    EXPECT_EQ(int_of("opened", {text(name)}), 0) << name;
  EXPECT_EQ(int_of("opened", {text("libandroid.so")}), 1);
  std::size_t displays = 0;
  for (const GuestLookup& each : events.lookups) {
    if (each.name != "eglGetDisplay") continue;
    ++displays;
    EXPECT_FALSE(each.found);
    EXPECT_EQ(each.answer, "no GPU");
  }
  EXPECT_EQ(displays, 1U);
}

TEST_F(AndroidFunctions, LoopersWaitAndAreWoken) {
  load_app(R"(
    obj ALooper_forThread(); obj ALooper_prepare(int); void ALooper_wake(obj);
    int ALooper_pollOnce(int, int*, int*, void**);
    int ALooper_addFd(obj, int, int, int, int(*)(int, int, void*), void*);
    int ALooper_removeFd(obj, int); i64 read(int, void*, size_t);
    int eventfd(unsigned, int);
    int none() { return ALooper_forThread() == 0; }
    int same() { obj a = ALooper_prepare(0); return a != 0 && a == ALooper_forThread(); }
    int timeout() { return ALooper_pollOnce(1, 0, 0, 0); }
    int woken() { ALooper_wake(ALooper_forThread()); return ALooper_pollOnce(-1, 0, 0, 0); }
    static int always; static int seen;  // an event that has happened
    static int heard(int file, int events, void* data) { i64 count; read(file, &count, 8);
      seen = events * 100 + (int)(i64)data; return 0; }
    int ready() { int file = 0, events = 0; void* data = 0;
      always = eventfd(1, 0);
      if (ALooper_addFd(ALooper_forThread(), always, 7, 1, 0, (void*)5) != 1) return -101;
      int answer = ALooper_pollOnce(1000, &file, &events, &data);
      return file == always && events == 1 && data == (void*)5 ? answer : -102; }
    int called() { if (ALooper_addFd(ALooper_forThread(), always, 0, 1, heard, (void*)42) != 1) return -100;
      int answer = ALooper_pollOnce(1000, 0, 0, 0);
      return answer * 1000 + seen + ALooper_removeFd(ALooper_forThread(), always); }
  )");
  EXPECT_EQ(int_of("none"), 1);
  EXPECT_EQ(int_of("same"), 1);
  EXPECT_EQ(int_of("timeout"), -3);
  EXPECT_EQ(int_of("woken"), -1);
  EXPECT_EQ(int_of("ready"), 7);
  EXPECT_EQ(int_of("called"), -2000 + 142);  // its callback has taken it out
}

TEST_F(AndroidFunctions, ConfigurationIsTheDevices) {
  load_app(R"(
    obj AConfiguration_new(); void AConfiguration_fromAssetManager(obj, obj);
    void AConfiguration_getLanguage(obj, char*); void AConfiguration_getCountry(obj, char*);
    int AConfiguration_getSdkVersion(obj); int AConfiguration_getDensity(obj);
    int AConfiguration_getOrientation(obj); void AConfiguration_delete(obj);
    static char out[5];
    const char* locale() { obj c = AConfiguration_new(); AConfiguration_fromAssetManager(c, 0);
      AConfiguration_getLanguage(c, out); AConfiguration_getCountry(c, out + 2);
      AConfiguration_delete(c); return out; }
    int sdk() { obj c = AConfiguration_new(); AConfiguration_fromAssetManager(c, 0);
      return AConfiguration_getSdkVersion(c) * 1000 + AConfiguration_getDensity(c)
             + AConfiguration_getOrientation(c); }
  )");
  EXPECT_EQ(text_of("locale"), "enUS");
  EXPECT_EQ(int_of("sdk"), 30'161);
}

TEST(AndroidLibraries, OpenCvTellsItsVersion) {
  const std::filesystem::path archive =
      std::filesystem::path(DAYLIGHT_PROJECT_DIR) / "third/bench/opencv-4.9.0.aar";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "OpenCV's AAR is absent";
  const auto files = LibraryFiles::open(archive.string() + "!libopencv_java4.so", {});
  ASSERT_TRUE(files) << files.error().what;
  RecordedEvents events;
  GuestOptions options;
  options.machine = files->machine();
  options.events = &events;
  options.libraries = [&](const std::string& name) { return files->find(name); };
  const auto guest = Guest::create(options);
  ASSERT_TRUE(guest) << guest.error().what;
  const auto library = (*guest)->load(files->name());
  ASSERT_TRUE(library) << library.error().what;
  const auto on_load = (*guest)->run_on_load(**library);
  ASSERT_TRUE(on_load) << on_load.error().what;
  EXPECT_EQ(*on_load, 0x00010006);
  const auto function = (*library)->find("Java_org_opencv_core_Core_getVersionString_10");
  ASSERT_TRUE(function);
  const std::uint64_t klass[] = {(*guest)->java().find_class("org/opencv/core/Core")};
  const auto version = (*guest)->call_native(*function, klass);
  ASSERT_TRUE(version) << version.error().what;
  EXPECT_TRUE((*guest)->java().utf8_of(version->integer).starts_with("4.9.0"))
      << (*guest)->java().utf8_of(version->integer);
  for (const auto& missing : (*guest)->loader().missing())
    EXPECT_FALSE(missing.name.starts_with("AMEDIA") || missing.name.starts_with("Android"))
        << missing.name;
}

}  // namespace
}  // namespace dl::guest
