// SPDX-License-Identifier: Apache-2.0
// Prototypes from the public headers: tensorflow/lite/c/c_api.h, the NDK's android/asset_manager.h,
// and POSIX.
#include "daylight/detect/plan/native_signatures.h"

#include <algorithm>
#include <array>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::array<NativeSignature, 14> kRuntime = {{
    {"OrtGetApiBase", "model-load", "result=address"},
    {"TfLiteInterpreterCreate", "model-load", "arg0=address;result=address"},
    {"TfLiteInterpreterGetInputTensor", "input", "arg1=number;result=address"},
    {"TfLiteInterpreterGetOutputTensor", "output", "arg1=number;result=address"},
    {"TfLiteInterpreterInvoke", "model-run", "arg0=address;result=number"},
    {"TfLiteInterpreterResizeInputTensor", "input",
     "arg1=number;arg2=bytes len=arg3*4 dir=in;arg3=number"},
    {"TfLiteModelCreate", "model-load", "arg0=bytes len=arg1 dir=in;result=address"},
    {"TfLiteModelCreateFromFile", "model-load", "arg0=text dir=in;result=address"},
    {"TfLiteModelCreateFromFileWithErrorReporter", "model-load", "arg0=text dir=in;result=address"},
    {"TfLiteModelCreateWithErrorReporter", "model-load",
     "arg0=bytes len=arg1 dir=in;result=address"},
    {"TfLiteSignatureRunnerInvoke", "model-run", "arg0=address;result=number"},
    {"TfLiteTensorCopyFromBuffer", "input", "arg0=address;arg1=bytes len=arg2 dir=in"},
    {"TfLiteTensorCopyToBuffer", "output", "arg0=address;arg1=bytes len=arg2 dir=out"},
    {"TfLiteTensorData", "output", "arg0=address;result=address"},
}};

constexpr std::array<NativeSignature, 17> kImports = {{
    {"AAssetManager_open", "model-load", "arg1=text dir=in;result=address"},
    {"AAsset_getBuffer", "model-load", "arg0=address;result=address"},
    {"AAsset_openFileDescriptor", "model-load", "arg0=address;result=number"},
    {"AAsset_openFileDescriptor64", "model-load", "arg0=address;result=number"},
    {"AAsset_read", "model-load", "arg0=address;arg1=bytes len=return dir=out"},
    {"__open_2", "model-load", "arg0=text dir=in;result=number"},
    {"fopen", "model-load", "arg0=text dir=in;result=address"},
    {"fopen64", "model-load", "arg0=text dir=in;result=address"},
    {"fread", "model-load", "arg0=bytes len=arg1*return dir=out;arg3=address"},
    {"mmap", "model-load", "result=bytes len=arg1 dir=out;arg4=number"},
    {"mmap64", "model-load", "result=bytes len=arg1 dir=out;arg4=number"},
    {"open", "model-load", "arg0=text dir=in;result=number"},
    {"open64", "model-load", "arg0=text dir=in;result=number"},
    {"openat", "model-load", "arg1=text dir=in;result=number"},
    {"pread", "model-load", "arg0=number;arg1=bytes len=return dir=out"},
    {"pread64", "model-load", "arg0=number;arg1=bytes len=return dir=out"},
    {"read", "model-load", "arg0=number;arg1=bytes len=return dir=out"},
}};

}  // namespace

const NativeSignature* runtime_signature(std::string_view symbol) {
  const auto* found =
      std::find_if(kRuntime.begin(), kRuntime.end(),
                   [&](const NativeSignature& known) { return known.symbol == symbol; });
  return found == kRuntime.end() ? nullptr : found;
}

std::span<const NativeSignature> file_imports() { return kImports; }

std::vector<std::string> decode_of(const NativeSignature& signature) {
  return split(signature.decode, ';');
}

}  // namespace dl
