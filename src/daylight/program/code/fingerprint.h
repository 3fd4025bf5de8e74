// SPDX-License-Identifier: Apache-2.0
// Canonical names for the classes and methods of known APIs, also where the app's build renamed
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"

namespace dl::program {

// A class is matched again while others that it refers to become known; this bounds the rounds.
inline constexpr int kMaxFingerprintRounds = 16;

// How one method of a known class looks.
struct ApiMethodRule {
  std::string name;  // canonical
  std::string
      descriptor;  // with canonical class names; "L*;" stands for any class; "" for any descriptor
  std::string role;  // model-load|model-run|input|output|preprocess, or ""
  // "Lorg/x/Y;->prefix*" that its body must call: finds renamed wrappers of native methods.
  std::vector<std::string> calls;
};

// "The type of parameter `index` of `method` of class `class_name`"; `descriptor` may hold "L*;".
struct ApiParameter {
  std::string class_name;
  std::string method;
  std::string descriptor;
  std::size_t index = 0;
};

// How a class looks when its name says nothing. All conditions that are given must hold. Class
// names are canonical dotted names (of this file's rules, or of the platform); types in descriptors
// are canonical too.
struct ApiShape {
  std::vector<std::string> strings;      // all of these constants are used in its methods
  std::vector<std::string> any_strings;  // at least one of these
  std::vector<std::string> calls;        // "Landroid/graphics/Bitmap;->createScaledBitmap"
  std::vector<std::string> not_calls;
  std::vector<std::string> creates;           // classes that its code instantiates
  std::vector<std::string> methods;           // descriptors that some method of it has
  std::vector<std::string> abstract_methods;  // descriptors that some abstract method of it has
  std::vector<std::string> field_types;       // descriptors that some field of it has
  std::vector<std::string> instructions;      // beginnings of opcode names in its code: "neg-float"
  std::string superclass;
  std::string superclass_of;
  std::string interface_of;
  std::optional<ApiParameter> parameter_of;
  std::optional<bool> leaf;  // no subclass in the app, or at least one
};

// One class, by one shape. Several rules may carry the same name; the first that fits wins.
struct ApiClassRule {
  std::string name;                   // canonical, dotted: org.tensorflow.lite.Interpreter
  std::string framework;              // id of rules/frameworks.json
  std::optional<ApiShape> shape;      // nothing: found by its own name only
  std::string confidence = "medium";  // of a match by shape
  std::vector<ApiMethodRule> methods;
};

// rules/api_fingerprints.json, checked.
class ApiRules {
 public:
  // kInvalidArgument names the rule and key that is wrong.
  static Result<ApiRules> parse(std::string_view json, const std::string& where);
  // The rules that the build carries.
  static const ApiRules& builtin();

  const std::vector<ApiClassRule>& classes() const { return classes_; }
  const ApiClassRule* find(std::string_view canonical) const;

 private:
  std::vector<ApiClassRule> classes_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

struct ApiClass {
  ClassId id = kNoId;
  const ApiClassRule* rule = nullptr;
  bool renamed = false;
  std::string confidence;            // high: by its own name or JNI anchor
  std::vector<std::string> reasons;  // what was matched, printable
};

struct ApiMethod {
  MethodId id = kNoId;
  const ApiClass* owner = nullptr;
  std::string name;  // canonical, with class: org.tensorflow.lite.Interpreter.run; constructors end
                     // in .<init>
  std::string role;
  bool renamed = false;
};

// The names found in one app. Immutable; const methods are thread safe; `rules` must outlive it.
class ApiNames {
 public:
  static ApiNames match(const ClassIndex& index, const CodeFacts& facts, const ApiRules& rules);

  // Null if the class or method is not of a known API. Methods are found by the id of any reference
  // to them.
  const ApiClass* class_of(ClassId id) const;
  const ApiMethod* method_of(MethodId id) const;
  // The class that carries this canonical name in the app; kNoId if none does.
  ClassId find(std::string_view canonical) const;
  // "org.tensorflow.lite.Interpreter" for a renamed class, the dotted name of the descriptor for
  // all others.
  std::string canonical_class(ClassId id) const;

  // What the names were matched with.
  const ApiRules& rules() const { return *rules_; }
  // In id order.
  const std::vector<ApiClass>& classes() const { return classes_; }
  const std::vector<ApiMethod>& methods() const { return methods_; }

 private:
  friend class ApiMatcher;
  const ClassIndex* index_ = nullptr;
  const ApiRules* rules_ = nullptr;
  std::vector<ApiClass> classes_;
  std::vector<ApiMethod> methods_;
  std::unordered_map<ClassId, std::size_t> by_class_;
  std::unordered_map<MethodId, std::size_t> by_method_;
  std::map<std::string, ClassId, std::less<>> by_canonical_;
};

}  // namespace dl::program
