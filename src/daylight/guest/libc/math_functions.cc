// SPDX-License-Identifier: Apache-2.0
// libm: numbers in, numbers out, by this machine's own library.
#include <cmath>
#include <complex>
#include <cstdlib>

#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

using One = double (*)(double);
using OneF = float (*)(float);
using Two = double (*)(double, double);
using TwoF = float (*)(float, float);

void add_one(FunctionTable& table, const char* name, One function, OneF function_f) {
  table.add(name, function);
  table.add(std::string(name) + "f", function_f);
}
void add_two(FunctionTable& table, const char* name, Two function, TwoF function_f) {
  table.add(name, function);
  table.add(std::string(name) + "f", function_f);
}

void sincos_(double x, double* s, double* c) { ::sincos(x, s, c); }
void sincosf_(float x, float* s, float* c) { ::sincosf(x, s, c); }
double frexp_(double x, int* e) { return ::frexp(x, e); }
float frexpf_(float x, int* e) { return ::frexpf(x, e); }
double modf_(double x, double* whole) { return ::modf(x, whole); }
float modff_(float x, float* whole) { return ::modff(x, whole); }
double ldexp_(double x, int e) { return ::ldexp(x, e); }
float ldexpf_(float x, int e) { return ::ldexpf(x, e); }
double remquo_(double x, double y, int* q) { return ::remquo(x, y, q); }
float remquof_(float x, float y, int* q) { return ::remquof(x, y, q); }
double nan_(const char* text) { return std::nan(text); }
float nanf_(const char* text) { return std::nanf(text); }
long lrint_(double x) { return ::lrint(x); }
long lrintf_(float x) { return ::lrintf(x); }
long lround_(double x) { return ::lround(x); }
long lroundf_(float x) { return ::lroundf(x); }
int ilogb_(double x) { return ::ilogb(x); }
int ilogbf_(float x) { return ::ilogbf(x); }
double fma_(double a, double b, double c) { return ::fma(a, b, c); }
float fmaf_(float a, float b, float c) { return ::fmaf(a, b, c); }
double lgamma_r_(double x, int* sign) { return ::lgamma_r(x, sign); }
int finite_(double x) { return std::isfinite(x) ? 1 : 0; }
int finitef_(float x) { return std::isfinite(x) ? 1 : 0; }
int isnan_(double x) { return std::isnan(x) ? 1 : 0; }
int isnanf_(float x) { return std::isnan(x) ? 1 : 0; }
int isinf_(double x) { return std::isinf(x) ? 1 : 0; }
int isinff_(float x) { return std::isinf(x) ? 1 : 0; }
int signbit_(double x) { return std::signbit(x) ? 1 : 0; }
int signbitf_(float x) { return std::signbit(x) ? 1 : 0; }
// FP_* as bionic numbers them.
template <typename T>
int classify(T x) {
  switch (std::fpclassify(x)) {
    case FP_INFINITE:
      return 1;
    case FP_NAN:
      return 2;
    case FP_NORMAL:
      return 4;
    case FP_SUBNORMAL:
      return 8;
    default:
      return 16;
  }
}
int classify_double(double x) { return classify(x); }
int classify_float(float x) { return classify(x); }

int abs_(int x) { return x < 0 ? -x : x; }
long labs_(long x) { return x < 0 ? -x : x; }

}  // namespace

