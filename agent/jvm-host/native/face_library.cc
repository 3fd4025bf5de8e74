// SPDX-License-Identifier: Apache-2.0
// The native method of daylight.host.Faces. A library of its own, so that only apps that look for
// faces load OpenCV.
#include <jni.h>

#include <memory>
#include <utility>
#include <vector>

#include "daylight/replay/face_finder.h"

namespace {

constexpr jint kMaxSide = 32'768;

void refuse(JNIEnv* env, const std::string& why) {
  const jclass klass = env->FindClass("java/lang/UnsupportedOperationException");
  if (klass != nullptr) env->ThrowNew(klass, why.c_str());
}

// One for each thread; null with an exception.
dl::FaceFinder* finder(JNIEnv* env) {
  thread_local std::unique_ptr<dl::FaceFinder> own;
  if (own != nullptr) return own.get();
  auto opened = dl::FaceFinder::open({});
  if (!opened) {
    refuse(env, dl::describe(opened.error()));
    return nullptr;
  }
  own = std::move(*opened);
  return own.get();
}

dl::Image image_of(JNIEnv* env, jintArray pixels, jint width, jint height) {
  std::vector<jint> colours(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  env->GetIntArrayRegion(pixels, 0, static_cast<jsize>(colours.size()), colours.data());
  dl::Image image;
  image.width = width;
  image.height = height;
  image.pixels.reserve(colours.size() * 3);
  for (const jint colour : colours) {
    const auto argb = static_cast<std::uint32_t>(colour);
    for (const unsigned shift : {16U, 8U, 0U})
      image.pixels.push_back(static_cast<std::uint8_t>((argb >> shift) & 0xffU));
  }
  return image;
}

}  // namespace

// Squares around faces: x, y, side of each. An exception where there is no finder here.
extern "C" JNIEXPORT jfloatArray JNICALL Java_daylight_host_Faces_find(JNIEnv* env, jclass,
                                                                       jintArray pixels, jint width,
                                                                       jint height) {
  if (width <= 0 || height <= 0 || width > kMaxSide || height > kMaxSide ||
      env->GetArrayLength(pixels) / width < height) {
    refuse(env, "not a picture");
    return nullptr;
  }
  dl::FaceFinder* const faces = finder(env);
  if (faces == nullptr) return nullptr;
  const auto found = faces->find(image_of(env, pixels, width, height));
  if (!found) {
    refuse(env, dl::describe(found.error()));
    return nullptr;
  }
  std::vector<jfloat> out;
  for (const dl::PixelBox& box : *found)
    for (const double number :
         {static_cast<double>(box.x), static_cast<double>(box.y), static_cast<double>(box.width)})
      out.push_back(static_cast<jfloat>(number));
  const jfloatArray answer = env->NewFloatArray(static_cast<jsize>(out.size()));
  if (answer != nullptr)
    env->SetFloatArrayRegion(answer, 0, static_cast<jsize>(out.size()), out.data());
  return answer;
}
