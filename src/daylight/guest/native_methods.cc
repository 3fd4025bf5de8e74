// SPDX-License-Identifier: Apache-2.0
// Exports by their names, registered functions by their addresses.
// Source: Java Native Interface Specification, chapter 2, "Resolving Native Method Names".
#include "daylight/guest/native_methods.h"

#include "daylight/guest/jni/modified_utf8.h"

namespace dl::guest {
namespace {

// One escaped piece: '_' is '/', "_1" '_', "_2" ';', "_3" '[', "_0xxxx" a character.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '1' || next == '2' || next == '3') {
      out += next == '1' ? '_' : next == '2' ? ';' : '[';
      ++i;
    } else if (next == '0' && i + 5 < text.size()) {
      char16_t unit = 0;
      for (std::size_t k = i + 2; k < i + 6; ++k) {
        const std::size_t digit = std::string_view("0123456789abcdef").find(text[k]);
        if (digit == std::string_view::npos) return std::nullopt;
        unit = static_cast<char16_t>(unit * 16 + static_cast<char16_t>(digit));
      }
      out += to_modified_utf8(std::u16string_view(&unit, 1));
      i += 5;
    } else {
      out += '/';
    }
  }
  return out;
}

// The last '_' that stands for itself between class and method.
std::size_t last_separator(std::string_view text) {
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] != '_') continue;
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next >= '0' && next <= '3') continue;
    return i;
  }
  return std::string_view::npos;
}

// Why nobody can call what is registered there; "" if it is code of a library. Such code may have
// been made after loading: the pages decide, not the file.
std::string problem_of_place(Guest& guest, std::uint64_t address) {
  if (address == 0) return "null";
  const bool executable = (guest.arena().access_at(address) & kPageExecute) != 0;
  if (guest.loader().holding(address) == nullptr)
    return executable ? "code outside of the libraries" : "no code of a library";
  return executable ? "" : "data of a library, no code";
}

// Of exports only the parameters are known.
std::string problem_of_signature(const NativeMethod& method) {
  if (method.route == NativeMethod::Route::kExport && method.signature.empty()) return "";
  const bool whole = method.route == NativeMethod::Route::kRegistered;
  return parse_signature(method.signature + (whole ? "" : "V")) ? "" : "a signature that is none";
}

void add_problems(Guest& guest, std::uint64_t address, NativeMethod& method) {
  method.problem = problem_of_place(guest, address);
  const std::string signature = problem_of_signature(method);
  if (signature.empty()) return;
  method.problem += (method.problem.empty() ? "" : "; ") + signature;
}

}  // namespace

const char* name_of(NativeMethod::Route route) {
  return route == NativeMethod::Route::kExport ? "export" : "register-natives";
}

std::optional<JniSymbol> parse_jni_symbol(std::string_view symbol) {
  constexpr std::string_view kPrefix = "Java_";
  if (!symbol.starts_with(kPrefix)) return std::nullopt;
  symbol.remove_prefix(kPrefix.size());
  JniSymbol out;
  const std::size_t twice = symbol.find("__");
  if (twice != std::string_view::npos && twice > 0) {
    const auto parameters = unescaped(symbol.substr(twice + 2));
    if (!parameters) return std::nullopt;
    out.parameters = "(" + *parameters + ")";
    symbol = symbol.substr(0, twice);
  }
  const std::size_t split = last_separator(symbol);
  if (split == std::string_view::npos || split == 0 || split + 1 >= symbol.size())
    return std::nullopt;
  const auto owner = unescaped(symbol.substr(0, split));
  const auto name = unescaped(symbol.substr(split + 1));
  if (!owner || !name) return std::nullopt;
  out.owner = *owner;
  out.name = *name;
  return out;
}

std::vector<NativeMethod> native_methods(Guest& guest) {
  std::vector<NativeMethod> out;
  for (const GuestLibrary* const library : guest.loader().libraries()) {
    if (!guest.loader().usable(*library)) continue;
    for (const ElfSymbol& symbol : library->elf.symbols()) {
      if (!symbol.defined()) continue;
      const auto parsed = parse_jni_symbol(symbol.name);
      if (!parsed) continue;
      out.push_back({parsed->owner, parsed->name, parsed->parameters, library->name, symbol.value,
                     NativeMethod::Route::kExport});
      add_problems(guest, library->bias + symbol.value, out.back());
    }
  }
  for (const RegisteredNative& native : guest.jni().registered()) {
    const GuestLibrary* const library = guest.loader().holding(native.function);
    out.push_back({native.owner, native.name, native.signature,
                   library == nullptr ? std::string() : library->name,
                   library == nullptr ? native.function : native.function - library->bias,
                   NativeMethod::Route::kRegistered});
    add_problems(guest, native.function, out.back());
  }
  return out;
}

}  // namespace dl::guest
