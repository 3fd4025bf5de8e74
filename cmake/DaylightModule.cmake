# daylight_module(NAME SOURCES ... DEPENDS ...): one room of the house as a static library. The link graph says the same as
# tools/layers.txt: DEPENDS names other rooms or outside libraries.
function(daylight_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(daylight_${name} STATIC ${ARG_SOURCES})
  target_include_directories(daylight_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(daylight_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  daylight_flags(daylight_${name})
endfunction()

# Warnings and sanitizers, the same for product, tests and fuzz targets.
function(daylight_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(DAYLIGHT_DEVELOPER)
    target_compile_options(${target} PRIVATE -Werror)
  else()
    # gcc 12 at -O2 and above believes that joined strings overlap, inside its own header (gcc bug 105651).
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  endif()
  if(DAYLIGHT_SANITIZE)
    # gcc's flow analysis sees the sanitizers' own code as reads of what was never set (std::regex, std::optional): the developer
    # preset keeps that warning, this one cannot.
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all
                                             $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(DAYLIGHT_LIBFUZZER)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# daylight_unit_test(NAME SOURCES ... DEPENDS ...): one gtest program, one ctest entry.
function(daylight_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} daylight_test_support GTest::gmock GTest::gtest_main)
  daylight_flags(${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
endfunction()

# daylight_embed(TARGET SYMBOL FILES...): files as a table of (name, bytes) in namespace dl::embedded, by tools/embed.py.
function(daylight_embed target symbol)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cc")
  add_custom_command(
    OUTPUT "${out}"
    COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/embed.py" --symbol ${symbol} --out "${out}" ${ARGN}
    DEPENDS "${PROJECT_SOURCE_DIR}/tools/embed.py" ${ARGN}
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
endfunction()
