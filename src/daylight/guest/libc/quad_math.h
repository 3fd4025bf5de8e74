// SPDX-License-Identifier: Apache-2.0
// glibc's functions of IEEE quads. GCC has the type and glibc's header declares them; for clang 14
// and x86-64 the type has another name, and they are declared here.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cwchar>

#if defined(__clang__) && defined(__x86_64__)
namespace dl::guest {
using Float128 = __float128;
}
extern "C" {
#define DAYLIGHT_QUAD_1(name) __float128 name##f128(__float128) noexcept;
#define DAYLIGHT_QUAD_2(name) __float128 name##f128(__float128, __float128) noexcept;
DAYLIGHT_QUAD_1(acos)
DAYLIGHT_QUAD_1(acosh)
DAYLIGHT_QUAD_1(asin)
DAYLIGHT_QUAD_1(asinh)
DAYLIGHT_QUAD_1(atan)
DAYLIGHT_QUAD_1(atanh)
DAYLIGHT_QUAD_1(cbrt)
DAYLIGHT_QUAD_1(ceil)
DAYLIGHT_QUAD_1(cos)
DAYLIGHT_QUAD_1(cosh)
DAYLIGHT_QUAD_1(erf)
DAYLIGHT_QUAD_1(erfc)
DAYLIGHT_QUAD_1(exp)
DAYLIGHT_QUAD_1(exp2)
DAYLIGHT_QUAD_1(expm1)
DAYLIGHT_QUAD_1(fabs)
DAYLIGHT_QUAD_1(floor)
DAYLIGHT_QUAD_1(lgamma)
DAYLIGHT_QUAD_1(log)
DAYLIGHT_QUAD_1(log10)
DAYLIGHT_QUAD_1(log1p)
DAYLIGHT_QUAD_1(log2)
DAYLIGHT_QUAD_1(logb)
DAYLIGHT_QUAD_1(nearbyint)
DAYLIGHT_QUAD_1(rint)
DAYLIGHT_QUAD_1(round)
DAYLIGHT_QUAD_1(sin)
DAYLIGHT_QUAD_1(sinh)
DAYLIGHT_QUAD_1(sqrt)
DAYLIGHT_QUAD_1(tan)
DAYLIGHT_QUAD_1(tanh)
DAYLIGHT_QUAD_1(tgamma)
DAYLIGHT_QUAD_1(trunc)
DAYLIGHT_QUAD_2(atan2)
DAYLIGHT_QUAD_2(copysign)
DAYLIGHT_QUAD_2(fdim)
DAYLIGHT_QUAD_2(fmax)
DAYLIGHT_QUAD_2(fmin)
DAYLIGHT_QUAD_2(fmod)
DAYLIGHT_QUAD_2(hypot)
DAYLIGHT_QUAD_2(nextafter)
DAYLIGHT_QUAD_2(pow)
DAYLIGHT_QUAD_2(remainder)
#undef DAYLIGHT_QUAD_1
#undef DAYLIGHT_QUAD_2
__float128 frexpf128(__float128, int*) noexcept;
__float128 ldexpf128(__float128, int) noexcept;
__float128 scalblnf128(__float128, long) noexcept;
__float128 modff128(__float128, __float128*) noexcept;
__float128 fmaf128(__float128, __float128, __float128) noexcept;
__float128 remquof128(__float128, __float128, int*) noexcept;
__float128 nanf128(const char*) noexcept;
__float128 strtof128(const char*, char**) noexcept;
__float128 wcstof128(const wchar_t*, wchar_t**) noexcept;
int ilogbf128(__float128) noexcept;
long lrintf128(__float128) noexcept;
long lroundf128(__float128) noexcept;
}
#else
namespace dl::guest {
using Float128 = _Float128;
}
#endif
