// SPDX-License-Identifier: Apache-2.0
// Graphics, media and accelerators of a phone that has none: every function exists and fails as its
// specification says, so that runtimes fall back to the processor.
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <sstream>
#include <string>

#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// Functions of one result.
struct AbsentGroup {
  const char* answer;   // what the events are told
  std::int64_t result;  // in the first register; functions without a result ignore it
  const char* names;    // with spaces between
};

constexpr const char* kNoGpu = "no GPU";
constexpr const char* kNoMedia = "no codec";
constexpr const char* kNoAudio = "no audio";
constexpr const char* kNoAccelerator = "no accelerator";
constexpr const char* kNoWindow = "no window";
constexpr const char* kNoSensor = "no sensor";
constexpr const char* kNoCamera = "no camera";

constexpr std::int64_t kEglBadDisplay = 0x3008;
constexpr std::int64_t kVkInitializationFailed = -3;
constexpr std::int64_t kVkIncompatibleDriver = -9;
constexpr std::int64_t kClNoDevice = -1;
constexpr std::int64_t kClNoPlatform = -1001;
constexpr std::int64_t kNnUnavailableDevice = 9;
constexpr std::int64_t kMediaErrorUnknown = -10'000;
constexpr std::int64_t kCameraErrorUnknown = -10'000;
constexpr std::int64_t kSlFeatureUnsupported = 12;
constexpr std::int64_t kAaudioUnavailable = -889;
constexpr std::int64_t kNoMemory = -12;  // -ENOMEM, as gralloc says it
constexpr std::int64_t kInvalid = -22;   // -EINVAL

