// SPDX-License-Identifier: MIT
// GLib's first table of quarks, for LeakSanitizer. The library allocates it while it is being loaded, later
// replaces it by a larger one and keeps it for readers without a lock, pointed to by nothing: a leak by the
// letter. To suppress it by its stack, every allocation's whole stack would have to be unwound, since GLib
// has no frame pointers, and the tests would take three times as long. Linked into a test program, this finds
// the table while GLib still points to it.
#include <glib.h>
#include <link.h>
#include <sanitizer/lsan_interface.h>

#include <cstdint>
#include <cstring>

extern "C" {                                         // Of the runtime; GCC does not install their header.
int __sanitizer_get_ownership(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
std::size_t __sanitizer_get_allocated_size(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
}

namespace {

constexpr std::size_t kTableBytes = 2048 * sizeof(char*);  // GLib allocates quarks in blocks of 2048.

/// Ignores tables that the writable memory of the library around `inside` points to.
int ignore_tables(dl_phdr_info* library, std::size_t, void* inside) {
  const auto address = reinterpret_cast<std::uintptr_t>(inside);
  bool found = false;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& part = library->dlpi_phdr[i];
    const auto begin = library->dlpi_addr + part.p_vaddr;
    found = found || (part.p_type == PT_LOAD && address >= begin && address < begin + part.p_memsz);
  }
  for (int i = 0; found && i < library->dlpi_phnum; ++i) {
    const auto& part = library->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    const auto begin = (library->dlpi_addr + part.p_vaddr + sizeof(void*) - 1) & ~(sizeof(void*) - 1);
    const auto end = library->dlpi_addr + part.p_vaddr + part.p_memsz;
    for (auto at = begin; at + sizeof(void*) <= end; at += sizeof(void*)) {
      void* pointer = nullptr;
      std::memcpy(&pointer, reinterpret_cast<const void*>(at), sizeof(pointer));
      if (__sanitizer_get_ownership(pointer) != 0 && __sanitizer_get_allocated_size(pointer) == kTableBytes) {
        __lsan_ignore_object(pointer);
      }
    }
  }
  return found ? 1 : 0;
}

[[gnu::constructor]] void ignore_first_quarks() {
  dl_iterate_phdr(ignore_tables, reinterpret_cast<void*>(&g_quark_from_string));
}

}  // namespace
