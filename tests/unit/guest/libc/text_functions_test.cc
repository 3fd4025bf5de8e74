// SPDX-License-Identifier: Apache-2.0
// Texts, wide characters, numbers in text and long doubles of a guest against this machine's own.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "guest_program.h"

namespace dl::guest {
namespace {

TEST(GuestText, PrintsEveryDirectiveAsTheHostDoes) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int snprintf(char*, size_t, const char*, ...);
int vsnprintf(char*, size_t, const char*, va_list);
static char out[1024];
static int through_list(const char* format, ...) {
  va_list list; __builtin_va_start(list, format);
  int n = vsnprintf(out, sizeof(out), format, list);
  __builtin_va_end(list);
  return n;
}
const char* integers() {
  snprintf(out, 1024, "%d %5d|%-5d|%05d %+d % d %i %u %o %#o %x %#X %hhd %hd %ld %lld %zu %jd %td %c%%",
           -3, 42, 42, 42, 7, 7, -9, 4000000000u, 8, 8, 255, 255, 300, 70000, -5L, 1LL << 40, (size_t)9,
           -1L, -2L, 'x');
  return out;
}
const char* reals() {
  snprintf(out, 1024, "%f %.2f %10.3f|%-10.1f|%e %E %g %G %a %Lf %.3Le %*.*f %s", 1.5, 2.345, 3.14159,
           2.5, 12345.678, 0.00012, 1e-7, 1e20, 1.0, 1.25L, 1234.5L, 9, 2, 2.71828, "end");
  return out;
}
const char* texts() {
  snprintf(out, 1024, "%s|%10s|%-10s|%.2s|%*.*s|%ls|%c|%p|%p", "ab", "cd", "ef", "ghij", 8, 3, "klmnop",
           L"w\u00e4", 'z', (void*)0x1234, (void*)0);
  return out;
}
const char* many() {
  through_list("%d %d %d %d %d %d %d %d %d %d %f %f %f %f %f %f %f %f %f %f %Lf %s", 1, 2, 3, 4, 5, 6, 7, 8, 9,
               10, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5L, "end");
  return out;
}
int bad() { return snprintf(out, 1024, "%s", (char*)0x10); }
int cut() { return snprintf(out, 4, "%d", 123456); }
)");
  char want[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
  std::snprintf(want, sizeof(want),
                "%d %5d|%-5d|%05d %+d % d %i %u %o %#o %x %#X %hhd %hd %ld %lld %zu %jd %td %c%%",
                -3, 42, 42, 42, 7, 7, -9, 4000000000U, 8, 8, 255, 255, 300, 70000, -5L, 1LL << 40,
                std::size_t{9}, std::intmax_t{-1}, std::ptrdiff_t{-2}, 'x');
  EXPECT_EQ(program->text("integers"), want);
  std::snprintf(want, sizeof(want), "%f %.2f %10.3f|%-10.1f|%e %E %g %G %a %Lf %.3Le %*.*f %s", 1.5,
                2.345, 3.14159, 2.5, 12345.678, 0.00012, 1e-7, 1e20, 1.0, 1.25L, 1234.5L, 9, 2,
                2.71828, "end");
#pragma GCC diagnostic pop
  EXPECT_EQ(program->text("reals"), want);
  EXPECT_EQ(program->text("texts"), "ab|        cd|ef        |gh|     klm|w\xc3\xa4|z|0x1234|0x0");
  EXPECT_EQ(program->text("many"),
            "1 2 3 4 5 6 7 8 9 10 0.500000 1.500000 2.500000 3.500000 4.500000 5.500000 6.500000 "
            "7.500000 8.500000 9.500000 10.500000 end");
  EXPECT_EQ(program->number("cut"), 6);
  const auto bad = program->call("bad");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, GuestFault::Kind::kArgument);
}