constexpr AbsentGroup kGroups[] = {
    // EGL_NO_DISPLAY, EGL_NO_CONTEXT, EGL_FALSE, null.
    {kNoGpu, 0,
     "eglGetDisplay eglGetPlatformDisplay eglGetPlatformDisplayEXT eglInitialize eglTerminate "
     "eglQueryString eglGetConfigs eglChooseConfig eglGetConfigAttrib eglCreateWindowSurface "
     "eglCreatePbufferSurface eglCreatePixmapSurface eglCreatePlatformWindowSurface "
     "eglCreatePlatformPixmapSurface eglCreatePbufferFromClientBuffer eglDestroySurface "
     "eglQuerySurface eglSurfaceAttrib eglBindTexImage eglReleaseTexImage eglSwapInterval "
     "eglCreateContext eglDestroyContext eglMakeCurrent eglGetCurrentContext "
     "eglGetCurrentSurface eglGetCurrentDisplay eglQueryContext eglWaitClient eglWaitGL "
     "eglWaitNative eglSwapBuffers eglCopyBuffers eglGetProcAddress eglCreateImage "
     "eglDestroyImage eglCreateImageKHR eglDestroyImageKHR eglCreateSync eglDestroySync "
     "eglClientWaitSync eglWaitSync eglGetSyncAttrib eglCreateSyncKHR eglDestroySyncKHR "
     "eglClientWaitSyncKHR eglWaitSyncKHR eglGetSyncAttribKHR eglDupNativeFenceFDANDROID "
     "eglGetNativeClientBufferANDROID eglPresentationTimeANDROID eglLockSurfaceKHR "
     "eglUnlockSurfaceKHR eglQueryAPI"},
    {kNoGpu, 1, "eglBindAPI eglReleaseThread"},
    {kNoGpu, kEglBadDisplay, "eglGetError"},
    // Without a context a GL call does nothing and answers zero: no object, no location, no error.
    {kNoGpu, 0,
     "glActiveTexture glAttachShader glBindAttribLocation glBindBuffer glBindFramebuffer "
     "glBindRenderbuffer glBindTexture glBlendColor glBlendEquation glBlendEquationSeparate "
     "glBlendFunc glBlendFuncSeparate glBufferData glBufferSubData glCheckFramebufferStatus "
     "glClear glClearColor glClearDepthf glClearStencil glColorMask glCompileShader "
     "glCompressedTexImage2D glCompressedTexSubImage2D glCopyTexImage2D glCopyTexSubImage2D "
     "glCreateProgram glCreateShader glCullFace glDeleteBuffers glDeleteFramebuffers "
     "glDeleteProgram glDeleteRenderbuffers glDeleteShader glDeleteTextures glDepthFunc "
     "glDepthMask glDepthRangef glDetachShader glDisable glDisableVertexAttribArray glDrawArrays "
     "glDrawElements glEnable glEnableVertexAttribArray glFinish glFlush "
     "glFramebufferRenderbuffer glFramebufferTexture2D glFrontFace glGenBuffers "
     "glGenerateMipmap glGenFramebuffers glGenRenderbuffers glGenTextures glGetActiveAttrib "
     "glGetActiveUniform glGetAttachedShaders glGetBooleanv glGetBufferParameteriv glGetError "
     "glGetFloatv glGetFramebufferAttachmentParameteriv glGetIntegerv glGetProgramiv "
     "glGetProgramInfoLog glGetRenderbufferParameteriv glGetShaderiv glGetShaderInfoLog "
     "glGetShaderPrecisionFormat glGetShaderSource glGetString glGetTexParameterfv "
     "glGetTexParameteriv glGetUniformfv glGetUniformiv glGetVertexAttribfv glGetVertexAttribiv "
     "glGetVertexAttribPointerv glHint glIsBuffer glIsEnabled glIsFramebuffer glIsProgram "
     "glIsRenderbuffer glIsShader glIsTexture glLineWidth glLinkProgram glPixelStorei "
     "glPolygonOffset glReadPixels glReleaseShaderCompiler glRenderbufferStorage "
     "glSampleCoverage glScissor glShaderBinary glShaderSource glStencilFunc "
     "glStencilFuncSeparate glStencilMask glStencilMaskSeparate glStencilOp glStencilOpSeparate "
     "glTexImage2D glTexParameterf glTexParameterfv glTexParameteri glTexParameteriv "
     "glTexSubImage2D glUniform1f glUniform1fv glUniform1i glUniform1iv glUniform2f "
     "glUniform2fv glUniform2i glUniform2iv glUniform3f glUniform3fv glUniform3i glUniform3iv "
     "glUniform4f glUniform4fv glUniform4i glUniform4iv glUniformMatrix2fv glUniformMatrix3fv "
     "glUniformMatrix4fv glUseProgram glValidateProgram glVertexAttrib1f glVertexAttrib1fv "
     "glVertexAttrib2f glVertexAttrib2fv glVertexAttrib3f glVertexAttrib3fv glVertexAttrib4f "
     "glVertexAttrib4fv glVertexAttribPointer glViewport"},
    {kNoGpu, 0,
     "glReadBuffer glDrawRangeElements glTexImage3D glTexSubImage3D glCopyTexSubImage3D "
     "glCompressedTexImage3D glCompressedTexSubImage3D glGenQueries glDeleteQueries glIsQuery "
     "glBeginQuery glEndQuery glGetQueryiv glGetQueryObjectuiv glUnmapBuffer "
     "glGetBufferPointerv glDrawBuffers glUniformMatrix2x3fv glUniformMatrix3x2fv "
     "glUniformMatrix2x4fv glUniformMatrix4x2fv glUniformMatrix3x4fv glUniformMatrix4x3fv "
     "glBlitFramebuffer glRenderbufferStorageMultisample glFramebufferTextureLayer "
     "glMapBufferRange glFlushMappedBufferRange glBindVertexArray glDeleteVertexArrays "
     "glGenVertexArrays glIsVertexArray glGetIntegeri_v glBeginTransformFeedback "
     "glEndTransformFeedback glBindBufferRange glBindBufferBase glTransformFeedbackVaryings "
     "glGetTransformFeedbackVarying glVertexAttribIPointer glGetVertexAttribIiv "
     "glGetVertexAttribIuiv glVertexAttribI4i glVertexAttribI4ui glVertexAttribI4iv "
     "glVertexAttribI4uiv glGetUniformuiv glUniform1ui glUniform2ui glUniform3ui glUniform4ui "
     "glUniform1uiv glUniform2uiv glUniform3uiv glUniform4uiv glClearBufferiv glClearBufferuiv "
     "glClearBufferfv glClearBufferfi glGetStringi glCopyBufferSubData glGetUniformIndices "
     "glGetActiveUniformsiv glGetActiveUniformBlockiv glGetActiveUniformBlockName "
     "glUniformBlockBinding glDrawArraysInstanced glDrawElementsInstanced glFenceSync glIsSync "
     "glDeleteSync glClientWaitSync glWaitSync glGetInteger64v glGetSynciv glGetInteger64i_v "
     "glGetBufferParameteri64v glGenSamplers glDeleteSamplers glIsSampler glBindSampler "
     "glSamplerParameteri glSamplerParameteriv glSamplerParameterf glSamplerParameterfv "
     "glGetSamplerParameteriv glGetSamplerParameterfv glVertexAttribDivisor "
     "glBindTransformFeedback glDeleteTransformFeedbacks glGenTransformFeedbacks "
     "glIsTransformFeedback glPauseTransformFeedback glResumeTransformFeedback "
     "glGetProgramBinary glProgramBinary glProgramParameteri glInvalidateFramebuffer "
     "glInvalidateSubFramebuffer glTexStorage2D glTexStorage3D glGetInternalformativ"},
    {kNoGpu, 0,
     "glDispatchCompute glDispatchComputeIndirect glDrawArraysIndirect glDrawElementsIndirect "
     "glFramebufferParameteri glGetFramebufferParameteriv glGetProgramInterfaceiv "
     "glGetProgramResourceName glGetProgramResourceiv glUseProgramStages glActiveShaderProgram "
     "glCreateShaderProgramv glBindProgramPipeline glDeleteProgramPipelines "
     "glGenProgramPipelines glIsProgramPipeline glGetProgramPipelineiv "
     "glValidateProgramPipeline glGetProgramPipelineInfoLog glProgramUniform1i "
     "glProgramUniform2i glProgramUniform3i glProgramUniform4i glProgramUniform1ui "
     "glProgramUniform2ui glProgramUniform3ui glProgramUniform4ui glProgramUniform1f "
     "glProgramUniform2f glProgramUniform3f glProgramUniform4f glProgramUniform1iv "
     "glProgramUniform2iv glProgramUniform3iv glProgramUniform4iv glProgramUniform1uiv "
     "glProgramUniform2uiv glProgramUniform3uiv glProgramUniform4uiv glProgramUniform1fv "
     "glProgramUniform2fv glProgramUniform3fv glProgramUniform4fv glProgramUniformMatrix2fv "
     "glProgramUniformMatrix3fv glProgramUniformMatrix4fv glBindImageTexture glGetBooleani_v "
     "glMemoryBarrier glMemoryBarrierByRegion glTexStorage2DMultisample glGetMultisamplefv "
     "glSampleMaski glGetTexLevelParameteriv glGetTexLevelParameterfv glBindVertexBuffer "
     "glVertexAttribFormat glVertexAttribIFormat glVertexAttribBinding glVertexBindingDivisor "
     "glBlendBarrier glCopyImageSubData glDebugMessageControl glDebugMessageCallback "
     "glPushDebugGroup glPopDebugGroup glObjectLabel glEnablei glDisablei glBlendEquationi "
     "glBlendFunci glColorMaski glDrawElementsBaseVertex glFramebufferTexture "
     "glPrimitiveBoundingBox glGetGraphicsResetStatus glReadnPixels glMinSampleShading "
     "glPatchParameteri glTexBuffer glTexBufferRange glTexStorage3DMultisample "
     "glEGLImageTargetTexture2DOES glEGLImageTargetRenderbufferStorageOES glMapBufferOES "
     "glUnmapBufferOES glBindVertexArrayOES glDeleteVertexArraysOES glGenVertexArraysOES"},
    // GL 3.0's "not found": GL_INVALID_INDEX, and -1 for locations.
    {kNoGpu, -1,
     "glGetAttribLocation glGetUniformLocation glGetFragDataLocation glGetUniformBlockIndex "
     "glGetProgramResourceIndex glGetProgramResourceLocation"},
    {kNoGpu, 0, "vkGetInstanceProcAddr vkGetDeviceProcAddr vkDestroyInstance vkDestroyDevice"},
    {kNoGpu, kVkIncompatibleDriver, "vkCreateInstance"},
    {kNoGpu, kVkInitializationFailed,
     "vkEnumerateInstanceVersion vkEnumerateInstanceExtensionProperties "
     "vkEnumerateInstanceLayerProperties vkEnumeratePhysicalDevices vkCreateDevice"},
    {kNoGpu, kClNoPlatform, "clGetPlatformIDs"},
    {kNoGpu, kClNoDevice, "clGetDeviceIDs clGetPlatformInfo clGetDeviceInfo"},
    {kNoGpu, 0, "clCreateContext clCreateContextFromType clCreateCommandQueue"},

    {kNoAccelerator, kNnUnavailableDevice,
     "ANeuralNetworks_getDeviceCount ANeuralNetworks_getDevice ANeuralNetworksDevice_getName "
     "ANeuralNetworksModel_create ANeuralNetworksModel_finish ANeuralNetworksModel_addOperand "
     "ANeuralNetworksModel_setOperandValue ANeuralNetworksModel_addOperation "
     "ANeuralNetworksModel_identifyInputsAndOutputs ANeuralNetworksCompilation_create "
     "ANeuralNetworksCompilation_createForDevices ANeuralNetworksCompilation_setPreference "
     "ANeuralNetworksCompilation_finish ANeuralNetworksExecution_create "
     "ANeuralNetworksExecution_setInput ANeuralNetworksExecution_setOutput "
     "ANeuralNetworksExecution_startCompute ANeuralNetworksExecution_compute "
     "ANeuralNetworksEvent_wait ANeuralNetworksMemory_createFromFd"},
    {kNoAccelerator, 0,
     "ANeuralNetworksModel_free ANeuralNetworksCompilation_free ANeuralNetworksExecution_free "
     "ANeuralNetworksEvent_free ANeuralNetworksMemory_free"},

    {kNoMedia, 0,
     "AMediaFormat_new AMediaFormat_toString AMediaFormat_getInt32 AMediaFormat_getInt64 "
     "AMediaFormat_getFloat AMediaFormat_getSize AMediaFormat_getBuffer AMediaFormat_getString "
     "AMediaFormat_setInt32 AMediaFormat_setInt64 AMediaFormat_setFloat AMediaFormat_setString "
     "AMediaFormat_setBuffer AMediaCodec_createCodecByName AMediaCodec_createDecoderByType "
     "AMediaCodec_createEncoderByType AMediaCodec_getInputBuffer AMediaCodec_getOutputBuffer "
     "AMediaCodec_getOutputFormat AMediaExtractor_new AMediaExtractor_getTrackCount "
     "AMediaExtractor_getTrackFormat AMediaExtractor_advance AMediaMuxer_new "
     "AMediaExtractor_getSampleFlags AImageReader_delete AImage_delete AMediaDrm_createByUUID "
     "AMediaDataSource_new AMediaDataSource_delete"},
    {kNoMedia, -1,
     "AMediaExtractor_readSampleData AMediaExtractor_getSampleTime "
     "AMediaExtractor_getSampleTrackIndex AMediaMuxer_addTrack"},
    {kNoMedia, kMediaErrorUnknown,
     "AMediaFormat_delete AMediaCodec_delete AMediaCodec_configure AMediaCodec_start "
     "AMediaCodec_stop AMediaCodec_flush AMediaCodec_dequeueInputBuffer "
     "AMediaCodec_dequeueOutputBuffer AMediaCodec_queueInputBuffer "
     "AMediaCodec_releaseOutputBuffer AMediaCodec_releaseOutputBufferAtTime "
     "AMediaCodec_setOutputSurface AMediaCodec_signalEndOfInputStream AMediaExtractor_delete "
     "AMediaExtractor_setDataSource AMediaExtractor_setDataSourceFd AMediaExtractor_selectTrack "
     "AMediaExtractor_unselectTrack AMediaExtractor_seekTo AMediaMuxer_delete "
     "AMediaMuxer_setOrientationHint AMediaMuxer_start AMediaMuxer_stop "
     "AMediaMuxer_writeSampleData AImageReader_new AImageReader_getWindow "
     "AImageReader_acquireNextImage AImageReader_acquireLatestImage "
     "AImageReader_setImageListener AImage_getPlaneData AImage_getPlanePixelStride "
     "AImage_getPlaneRowStride AImage_getWidth AImage_getHeight AImage_getTimestamp "
     "AImage_getHardwareBuffer"},
    {kNoCamera, 0, "ACameraManager_create ACameraManager_delete ACameraManager_deleteCameraIdList"},
    {kNoCamera, kCameraErrorUnknown,
     "ACameraManager_getCameraIdList ACameraManager_openCamera "
     "ACameraManager_getCameraCharacteristics ACameraDevice_close"},

    {kNoAudio, kSlFeatureUnsupported,
     "slCreateEngine slQueryNumSupportedEngineInterfaces slQuerySupportedEngineInterfaces"},
    {kNoAudio, kAaudioUnavailable,
     "AAudio_createStreamBuilder AAudioStreamBuilder_openStream AAudioStreamBuilder_delete"},

    // A surface is made of a window, and there is none.
    {kNoWindow, 0,
     "ANativeWindow_fromSurface ANativeWindow_fromSurfaceTexture ANativeWindow_acquire "
     "ANativeWindow_release ANativeWindow_toSurface ASurfaceTexture_fromSurfaceTexture "
     "ASurfaceTexture_acquireANativeWindow AHardwareBuffer_acquire AHardwareBuffer_release "
     "AHardwareBuffer_describe AHardwareBuffer_isSupported AHardwareBuffer_fromHardwareBuffer "
     "AHardwareBuffer_toHardwareBuffer AChoreographer_getInstance "
     "AChoreographer_postFrameCallback AChoreographer_postFrameCallback64 "
     "AChoreographer_postFrameCallbackDelayed ASurfaceControl_createFromWindow "
     "ASurfaceControl_create ASurfaceTransaction_create AInputQueue_attachLooper "
     "AInputQueue_detachLooper ANativeActivity_finish"},
    {kNoWindow, kInvalid,
     "ANativeWindow_getWidth ANativeWindow_getHeight ANativeWindow_getFormat ANativeWindow_lock "
     "ANativeWindow_unlockAndPost ANativeWindow_setBuffersGeometry "
     "ANativeWindow_setBuffersTransform ANativeWindow_setBuffersDataSpace "
     "ANativeWindow_getBuffersDataSpace ANativeWindow_setFrameRate AHardwareBuffer_lock "
     "AHardwareBuffer_unlock AHardwareBuffer_lockPlanes AHardwareBuffer_sendHandleToUnixSocket "
     "AHardwareBuffer_recvHandleFromUnixSocket AInputQueue_getEvent"},
    {kNoWindow, kNoMemory, "AHardwareBuffer_allocate"},
    {kNoSensor, 0,
     "ASensorManager_getInstance ASensorManager_getInstanceForPackage "
     "ASensorManager_getSensorList ASensorManager_getDefaultSensor "
     "ASensorManager_getDefaultSensorEx ASensorManager_createEventQueue ASensor_getName "
     "ASensor_getVendor ASensor_getStringType"},
    {kNoSensor, -1, "ASensor_getType ASensor_getMinDelay ASensor_getReportingMode"},
    {kNoSensor, kInvalid,
     "ASensorManager_destroyEventQueue ASensorEventQueue_enableSensor "
     "ASensorEventQueue_disableSensor ASensorEventQueue_setEventRate "
     "ASensorEventQueue_registerSensor ASensorEventQueue_hasEvents ASensorEventQueue_getEvents"},
};