void add_math_functions(FunctionTable& table) {
  add_one(table, "acos", &::acos, &::acosf);
  add_one(table, "acosh", &::acosh, &::acoshf);
  add_one(table, "asin", &::asin, &::asinf);
  add_one(table, "asinh", &::asinh, &::asinhf);
  add_one(table, "atan", &::atan, &::atanf);
  add_one(table, "atanh", &::atanh, &::atanhf);
  add_one(table, "cbrt", &::cbrt, &::cbrtf);
  add_one(table, "ceil", &::ceil, &::ceilf);
  add_one(table, "cos", &::cos, &::cosf);
  add_one(table, "cosh", &::cosh, &::coshf);
  add_one(table, "erf", &::erf, &::erff);
  add_one(table, "erfc", &::erfc, &::erfcf);
  add_one(table, "exp", &::exp, &::expf);
  add_one(table, "exp2", &::exp2, &::exp2f);
  add_one(table, "expm1", &::expm1, &::expm1f);
  add_one(table, "fabs", &::fabs, &::fabsf);
  add_one(table, "floor", &::floor, &::floorf);
  add_one(table, "lgamma", &::lgamma, &::lgammaf);
  add_one(table, "log", &::log, &::logf);
  add_one(table, "log10", &::log10, &::log10f);
  add_one(table, "log1p", &::log1p, &::log1pf);
  add_one(table, "log2", &::log2, &::log2f);
  add_one(table, "logb", &::logb, &::logbf);
  add_one(table, "nearbyint", &::nearbyint, &::nearbyintf);
  add_one(table, "rint", &::rint, &::rintf);
  add_one(table, "round", &::round, &::roundf);
  add_one(table, "sin", &::sin, &::sinf);
  add_one(table, "sinh", &::sinh, &::sinhf);
  add_one(table, "sqrt", &::sqrt, &::sqrtf);
  add_one(table, "tan", &::tan, &::tanf);
  add_one(table, "tanh", &::tanh, &::tanhf);
  add_one(table, "tgamma", &::tgamma, &::tgammaf);
  add_one(table, "trunc", &::trunc, &::truncf);
  add_two(table, "atan2", &::atan2, &::atan2f);
  add_two(table, "copysign", &::copysign, &::copysignf);
  add_two(table, "fdim", &::fdim, &::fdimf);
  add_two(table, "fmax", &::fmax, &::fmaxf);
  add_two(table, "fmin", &::fmin, &::fminf);
  add_two(table, "fmod", &::fmod, &::fmodf);
  add_two(table, "hypot", &::hypot, &::hypotf);
  add_two(table, "nextafter", &::nextafter, &::nextafterf);
  add_two(table, "pow", &::pow, &::powf);
  add_two(table, "remainder", &::remainder, &::remainderf);
  table.add("sincos", &sincos_);
  table.add("sincosf", &sincosf_);
  table.add("frexp", &frexp_);
  table.add("frexpf", &frexpf_);
  table.add("modf", &modf_);
  table.add("modff", &modff_);
  for (const char* name : {"ldexp", "scalbn"}) {
    table.add(name, &ldexp_);
    table.add(std::string(name) + "f", &ldexpf_);
  }
  table.add("remquo", &remquo_);
  table.add("remquof", &remquof_);
  table.add("nan", &nan_);
  table.add("nanf", &nanf_);
  for (const char* name : {"lrint", "llrint"}) {
    table.add(name, &lrint_);
    table.add(std::string(name) + "f", &lrintf_);
  }
  for (const char* name : {"lround", "llround"}) {
    table.add(name, &lround_);
    table.add(std::string(name) + "f", &lroundf_);
  }
  table.add("ilogb", &ilogb_);
  table.add("ilogbf", &ilogbf_);
  table.add("fma", &fma_);
  table.add("fmaf", &fmaf_);
  table.add("lgamma_r", &lgamma_r_);
  table.add("__isfinite", &finite_);
  table.add("__isfinitef", &finitef_);
  table.add("isnan", &isnan_);
  table.alias("__isnan", "isnan");
  table.add("isnanf", &isnanf_);
  table.alias("__isnanf", "isnanf");
  table.add("isinf", &isinf_);
  table.alias("__isinf", "isinf");
  table.add("isinff", &isinff_);
  table.alias("__isinff", "isinff");
  table.add("__signbit", &signbit_);
  table.add("__signbitf", &signbitf_);
  table.add("__fpclassify", &classify_double);
  table.alias("__fpclassifyd", "__fpclassify");
  table.add("__fpclassifyf", &classify_float);
  table.add("abs", &abs_);
  table.add("labs", &labs_);
  table.alias("llabs", "labs");
}

}  // namespace dl::guest
