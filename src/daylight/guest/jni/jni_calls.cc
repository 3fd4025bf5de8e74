// SPDX-License-Identifier: Apache-2.0
// JNI functions that call methods and use fields: three forms of each call, ten types.
#include <cstring>
#include <optional>

#include "daylight/guest/jni/jni_table.h"

namespace dl::guest {
namespace {

using Env = std::uint64_t;
using Ref = JavaReference;

// Small integers sign- or zero-extended as their type is.
std::uint64_t normalised(char type, std::uint64_t bits) {
  switch (type) {
    case 'Z':
      return bits & 0xffU;
    case 'B':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(bits)});
    case 'C':
      return bits & 0xffffU;
    case 'S':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int16_t>(bits)});
    case 'I':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(bits)});
    default:
      return bits;
  }
}

// Arguments by a method's signature. Variadic floats come as doubles; in an array of jvalue they
// are floats.
std::vector<JavaValue> read_arguments(const std::string& parameters, ArgumentSource& source,
                                      bool promoted) {
  std::vector<JavaValue> out;
  for (const char type : parameters) {
    JavaValue value{type, 0};
    if ((type == 'F' || type == 'D') && promoted) {
      const double wide = source.next_double();
      if (type == 'F') {
        const auto narrow = static_cast<float>(wide);
        std::uint32_t bits = 0;
        std::memcpy(&bits, &narrow, sizeof(bits));
        value.bits = bits;
      } else {
        std::memcpy(&value.bits, &wide, sizeof(wide));
      }
    } else {
      value.bits = normalised(type, source.next_integer());
    }
    out.push_back(value);
  }
  return out;
}

// Whose version of a method is called: the object's class', or that of the class it was found in.
enum class Version { kOfObject, kOfClass };

std::uint64_t call_method(JniTable& table, Ref receiver, std::uint64_t id, ArgumentSource& source,
                          bool promoted, Version version = Version::kOfObject) {
  const JavaMember* const method = table.member(id);
  if (method == nullptr || receiver == 0) {
    table.machine().raise(GuestFault::Kind::kArgument,
                          method == nullptr ? "calls a Java method by an id that is none"
                                            : "calls " + method->text() + " on null");
    return 0;
  }
  const auto signature = parse_signature(method->signature);
  if (!signature) {
    table.machine().raise(GuestFault::Kind::kArgument,
                          "calls a Java method without a signature: " + method->text());
    return 0;
  }
  const auto arguments = read_arguments(signature->parameters, source, promoted);
  if (version == Version::kOfClass)
    return table.world().call_nonvirtual(receiver, *method, arguments).bits;
  return table.world().call(receiver, *method, arguments).bits;
}

// A result as its C type.
template <typename R>
R result_as(std::uint64_t bits) {
  R out{};
  std::memcpy(&out, &bits, sizeof(R));
  return out;
}
template <>
void result_as<void>(std::uint64_t) {}

template <typename R>
R call_variadic(JniTable& table, Env, Ref receiver, std::uint64_t id, CallArguments& rest) {
  return result_as<R>(call_method(table, receiver, id, rest, true));
}
template <typename R>
R call_list(JniTable& table, Env, Ref receiver, std::uint64_t id, std::uint64_t list,
            CallArguments& rest) {
  VaListArguments source(rest.frame(), list);
  return result_as<R>(call_method(table, receiver, id, source, true));
}
template <typename R>
R call_array(JniTable& table, Env, Ref receiver, std::uint64_t id, std::uint64_t array,
             CallArguments& rest) {
  ArrayArguments source(rest.frame(), array);
  return result_as<R>(call_method(table, receiver, id, source, false));
}
// With a class between object and method: which one's version is called.
template <typename R>
R nonvirtual_variadic(JniTable& table, Env, Ref receiver, Ref, std::uint64_t id,
                      CallArguments& rest) {
  return result_as<R>(call_method(table, receiver, id, rest, true, Version::kOfClass));
}
template <typename R>
R nonvirtual_list(JniTable& table, Env, Ref receiver, Ref, std::uint64_t id, std::uint64_t list,
                  CallArguments& rest) {
  VaListArguments source(rest.frame(), list);
  return result_as<R>(call_method(table, receiver, id, source, true, Version::kOfClass));
}
template <typename R>
R nonvirtual_array(JniTable& table, Env, Ref receiver, Ref, std::uint64_t id, std::uint64_t array,
                   CallArguments& rest) {
  ArrayArguments source(rest.frame(), array);
  return result_as<R>(call_method(table, receiver, id, source, false, Version::kOfClass));
}