// One function.
struct Absent {
  std::string name;
  const char* answer = "";
  std::int64_t result = 0;
};

// Which ones a machine's guest has called.
struct AbsentCalls {
  explicit AbsentCalls(GuestMachine&) {}
  std::mutex mutex;
  std::set<const Absent*> told;
};

void call_absent(void* target, void* state, CallFrame& frame) {
  const Absent& absent = *static_cast<const Absent*>(target);
  GuestMachine& machine = *static_cast<GuestMachine*>(state);
  AbsentCalls& calls = machine.part<AbsentCalls>();
  bool first = false;
  {
    const std::scoped_lock lock(calls.mutex);
    first = calls.told.insert(&absent).second;
  }
  if (first) machine.events.lookup({GuestLookup::What::kImport, absent.name, false, absent.answer});
  frame.return_integer(static_cast<std::uint64_t>(absent.result));
}

// ---- data ----

// The texts of the keys that AMediaFormat has, as Java's MediaFormat defines them.
struct MediaKey {
  const char* symbol;  // behind "AMEDIAFORMAT_KEY_"
  const char* text;
};
constexpr MediaKey kMediaKeys[] = {{"AAC_PROFILE", "aac-profile"},
                                   {"BIT_RATE", "bitrate"},
                                   {"CHANNEL_COUNT", "channel-count"},
                                   {"CHANNEL_MASK", "channel-mask"},
                                   {"COLOR_FORMAT", "color-format"},
                                   {"COLOR_RANGE", "color-range"},
                                   {"COLOR_STANDARD", "color-standard"},
                                   {"COLOR_TRANSFER", "color-transfer"},
                                   {"DURATION", "durationUs"},
                                   {"FRAME_RATE", "frame-rate"},
                                   {"HEIGHT", "height"},
                                   {"IS_ADTS", "is-adts"},
                                   {"I_FRAME_INTERVAL", "i-frame-interval"},
                                   {"LANGUAGE", "language"},
                                   {"LEVEL", "level"},
                                   {"MAX_HEIGHT", "max-height"},
                                   {"MAX_INPUT_SIZE", "max-input-size"},
                                   {"MAX_WIDTH", "max-width"},
                                   {"MIME", "mime"},
                                   {"PRIORITY", "priority"},
                                   {"PROFILE", "profile"},
                                   {"ROTATION", "rotation-degrees"},
                                   {"SAMPLE_RATE", "sample-rate"},
                                   {"SLICE_HEIGHT", "slice-height"},
                                   {"STRIDE", "stride"},
                                   {"WIDTH", "width"}};

