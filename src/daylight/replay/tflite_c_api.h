// SPDX-License-Identifier: Apache-2.0
// The part of TensorFlow Lite's stable C interface that replay calls, declared from its
// documentation: the library comes without headers. Names and signatures are the library's.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

struct TfLiteModel;
struct TfLiteInterpreterOptions;
struct TfLiteInterpreter;
struct TfLiteTensor;
struct TfLiteDelegate;

// TfLiteStatus; every other value is a failure.
inline constexpr int kTfLiteStatusOk = 0;

struct TfLiteQuantizationParams {
  float scale;
  std::int32_t zero_point;
};

const char* TfLiteVersion();

TfLiteModel* TfLiteModelCreate(const void* bytes, std::size_t size);
void TfLiteModelDelete(TfLiteModel* model);

TfLiteInterpreterOptions* TfLiteInterpreterOptionsCreate();
void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions* options);
void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions* options, std::int32_t threads);
void TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions* options,
                                              void (*report)(void* user, const char* format,
                                                             std::va_list arguments),
                                              void* user);
void TfLiteInterpreterOptionsAddDelegate(TfLiteInterpreterOptions* options,
                                         TfLiteDelegate* delegate);

TfLiteInterpreter* TfLiteInterpreterCreate(const TfLiteModel* model,
                                           const TfLiteInterpreterOptions* options);
void TfLiteInterpreterDelete(TfLiteInterpreter* interpreter);
int TfLiteInterpreterAllocateTensors(TfLiteInterpreter* interpreter);
int TfLiteInterpreterInvoke(TfLiteInterpreter* interpreter);
int TfLiteInterpreterResizeInputTensor(TfLiteInterpreter* interpreter, std::int32_t index,
                                       const int* dimensions, std::int32_t count);
std::int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter* interpreter);
std::int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter* interpreter);
TfLiteTensor* TfLiteInterpreterGetInputTensor(const TfLiteInterpreter* interpreter,
                                              std::int32_t index);
const TfLiteTensor* TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter* interpreter,
                                                     std::int32_t index);

// TfLiteType: 1 float32, 2 int32, 3 uint8, 4 int64, 5 string, 6 bool, 7 int16, 9 int8, 10 float16.
int TfLiteTensorType(const TfLiteTensor* tensor);
std::int32_t TfLiteTensorNumDims(const TfLiteTensor* tensor);
std::int32_t TfLiteTensorDim(const TfLiteTensor* tensor, std::int32_t index);
std::size_t TfLiteTensorByteSize(const TfLiteTensor* tensor);
void* TfLiteTensorData(const TfLiteTensor* tensor);
const char* TfLiteTensorName(const TfLiteTensor* tensor);
TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor* tensor);
int TfLiteTensorCopyFromBuffer(TfLiteTensor* tensor, const void* bytes, std::size_t size);
int TfLiteTensorCopyToBuffer(const TfLiteTensor* tensor, void* bytes, std::size_t size);

// `options` may be null: the defaults, one thread.
TfLiteDelegate* TfLiteXNNPackDelegateCreate(const void* options);
void TfLiteXNNPackDelegateDelete(TfLiteDelegate* delegate);

// Whether a dimension of the model file is free; `count` is -1 where the model says nothing about
// it.
int TfLiteOpaqueTensorGetNumDimsSignature(const TfLiteTensor* tensor, std::int32_t* count);
int TfLiteOpaqueTensorGetDimSignature(const TfLiteTensor* tensor, std::int32_t index,
                                      std::int32_t* dimension);

// Takes the operators from the callbacks instead of the built-in list; a registration is an opaque
// pointer here.
using TfLiteFindBuiltin = const void* (*)(void* user, std::int32_t op, int version);
using TfLiteFindCustom = const void* (*)(void* user, const char* op, int version);
void TfLiteInterpreterOptionsSetOpResolver(TfLiteInterpreterOptions* options,
                                           TfLiteFindBuiltin find_builtin,
                                           TfLiteFindCustom find_custom, void* user);

// Two things that the C interface has no way to: C++ symbols of the one library version that is
// linked (its SHA-256 is pinned). The list of reference kernels, and how much the library prints by
// itself.
void tflite_reference_resolver_construct(void* storage) __asm__(
    "_ZN6tflite3ops7builtin20BuiltinRefOpResolverC1Ev");
const void* tflite_resolver_find_builtin(
    const void* resolver, std::int32_t op,
    int version) __asm__("_ZNK6tflite17MutableOpResolver6FindOpENS_15BuiltinOperatorEi");
const void* tflite_resolver_find_custom(const void* resolver, const char* op, int version) __asm__(
    "_ZNK6tflite17MutableOpResolver6FindOpEPKci");
void tflite_set_minimum_log_severity(int severity) __asm__(
    "_ZN6tflite16logging_internal13MinimalLogger21SetMinimumLogSeverityENS_11LogSeverityE");

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