const JavaMember* field_of(JniTable& table, Ref receiver, std::uint64_t id) {
  const JavaMember* const field = table.member(id);
  if (field != nullptr && field->is_field && receiver != 0) return field;
  table.machine().raise(GuestFault::Kind::kArgument, field == nullptr || !field->is_field
                                                         ? "uses a Java field by an id that is none"
                                                         : "uses " + field->text() + " of null");
  return nullptr;
}
template <typename R>
R get_field(JniTable& table, Env, Ref receiver, std::uint64_t id) {
  const JavaMember* const field = field_of(table, receiver, id);
  return result_as<R>(field == nullptr ? 0 : table.world().get(receiver, *field).bits);
}
template <typename T>
void set_field(JniTable& table, Env, Ref receiver, std::uint64_t id, T value) {
  const JavaMember* const field = field_of(table, receiver, id);
  if (field == nullptr) return;
  JavaValue out{field->signature.empty() ? 'L' : field->signature.front(), 0};
  if (out.type == '[') out.type = 'L';
  std::memcpy(&out.bits, &value, sizeof(value));
  out.bits = normalised(out.type, out.bits);
  table.world().set(receiver, *field, out);
}

struct Family {
  const char* name;
  unsigned offset;  // in units of one type
};

template <typename R>
void add_type(std::vector<JniSlot>& slots, const char* type, unsigned place) {
  const auto add = [&](unsigned number, const std::string& name, auto function) {
    slots.push_back({number, host_function("jni:" + name, function)});
  };
  const std::string of = type;
  const unsigned virtuals = 34 + 3 * place;
  add(virtuals, "Call" + of + "Method", &call_variadic<R>);
  add(virtuals + 1, "Call" + of + "MethodV", &call_list<R>);
  add(virtuals + 2, "Call" + of + "MethodA", &call_array<R>);
  const unsigned nonvirtuals = 64 + 3 * place;
  add(nonvirtuals, "CallNonvirtual" + of + "Method", &nonvirtual_variadic<R>);
  add(nonvirtuals + 1, "CallNonvirtual" + of + "MethodV", &nonvirtual_list<R>);
  add(nonvirtuals + 2, "CallNonvirtual" + of + "MethodA", &nonvirtual_array<R>);
  const unsigned statics = 114 + 3 * place;
  add(statics, "CallStatic" + of + "Method", &call_variadic<R>);
  add(statics + 1, "CallStatic" + of + "MethodV", &call_list<R>);
  add(statics + 2, "CallStatic" + of + "MethodA", &call_array<R>);
  if constexpr (!std::is_void_v<R>) {
    add(95 + place, "Get" + of + "Field", &get_field<R>);
    add(104 + place, "Set" + of + "Field", &set_field<R>);
    add(145 + place, "GetStatic" + of + "Field", &get_field<R>);
    add(154 + place, "SetStatic" + of + "Field", &set_field<R>);
  }
}

}  // namespace

void add_jni_call_slots(std::vector<JniSlot>& slots) {
  add_type<std::uint64_t>(slots, "Object", 0);
  add_type<std::uint8_t>(slots, "Boolean", 1);
  add_type<std::int8_t>(slots, "Byte", 2);
  add_type<std::uint16_t>(slots, "Char", 3);
  add_type<std::int16_t>(slots, "Short", 4);
  add_type<std::int32_t>(slots, "Int", 5);
  add_type<std::int64_t>(slots, "Long", 6);
  add_type<float>(slots, "Float", 7);
  add_type<double>(slots, "Double", 8);
  add_type<void>(slots, "Void", 9);
  // Constructors are called on the class and give the object.
  slots.push_back({28, host_function("jni:NewObject", &call_variadic<std::uint64_t>)});
  slots.push_back({29, host_function("jni:NewObjectV", &call_list<std::uint64_t>)});
  slots.push_back({30, host_function("jni:NewObjectA", &call_array<std::uint64_t>)});
}

}  // namespace dl::guest