// Nobody looks into these: no engine is ever made. Each is itself and nothing else.
constexpr const char* kAudioInterfaces =
    "NULL OBJECT ENGINE PLAY RECORD VOLUME BUFFERQUEUE EFFECTSEND ENVIRONMENTALREVERB "
    "PRESETREVERB EQUALIZER BASSBOOST VIRTUALIZER SEEK PREFETCHSTATUS OUTPUTMIX MUTESOLO "
    "PLAYBACKRATE METADATAEXTRACTION ENGINECAPABILITIES THREADSYNC DYNAMICINTERFACEMANAGEMENT "
    "ANDROIDCONFIGURATION ANDROIDSIMPLEBUFFERQUEUE ANDROIDEFFECT ANDROIDEFFECTSEND "
    "ANDROIDBUFFERQUEUESOURCE";
constexpr std::uint64_t kInterfaceIdSize = 16;

std::vector<std::string> words(const char* text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

// A variable of the guest's that points to `to`.
std::uint64_t pointer_to(GuestMachine& machine, std::uint64_t to) {
  const std::uint64_t at = to == 0 ? 0 : machine.heap.allocate(sizeof(to));
  if (at != 0) std::memcpy(reinterpret_cast<void*>(at), &to, sizeof(to));
  return at;
}

void add_data(FunctionTable& table) {
  for (const MediaKey& key : kMediaKeys) {
    table.add_data(std::string("AMEDIAFORMAT_KEY_") + key.symbol, [&key](GuestMachine& machine) {
      return pointer_to(machine, machine.constant_text(key.text));
    });
  }
  const std::vector<std::string> interfaces = words(kAudioInterfaces);
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    table.add_data("SL_IID_" + interfaces[i], [i](GuestMachine& machine) {
      const std::uint64_t id = machine.heap.allocate(kInterfaceIdSize, 16, true);
      if (id != 0) std::memcpy(reinterpret_cast<void*>(id), &i, sizeof(i));
      return pointer_to(machine, id);
    });
  }
}

}  // namespace

void add_absent_functions(FunctionTable& table) {
  // The functions point to these.
  static const std::deque<Absent> kAll = [] {
    std::deque<Absent> all;
    for (const AbsentGroup& group : kGroups) {
      for (std::string& name : words(group.names))
        all.push_back({std::move(name), group.answer, group.result});
    }
    return all;
  }();
  for (const Absent& absent : kAll)
    table.add(HostFunction{absent.name, &call_absent, const_cast<Absent*>(&absent), nullptr});
  add_data(table);
}

}  // namespace dl::guest
