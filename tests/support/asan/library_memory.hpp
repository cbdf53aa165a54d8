// SPDX-License-Identifier: MIT
#pragma once

#include <link.h>

#include <cstdint>
#include <cstring>
#include <functional>

extern "C" {                                         // Of the runtime; GCC does not install their header.
int __sanitizer_get_ownership(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
std::size_t __sanitizer_get_allocated_size(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
}

namespace rcnn::tests {

/// Whether it points to an allocation of so many bytes.
inline bool is_object(const void* pointer, std::size_t bytes) {
  return __sanitizer_get_ownership(pointer) != 0 && __sanitizer_get_allocated_size(pointer) == bytes;
}

/// Hands over what may be pointers in the writable memory of the library that `inside` lies in.
class LibraryMemory {
 public:
  using Visit = std::function<void(void*)>;

  static void for_each_pointer(void* inside, const Visit& visit) {
    Search search{reinterpret_cast<std::uintptr_t>(inside), visit};
    dl_iterate_phdr(look, &search);
  }

 private:
  struct Search {
    std::uintptr_t inside;
    const Visit& visit;
  };

  static bool holds(const dl_phdr_info& library, std::uintptr_t address) {
    for (int i = 0; i < library.dlpi_phnum; ++i) {
      const auto& part = library.dlpi_phdr[i];
      const auto begin = library.dlpi_addr + part.p_vaddr;
      if (part.p_type == PT_LOAD && address >= begin && address < begin + part.p_memsz) return true;
    }
    return false;
  }

  static int look(dl_phdr_info* library, std::size_t, void* asked) {
    const auto& search = *static_cast<const Search*>(asked);
    if (!holds(*library, search.inside)) return 0;
    for (int i = 0; i < library->dlpi_phnum; ++i) {
      const auto& part = library->dlpi_phdr[i];
      if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
      const auto begin = (library->dlpi_addr + part.p_vaddr + sizeof(void*) - 1) & ~(sizeof(void*) - 1);
      const auto end = library->dlpi_addr + part.p_vaddr + part.p_memsz;
      for (auto at = begin; at + sizeof(void*) <= end; at += sizeof(void*)) {
        void* pointer = nullptr;
        std::memcpy(&pointer, reinterpret_cast<const void*>(at), sizeof(pointer));
        search.visit(pointer);
      }
    }
    return 1;
  }
};

}  // namespace rcnn::tests
