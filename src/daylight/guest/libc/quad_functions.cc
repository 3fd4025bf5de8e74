// SPDX-License-Identifier: Apache-2.0
// long double: an IEEE quad on arm64 Android, which this machine's library knows as _Float128; and
// division results that are structures.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "daylight/guest/libc/quad_math.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// A long double of the guest, exact.
struct Quad {
  Float128 value = 0;

  void return_to(CallFrame& frame) const {
    if (!frame.is_arm64()) {
      frame.return_extended(static_cast<long double>(value));
      return;
    }
    Vector128 bits{};
    std::memcpy(bits.data(), &value, sizeof(value));
    frame.return_vector(bits);
  }
};
static_assert(sizeof(Float128) == 16);

template <>
struct GuestArgument<Quad> {
  static Quad read(CallArguments& arguments, void*) {
    // No function here has so many that one lies on the stack.
    if (!arguments.frame().is_arm64()) return {static_cast<Float128>(arguments.next_long_double())};
    const Vector128 bits = arguments.next_vector();
    Quad out;
    std::memcpy(&out.value, bits.data(), sizeof(out.value));
    return out;
  }
};

namespace {

template <Float128 (*kFunction)(Float128) noexcept>
Quad one(Quad x) {
  return {kFunction(x.value)};
}
template <Float128 (*kFunction)(Float128, Float128) noexcept>
Quad two(Quad x, Quad y) {
  return {kFunction(x.value, y.value)};
}

// What lies in the guest's memory as a long double: 16 bytes of either processor.
bool put_quad(GuestMachine& machine, std::uint64_t to, Float128 value) {
  if (!machine.arena.allows(to, 16, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "a long double is written where it may not be");
    return false;
  }
  if (machine.arm64) {
    std::memcpy(reinterpret_cast<void*>(to), &value, 16);
  } else {
    const auto extended = static_cast<long double>(value);
    std::memcpy(reinterpret_cast<void*>(to), &extended, 10);
  }
  return true;
}

Quad frexpl_(Quad x, int* exponent) { return {::frexpf128(x.value, exponent)}; }
Quad ldexpl_(Quad x, int exponent) { return {::ldexpf128(x.value, exponent)}; }
Quad scalblnl_(Quad x, long exponent) { return {::scalblnf128(x.value, exponent)}; }
Quad modfl_(GuestMachine& machine, Quad x, std::uint64_t whole) {
  Float128 part = 0;
  const Float128 out = ::modff128(x.value, &part);
  put_quad(machine, whole, part);
  return {out};
}
Quad fmal_(Quad x, Quad y, Quad z) { return {::fmaf128(x.value, y.value, z.value)}; }
Quad remquol_(Quad x, Quad y, int* quotient) { return {::remquof128(x.value, y.value, quotient)}; }
void sincosl_(GuestMachine& machine, Quad x, std::uint64_t sine, std::uint64_t cosine) {
  if (put_quad(machine, sine, ::sinf128(x.value))) put_quad(machine, cosine, ::cosf128(x.value));
}
Quad nanl_(const char* text) { return {::nanf128(text)}; }
int ilogbl_(Quad x) { return ::ilogbf128(x.value); }
long lrintl_(Quad x) { return ::lrintf128(x.value); }
long lroundl_(Quad x) { return ::lroundf128(x.value); }
double nexttoward_(double x, Quad y) {
  if (static_cast<Float128>(x) == y.value) return static_cast<double>(y.value);
  return ::nextafter(x, static_cast<Float128>(x) < y.value ? HUGE_VAL : -HUGE_VAL);
}
float nexttowardf_(float x, Quad y) {
  if (static_cast<Float128>(x) == y.value) return static_cast<float>(y.value);
  return ::nextafterf(x, static_cast<Float128>(x) < y.value ? HUGE_VALF : -HUGE_VALF);
}

bool is_nan(Float128 x) { return x != x; }  // NOLINT(misc-redundant-expression)
bool is_infinite(Float128 x) { return !is_nan(x) && is_nan(x - x); }
int isnanl_(Quad x) { return is_nan(x.value) ? 1 : 0; }
int isinfl_(Quad x) { return is_infinite(x.value) ? 1 : 0; }
int isfinitel_(Quad x) { return is_nan(x.value - x.value) ? 0 : 1; }
bool is_normal(Float128 x) {
  std::uint64_t words[2];
  std::memcpy(words, &x, 16);
  const std::uint64_t exponent = (words[1] >> 48U) & 0x7fffU;
  return exponent != 0 && exponent != 0x7fff;
}
int isnormall_(Quad x) { return is_normal(x.value) ? 1 : 0; }
int isnormal_(double x) { return std::isnormal(x) ? 1 : 0; }
int isnormalf_(float x) { return std::isnormal(x) ? 1 : 0; }
int signbitl_(Quad x) {
  std::uint64_t words[2];
  std::memcpy(words, &x.value, 16);
  return static_cast<int>(words[1] >> 63U);
}
// FP_* as bionic numbers them.
int classify_quad(Quad x) {
  if (is_infinite(x.value)) return 1;
  if (is_nan(x.value)) return 2;
  if (is_normal(x.value)) return 4;
  return x.value == 0 ? 16 : 8;
}

// ---- numbers in text ----

Quad strtold_(const char* text, std::uint64_t* end) {
  char* stop = nullptr;
  const Quad out{::strtof128(text, &stop)};
  if (end != nullptr) *end = reinterpret_cast<std::uint64_t>(stop);
  return out;
}
Quad wcstold_(const wchar_t* text, std::uint64_t* end) {
  wchar_t* stop = nullptr;
  const Quad out{::wcstof128(text, &stop)};
  if (end != nullptr) *end = reinterpret_cast<std::uint64_t>(stop);
  return out;
}

// ---- quotient and remainder ----

struct IntegerDivision {  // div_t: two ints in one register
  std::int32_t quotient = 0;
  std::int32_t remainder = 0;
  void return_to(CallFrame& frame) const {
    frame.return_integer(static_cast<std::uint32_t>(quotient) |
                         static_cast<std::uint64_t>(static_cast<std::uint32_t>(remainder)) << 32U);
  }
};
struct LongDivision {  // ldiv_t, lldiv_t: a register each
  std::int64_t quotient = 0;
  std::int64_t remainder = 0;
  void return_to(CallFrame& frame) const {
    frame.return_integer(static_cast<std::uint64_t>(quotient));
    frame.return_second_integer(static_cast<std::uint64_t>(remainder));
  }
};
// As arm64 divides: by zero gives zero, and the smallest number by -1 itself.
template <typename T, typename N>
T divide(N number, N by) {
  if (by == 0) return {0, number};
  if (by == -1) return {static_cast<N>(0 - static_cast<std::make_unsigned_t<N>>(number)), 0};
  return {static_cast<N>(number / by), static_cast<N>(number % by)};
}
IntegerDivision div_(std::int32_t number, std::int32_t by) {
  return divide<IntegerDivision>(number, by);
}
LongDivision ldiv_(std::int64_t number, std::int64_t by) {
  return divide<LongDivision>(number, by);
}

// ---- forms of float and double that are not in math_functions ----

double gamma_(double x) { return ::lgamma(x); }
float gammaf_(float x) { return ::lgammaf(x); }
float lgammaf_r_(float x, int* sign) { return ::lgammaf_r(x, sign); }
double scalbln_(double x, long n) { return ::scalbln(x, n); }
float scalblnf_(float x, long n) { return ::scalblnf(x, n); }
double jn_(int n, double x) { return ::jn(n, x); }
double yn_(int n, double x) { return ::yn(n, x); }
float jnf_(int n, float x) { return ::jnf(n, x); }
float ynf_(int n, float x) { return ::ynf(n, x); }
double scalb_(double x, double n) { return x * ::exp2(n); }
double significand_(double x) { return x == 0 ? x : ::scalbn(x, -::ilogb(x)); }

using Double1 = double (*)(double);
using Float1 = float (*)(float);
using Double2 = double (*)(double, double);

}  // namespace

