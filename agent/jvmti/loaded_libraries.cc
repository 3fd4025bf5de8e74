// SPDX-License-Identifier: Apache-2.0
// Source: Java Native Interface Specification, chapter 2, "Resolving Native Method Names".
#include "loaded_libraries.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/digest.h"

namespace dl::jvmti {
namespace {

constexpr std::size_t kMaxBuildIdBytes = 64;

// The build-id among the notes of one segment.
std::string build_id_in(ByteSpan notes) {
  constexpr std::size_t kHead = 12;
  while (notes.size() >= kHead) {
    std::array<std::uint32_t, 3> head{};  // bytes of the name, of the content; the type
    std::memcpy(head.data(), notes.data(), kHead);
    const std::uint64_t name = (std::uint64_t{head[0]} + 3) & ~std::uint64_t{3};
    const std::uint64_t content = (std::uint64_t{head[1]} + 3) & ~std::uint64_t{3};
    if (name + content > notes.size() - kHead) return {};
    const bool gnu = head[0] == 4 && std::memcmp(notes.data() + kHead, "GNU", 4) == 0;
    if (gnu && head[2] == NT_GNU_BUILD_ID && head[1] <= kMaxBuildIdBytes)
      return to_hex(notes.subspan(kHead + name, head[1]));
    notes = notes.subspan(kHead + name + content);
  }
  return {};
}

struct Search {
  std::uint64_t address = 0;
  std::optional<LoadedLibrary> found;
};

LoadedLibrary describe(const dl_phdr_info& info) {
  LoadedLibrary out;
  out.path = info.dlpi_name == nullptr ? "" : info.dlpi_name;
  out.name = out.path.substr(out.path.rfind('/') + 1);
  out.base = info.dlpi_addr;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    if (part.p_type == PT_LOAD)
      out.size = std::max<std::uint64_t>(out.size, part.p_vaddr + part.p_memsz);
    if (part.p_type == PT_NOTE && out.build_id.empty())
      out.build_id = build_id_in(ByteSpan(
          reinterpret_cast<const std::uint8_t*>(info.dlpi_addr + part.p_vaddr), part.p_memsz));
  }
  return out;
}

int look(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  auto& search = *static_cast<Search*>(data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    const std::uint64_t begin = info->dlpi_addr + part.p_vaddr;
    if (part.p_type != PT_LOAD || search.address < begin || search.address - begin >= part.p_memsz)
      continue;
    search.found = describe(*info);
    return 1;
  }
  return 0;
}

int note_path(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  if (info->dlpi_name != nullptr && info->dlpi_name[0] == '/')
    static_cast<std::vector<std::string>*>(data)->emplace_back(info->dlpi_name);
  return 0;
}

// UTF-8 as the virtual machine writes it: one unit of UTF-16 at a time.
void mangle(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      out += static_cast<char>(c);
    } else if (c == '/') {
      out += '_';
    } else if (c == '_') {
      out += "_1";
    } else if (c == ';') {
      out += "_2";
    } else if (c == '[') {
      out += "_3";
    } else {
      const auto tail = [&] { return i + 1 < text.size() ? text[++i] & 0x3fU : 0U; };
      unsigned unit = c;
      if (c >= 0xe0) {
        unit = (c & 0xfU) << 12;
        unit |= tail() << 6;
        unit |= tail();
      } else if (c >= 0xc0) {
        unit = (c & 0x1fU) << 6;
        unit |= tail();
      }
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "_0%04x", unit & 0xffffU);
      out += hex.data();
    }
  }
}

}  // namespace

std::optional<LoadedLibrary> library_at(const void* address) {
  Search search{reinterpret_cast<std::uintptr_t>(address), std::nullopt};
  ::dl_iterate_phdr(look, &search);
  return std::move(search.found);
}

std::string jni_symbol(std::string_view klass, std::string_view method,
                       std::string_view descriptor) {
  std::string out = "Java_";
  mangle(klass, out);
  out += '_';
  mangle(method, out);
  const std::size_t end = descriptor.rfind(')');
  if (end != std::string_view::npos) {
    out += "__";
    mangle(descriptor.substr(1, end - 1), out);
  }
  return out;
}

void* exported_native(std::string_view klass, std::string_view method,
                      std::string_view descriptor) {
  const std::string names[] = {jni_symbol(klass, method), jni_symbol(klass, method, descriptor)};
  std::vector<std::string> paths;
  ::dl_iterate_phdr(note_path, &paths);
  for (const std::string& path : paths) {
    void* const library = ::dlopen(path.c_str(), RTLD_NOLOAD | RTLD_NOW);
    if (library == nullptr) continue;
    void* function = nullptr;
    for (const std::string& name : names) {
      if (function == nullptr) function = ::dlsym(library, name.c_str());
    }
    ::dlclose(library);
    if (function != nullptr) return function;
  }
  return nullptr;
}

}  // namespace dl::jvmti