TEST(GuestText, ConvertsUtf8) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
struct State { unsigned char seq[4]; unsigned char rest[4]; };
size_t mbrtowc(wchar*, const char*, size_t, State*);
size_t wcrtomb(char*, wchar, State*);
size_t mbstowcs(wchar*, const char*, size_t);
size_t wcstombs(char*, const wchar*, size_t);
size_t mbsnrtowcs(wchar*, const char**, size_t, size_t, State*);
size_t wcsnrtombs(char*, const wchar**, size_t, size_t, State*);
size_t wcslen(const wchar*);
wchar* wcscpy(wchar*, const wchar*);
int wcscmp(const wchar*, const wchar*);
long wcstol(const wchar*, wchar**, int);
double wcstod(const wchar*, wchar**);
int swprintf(wchar*, size_t, const wchar*, ...);
int iswalpha(unsigned); unsigned towupper(unsigned); unsigned long wctype(const char*); int iswctype(unsigned, unsigned long);
int* __errno();
static wchar wide[64];
static char narrow[64];
long whole() { return (long)mbstowcs(wide, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", 64); }
wchar at(int i) { return wide[i]; }
const char* back() { wcstombs(narrow, wide, 64); return narrow; }
long pieces() {
  State state = {}; wchar out = 0;
  if (mbrtowc(&out, "\xe2", 1, &state) != (size_t)-2) return 1;
  if (mbrtowc(&out, "\x82", 1, &state) != (size_t)-2) return 2;
  if (mbrtowc(&out, "\xac", 1, &state) != 1) return 3;
  return out;
}
long wrong() {
  State state = {}; wchar out = 0;
  *__errno() = 0;
  if (mbrtowc(&out, "\xff", 1, &state) != (size_t)-1) return 1;
  if (mbrtowc(&out, "\xc0\x80", 2, &state) != (size_t)-1) return 2;   // too long a form
  if (mbrtowc(&out, "\xed\xa0\x80", 3, &state) != (size_t)-1) return 3;  // a surrogate
  return *__errno();
}
long limited() {
  const char* from = "abcdef"; State state = {};
  long n = (long)mbsnrtowcs(wide, &from, 4, 3, &state);
  return n * 100 + *from;
}
long limited_back() {
  const wchar* from = (const wchar*)L"\u00e4\u00e4\u00e4";
  long n = (long)wcsnrtombs(narrow, &from, 3, 5, 0);
  return n * 1000 + *from;
}
long number() { wchar* end; long v = wcstol((const wchar*)L"  -123xyz", &end, 10); return v * 1000 + *end; }
double real() { return wcstod((const wchar*)L"2.5e3", 0); }
long print() { return swprintf(wide, 64, (const wchar*)L"%d-%ls-%s", 5, L"w\u00e4", "n"); }
long print_short() { return swprintf(wide, 3, (const wchar*)L"%d", 12345); }
long classes() {
  return iswalpha(0xe4) + 10 * (towupper(0xe4) == 0xc4) + 100 * (iswctype('5', wctype("digit")) != 0) +
         1000 * iswalpha('1') + 10000 * (int)wctype("none");
}
long forged() { State state = {{0xff, 0xff, 0xff, 0xff}}; wchar out; return (long)mbrtowc(&out, "a", 1, &state); }
long bad() { return (long)wcslen((const wchar*)0x10); }
long overrun() { return (long)wcscpy((wchar*)0x20, wide); }
)");
  EXPECT_EQ(program->number("whole"), 5);
  EXPECT_EQ(program->number("at", {1}), 0xe4);
  EXPECT_EQ(program->number("at", {2}), 0x20ac);
  EXPECT_EQ(program->number("at", {3}), 0x1f600);
  EXPECT_EQ(program->text("back"), "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
  EXPECT_EQ(program->number("pieces"), 0x20ac);
  EXPECT_EQ(program->number("wrong"), EILSEQ);
  EXPECT_EQ(program->number("limited"), 300 + 'd');
  EXPECT_EQ(program->number("limited_back"), 4000 + 0xe4);
  EXPECT_EQ(program->number("number"), -123 * 1000 + 'x');
  EXPECT_EQ(program->real("real"), 2500);
  EXPECT_EQ(program->number("print"), 6);
  EXPECT_EQ(program->number("at", {3}), 0xe4);
  EXPECT_EQ(program->number("print_short"), -1);
  EXPECT_EQ(program->number("classes"), 111);
  EXPECT_EQ(program->number("forged"), -1);
  EXPECT_EQ(program->call("bad").error().kind, GuestFault::Kind::kArgument);
  EXPECT_EQ(program->call("overrun").error().kind, GuestFault::Kind::kMemory);
}

TEST(GuestText, CountsInQuads) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
long double strtold(const char*, char**);
long double sinl(long double); long double sqrtl(long double); long double powl(long double, long double);
long double frexpl(long double, int*); long double modfl(long double, long double*); long double fmodl(long double, long double);
double nexttoward(double, long double);
int snprintf(char*, size_t, const char*, ...);
struct D { int q, r; }; struct L { long q, r; };
D div(int, int); L ldiv(long, long);
static char out[256];
// The bits of a quad, upper half or lower.
static unsigned long bits(long double v, int high) { union { long double v; unsigned long w[2]; } u; u.v = v; return u.w[high]; }
static long same(long double a, long double b) { return bits(a, 0) == bits(b, 0) && bits(a, 1) == bits(b, 1); }
unsigned long third(int high) { return bits(strtold("0.333333333333333333333333333333333333333333", 0), high); }
unsigned long root(int high) { return bits(sqrtl(2), high); }
unsigned long sine(int high) { return bits(sinl(1), high); }
unsigned long power(int high) { return bits(powl(10, 30), high); }
long parts() { int e = 0; long double whole = 0; long double f = frexpl(12.0L, &e); long double m = modfl(3.25L, &whole);
  return same(f, 0.75L) + 10 * e + 1000 * same(whole, 3.0L) + 10000 * same(m, 0.25L) + 100000 * same(fmodl(7, 4), 3.0L); }
long toward() { return nexttoward(1.0, 2.0L) > 1.0; }
long division() { D d = div(-7, 2); L l = ldiv(1L << 40, 1000); return d.q * 10 + d.r + (l.q - 1099511627) * 1000 + (l.r - 776) * 7; }
long by_zero(int n) { D d = div(7, n); return d.q * 100 + d.r; }
long smallest() { L l = ldiv(1L << 63, -1); return l.r; }
const char* shown() { snprintf(out, 256, "%.20Lf", strtold("1.5", 0)); return out; }
)");
  const auto check = [&](const char* name, _Float128 want) {
    std::uint64_t words[2];
    std::memcpy(words, &want, 16);
    EXPECT_EQ(static_cast<std::uint64_t>(program->number(name, {0})), words[0]) << name;
    EXPECT_EQ(static_cast<std::uint64_t>(program->number(name, {1})), words[1]) << name;
  };
  check("third", strtof128("0.333333333333333333333333333333333333333333", nullptr));
  check("root", sqrtf128(2));
  check("sine", sinf128(1));
  check("power", powf128(10, 30));
  EXPECT_EQ(program->number("parts"), 1 + 10 * 4 + 1000 + 10000 + 100000);
  EXPECT_EQ(program->number("toward"), 1);
  EXPECT_EQ(program->number("division"), -31);
  EXPECT_EQ(program->number("by_zero", {0}), 7);
  EXPECT_EQ(program->number("smallest"), 0);
  EXPECT_EQ(program->text("shown"), "1.50000000000000000000");
}

