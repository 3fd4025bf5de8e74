// SPDX-License-Identifier: Apache-2.0
// What of a method survives renaming, as a digest: the same code in two builds of an app has the
// same one.
#pragma once

#include <string>

#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"
#include "daylight/program/code/fingerprint.h"

namespace dl::program {

// Hexadecimal digits of each half of a fingerprint.
inline constexpr std::size_t kFingerprintHalf = 32;

// Constants that a class must hold for a digest of its own, and their least length: small classes
// look alike.
inline constexpr std::size_t kMinDigestStrings = 2;
inline constexpr std::size_t kMinDigestStringSize = 8;

// 64 hexadecimal digits: the first half speaks of the method, the second of its class.
//
// Method: its parameters and result, whether it is static or a constructor, and the multiset of
// what its body mentions outside of the app: calls of methods that the app does not define (by the
// class outside that has them), calls of known API methods with a role (by their canonical names),
// and types that are made, cast to or tested. Class: its ancestors outside of the app, and the
// shapes of its methods and fields. Classes that the app defines stand for any class, names of
// methods, constants and calls within the app do not count, nor does the order: builds rename, move
// and inline those. Empty for a method without code.
std::string code_fingerprint(const ClassIndex& index, const CodeFacts& facts, const ApiNames& apis,
                             MethodId method);

// "methods.fields.digest", the last of 32 hexadecimal digits, for a class wherever a build moved it
// and whatever it is called there: the digest is of its ancestors outside of the app, the shapes of
// its methods and fields, and the constants of its code. Types that the app defines stand for any.
// A build that removes members changes it. "" for a class that the app does not define, or with
// fewer than kMinDigestStrings constants of kMinDigestStringSize bytes.
std::string class_digest(const ClassIndex& index, const CodeFacts& facts, ClassId id);
// What class_digest() begins with: "methods.fields.". Costs nothing.
std::string class_digest_counts(const ClassIndex& index, ClassId id);

}  // namespace dl::program
