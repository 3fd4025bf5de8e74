// SPDX-License-Identifier: Apache-2.0
// Methods of the app that receive answers: JSON text with known keys, or lists of objects with a
// text and a number.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daylight/program/code/app_code.h"

namespace dl {

// Calls below a receiver in which keys count, and methods looked at for each.
inline constexpr int kMaxReceiverDepth = 2;
inline constexpr std::size_t kMaxReceiverMethods = 64;
// Receivers of one search; more are left out.
inline constexpr std::size_t kMaxReceivers = 64;
// Fields of an object that is a result; records of data have more.
inline constexpr std::size_t kMaxResultFields = 12;

struct ResultReceiver {
  program::MethodId method = program::kNoId;
  int argument = 0;               // that carries the answer
  std::vector<std::string> seen;  // keys, or the class of the objects
};

// Methods with a String that make a JSON object or array of it (org.json, or a call of fromJson),
// and use at least `at_least` of `keys` there or in what they call. In order of method id.
std::vector<ResultReceiver> json_receivers(const program::AppCode& code,
                                           const std::vector<std::string>& keys,
                                           std::size_t at_least);

// Methods that take an array of such objects, or a list and cast its elements to them. A class of
// the app counts if it has a field of each kind ("text", "number") and its objects come from where
// answers come from: Java code makes none, or a class of `near` does. In order of method id.
std::vector<ResultReceiver> list_receivers(const program::AppCode& code,
                                           const std::vector<std::string>& kinds,
                                           const std::set<program::ClassId>& near);

}  // namespace dl