TEST(GuestText, KnowsItsLocale) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
struct lconv { char* texts[10]; char numbers[14]; };
lconv* localeconv();
char* setlocale(int, const char*);
char* nl_langinfo(int);
size_t strxfrm(char*, const char*, size_t);
const char* point() { return localeconv()->texts[0]; }
const char* grouping() { return localeconv()->texts[2]; }
int digits() { return localeconv()->numbers[1]; }
const char* now() { return setlocale(6, 0); }
long other() { return setlocale(6, "xx_YY") == 0; }
const char* codeset() { return nl_langinfo(1); }
const char* monday() { return nl_langinfo(9); }
const char* march() { return nl_langinfo(24); }
const char* radix() { return nl_langinfo(51); }
const char* no_item() { return nl_langinfo(4711); }
)");
  EXPECT_EQ(program->text("point"), ".");
  EXPECT_EQ(program->text("grouping"), "");
  EXPECT_EQ(program->number("digits"), 255);
  EXPECT_EQ(program->text("now"), "C.UTF-8");
  EXPECT_EQ(program->number("other"), 1);
  EXPECT_EQ(program->text("codeset"), "UTF-8");
  EXPECT_EQ(program->text("monday"), "Monday");
  EXPECT_EQ(program->text("march"), "March");
  EXPECT_EQ(program->text("radix"), ".");
  EXPECT_EQ(program->text("no_item"), "");
}

}  // namespace
}  // namespace dl::guest
