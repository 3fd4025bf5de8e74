// SPDX-License-Identifier: Apache-2.0
// What running an app's Java code needs on this machine, and where it lies.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl::capture {

struct JvmParts {
  std::filesystem::path java;   // a JDK or JRE 17: its folder
  std::filesystem::path agent;  // folder of our own libraries and jar
  std::vector<std::filesystem::path> jars;
  std::filesystem::path framework;  // the Android framework's jar
};

// kUnsupported: what is missing, and in the hint what to install. JAVA_HOME goes before the usual
// places.
Result<JvmParts> find_jvm_parts();

// The folders that a process with these parts must be able to read.
std::vector<std::filesystem::path> folders_of(const JvmParts& parts);

// Jars as a class path.
std::string class_path(const JvmParts& parts, const std::vector<std::filesystem::path>& before);

}  // namespace dl::capture
