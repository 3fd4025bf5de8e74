# Every library that Daylight links, found in one place. They are listed with their reasons in ARCHITECTURE.md.
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
# Compressed streams and archives inside apps.
pkg_check_modules(STREAMS REQUIRED IMPORTED_TARGET libarchive liblzma libzstd liblz4 libbrotlidec)
# Many literals in one pass over bytes.
pkg_check_modules(VECTORSCAN REQUIRED IMPORTED_TARGET libhs)
# The allow list of system calls of the sandbox.
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
find_package(TBB REQUIRED)
find_package(Boost 1.74 REQUIRED)
# Instructions of x86-64. The translator for arm64 brings it along.
find_package(Zydis REQUIRED)

# OpenCV's CMake files come only with its full development package (2 GB of dependencies): three libraries are named instead.
find_path(OPENCV_INCLUDE_DIR opencv2/objdetect.hpp PATH_SUFFIXES opencv4 REQUIRED)
add_library(daylight_opencv INTERFACE)
target_include_directories(daylight_opencv SYSTEM INTERFACE "${OPENCV_INCLUDE_DIR}")
foreach(part objdetect imgproc core)
  find_library(OPENCV_${part}_LIBRARY opencv_${part} REQUIRED)
  target_link_libraries(daylight_opencv INTERFACE "${OPENCV_${part}_LIBRARY}")
endforeach()

find_library(DEFLATE_LIBRARY deflate REQUIRED)
add_library(daylight_deflate INTERFACE)
target_link_libraries(daylight_deflate INTERFACE ${DEFLATE_LIBRARY})

# TensorFlow Lite comes from third/ (tools/bootstrap.sh). The library has no SONAME.
set(DAYLIGHT_TFLITE_LIBRARY "${DAYLIGHT_THIRD}/lib/libtensorflowlite_c.so")
if(NOT EXISTS "${DAYLIGHT_TFLITE_LIBRARY}")
  message(FATAL_ERROR "${DAYLIGHT_TFLITE_LIBRARY} is missing: run ./run setup (or tools/bootstrap.sh third)")
endif()
add_library(daylight_tflite SHARED IMPORTED GLOBAL)
set_target_properties(daylight_tflite PROPERTIES IMPORTED_LOCATION "${DAYLIGHT_TFLITE_LIBRARY}"
                                                 IMPORTED_NO_SONAME TRUE)
set(CMAKE_BUILD_RPATH "${DAYLIGHT_THIRD}/lib")
