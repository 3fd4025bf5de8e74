// SPDX-License-Identifier: Apache-2.0
// A function of the host that a guest can call: its C++ type says how each argument is read and
// checked.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "daylight/guest/engine/call_frame.h"
#include "daylight/guest/engine/guest_fault.h"

namespace dl::guest {

// An address as the guest gave it, not looked at.
enum class Address : std::uint64_t {};
inline std::uint64_t value(Address address) { return static_cast<std::uint64_t>(address); }

struct HostFunction {
  std::string name;
  void (*invoke)(void* target, void* state, CallFrame& frame) = nullptr;
  void* target = nullptr;
  void* state = nullptr;
};

// How one argument of type T is made. Rooms that know more types add specialisations.
template <typename T, typename = void>
struct GuestArgument;

template <typename T>
struct GuestArgument<T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>>> {
  static T read(CallArguments& arguments, void*) {
    return static_cast<T>(arguments.next_integer());
  }
};
template <>
struct GuestArgument<double> {
  static double read(CallArguments& arguments, void*) { return arguments.next_double(); }
};
template <>
struct GuestArgument<float> {
  static float read(CallArguments& arguments, void*) {
    const Vector128 bits = arguments.next_vector();
    float out = 0;
    std::memcpy(&out, bits.data(), sizeof(out));
    return out;
  }
};
template <>
struct GuestArgument<long double> {
  static long double read(CallArguments& arguments, void*) { return arguments.next_long_double(); }
};
// Text that is only read: readable up to its end.
template <>
struct GuestArgument<const char*> {
  static const char* read(CallArguments& arguments, void*) {
    const std::uint64_t address = arguments.next_integer();
    if (address == 0) return nullptr;
    if (!arguments.frame().arena().text(address))
      arguments.frame().refuse("a text of the call is not readable");
    // NOLINTNEXTLINE(performance-no-int-to-ptr): checked above
    return reinterpret_cast<const char*>(address);
  }
};
// Other memory: it begins where the guest may write, or read if it is const. That it does not end
// elsewhere is seen to by the unmapped addresses behind the arena.
template <typename T>
struct GuestArgument<T*, std::enable_if_t<std::is_void_v<T> || std::is_arithmetic_v<T>>> {
  static T* read(CallArguments& arguments, void*) {
    const std::uint64_t address = arguments.next_integer();
    if (address == 0) return nullptr;
    const std::uint8_t access = std::is_const_v<T> ? kPageRead : kPageWrite;
    // A buffer of size zero may lie anywhere inside.
    if ((arguments.frame().arena().access_at(address) & access) == 0)
      arguments.frame().refuse("a buffer of the call lies outside of its memory");
    return reinterpret_cast<T*>(address);
  }
};
template <>
struct GuestArgument<CallArguments&> {
  static CallArguments& read(CallArguments& arguments, void*) { return arguments; }
};
// The host's own things behind the function.
template <typename S>
struct GuestArgument<S&,
                     std::enable_if_t<std::is_class_v<S> && !std::is_same_v<S, CallArguments>>> {
  static S& read(CallArguments&, void* state) { return *static_cast<S*>(state); }
};

// How a result is handed back. A class knows by itself: it has return_to(CallFrame&).
template <typename R>
void return_to_guest(CallFrame& frame, const R& result) {
  if constexpr (std::is_class_v<R>) {
    result.return_to(frame);
  } else if constexpr (std::is_same_v<R, double>) {
    Vector128 bits{};
    std::memcpy(bits.data(), &result, sizeof(result));
    frame.return_vector(bits);
  } else if constexpr (std::is_same_v<R, float>) {
    Vector128 bits{};
    std::memcpy(bits.data(), &result, sizeof(result));
    frame.return_vector(bits);
  } else if constexpr (std::is_pointer_v<R>) {
    frame.return_integer(reinterpret_cast<std::uint64_t>(result));
  } else if constexpr (std::is_signed_v<R>) {
    frame.return_integer(static_cast<std::uint64_t>(static_cast<std::int64_t>(result)));
  } else {
    frame.return_integer(static_cast<std::uint64_t>(result));
  }
}

template <typename R, typename... A>
struct HostCaller {
  using Function = R (*)(A...);
  static void invoke(void* target, [[maybe_unused]] void* state, CallFrame& frame) {
    CallArguments arguments(frame);
    // Braces: in the order of the parameters.
    std::tuple<A...> read{GuestArgument<A>::read(arguments, state)...};
    if (!frame.refusal().empty()) return;
    const auto function = reinterpret_cast<Function>(target);
    if constexpr (std::is_void_v<R>) {
      std::apply(function, std::move(read));
    } else {
      return_to_guest(frame, std::apply(function, std::move(read)));
    }
  }
};

// A function with a name that guests import. Arguments are checked as their types say before it is
// called; a call with one that does not pass stops the guest.
template <typename R, typename... A>
HostFunction host_function(std::string name, R (*function)(A...)) {
  return {std::move(name), &HostCaller<R, A...>::invoke, reinterpret_cast<void*>(function),
          nullptr};
}
template <typename R, typename... A>
HostFunction host_function(std::string name, R (*function)(A...) noexcept) {
  return {std::move(name), &HostCaller<R, A...>::invoke, reinterpret_cast<void*>(function),
          nullptr};
}

// Calls `function` for the guest, whose errno lies in the block of its thread at `thread_block`.
// How the guest's call ends, where it cannot go on: an argument was refused, or memory that it gave
// is not there.
std::optional<GuestFault> run_host_function(const HostFunction& function, CallFrame& frame,
                                            std::uint64_t thread_block);

}  // namespace dl::guest