void add_quad_functions(FunctionTable& table) {
  table.add("acosl", &one<::acosf128>);
  table.add("acoshl", &one<::acoshf128>);
  table.add("asinl", &one<::asinf128>);
  table.add("asinhl", &one<::asinhf128>);
  table.add("atanl", &one<::atanf128>);
  table.add("atanhl", &one<::atanhf128>);
  table.add("cbrtl", &one<::cbrtf128>);
  table.add("ceill", &one<::ceilf128>);
  table.add("cosl", &one<::cosf128>);
  table.add("coshl", &one<::coshf128>);
  table.add("erfl", &one<::erff128>);
  table.add("erfcl", &one<::erfcf128>);
  table.add("expl", &one<::expf128>);
  table.add("exp2l", &one<::exp2f128>);
  table.add("expm1l", &one<::expm1f128>);
  table.add("fabsl", &one<::fabsf128>);
  table.add("floorl", &one<::floorf128>);
  table.add("lgammal", &one<::lgammaf128>);
  table.add("logl", &one<::logf128>);
  table.add("log10l", &one<::log10f128>);
  table.add("log1pl", &one<::log1pf128>);
  table.add("log2l", &one<::log2f128>);
  table.add("logbl", &one<::logbf128>);
  table.add("nearbyintl", &one<::nearbyintf128>);
  table.add("rintl", &one<::rintf128>);
  table.add("roundl", &one<::roundf128>);
  table.add("sinl", &one<::sinf128>);
  table.add("sinhl", &one<::sinhf128>);
  table.add("sqrtl", &one<::sqrtf128>);
  table.add("tanl", &one<::tanf128>);
  table.add("tanhl", &one<::tanhf128>);
  table.add("tgammal", &one<::tgammaf128>);
  table.add("truncl", &one<::truncf128>);
  table.add("atan2l", &two<::atan2f128>);
  table.add("copysignl", &two<::copysignf128>);
  table.add("fdiml", &two<::fdimf128>);
  table.add("fmaxl", &two<::fmaxf128>);
  table.add("fminl", &two<::fminf128>);
  table.add("fmodl", &two<::fmodf128>);
  table.add("hypotl", &two<::hypotf128>);
  table.add("nextafterl", &two<::nextafterf128>);
  table.alias("nexttowardl", "nextafterl");
  table.add("powl", &two<::powf128>);
  table.add("remainderl", &two<::remainderf128>);
  table.add("frexpl", &frexpl_);
  table.add("ldexpl", &ldexpl_);
  table.alias("scalbnl", "ldexpl");
  table.add("scalblnl", &scalblnl_);
  table.add("modfl", &modfl_);
  table.add("fmal", &fmal_);
  table.add("remquol", &remquol_);
  table.add("sincosl", &sincosl_);
  table.add("nanl", &nanl_);
  table.add("ilogbl", &ilogbl_);
  table.add("lrintl", &lrintl_);
  table.alias("llrintl", "lrintl");
  table.add("lroundl", &lroundl_);
  table.alias("llroundl", "lroundl");
  table.add("nexttoward", &nexttoward_);
  table.add("nexttowardf", &nexttowardf_);
  table.add("__isnanl", &isnanl_);
  table.add("__isinfl", &isinfl_);
  table.add("__isfinitel", &isfinitel_);
  table.alias("isfinitel", "__isfinitel");
  table.add("__isnormal", &isnormal_);
  table.alias("isnormal", "__isnormal");
  table.add("__isnormalf", &isnormalf_);
  table.alias("isnormalf", "__isnormalf");
  table.add("__isnormall", &isnormall_);
  table.alias("isnormall", "__isnormall");
  table.add("__signbitl", &signbitl_);
  table.add("__fpclassifyl", &classify_quad);
  table.add("strtold", &strtold_);
  table.alias("strtold_l", "strtold");
  table.add("wcstold", &wcstold_);
  table.alias("wcstold_l", "wcstold");
  table.add("div", &div_);
  table.add("ldiv", &ldiv_);
  for (const char* name : {"lldiv", "imaxdiv"}) table.alias(name, "ldiv");
  table.add("gamma", &gamma_);
  table.add("gammaf", &gammaf_);
  table.add("lgammaf_r", &lgammaf_r_);
  table.add("scalbln", &scalbln_);
  table.add("scalblnf", &scalblnf_);
  table.add("scalb", &scalb_);
  table.add("significand", &significand_);
  table.add("drem", static_cast<Double2>(&::remainder));
  table.add("exp10", static_cast<Double1>(&::exp10));
  table.add("exp10f", static_cast<Float1>(&::exp10f));
  table.add("j0", static_cast<Double1>(&::j0));
  table.add("j1", static_cast<Double1>(&::j1));
  table.add("y0", static_cast<Double1>(&::y0));
  table.add("y1", static_cast<Double1>(&::y1));
  table.add("j0f", static_cast<Float1>(&::j0f));
  table.add("j1f", static_cast<Float1>(&::j1f));
  table.add("y0f", static_cast<Float1>(&::y0f));
  table.add("y1f", static_cast<Float1>(&::y1f));
  table.add("jn", &jn_);
  table.add("yn", &yn_);
  table.add("jnf", &jnf_);
  table.add("ynf", &ynf_);
}

}  // namespace dl::guest
