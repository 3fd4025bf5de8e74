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

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
