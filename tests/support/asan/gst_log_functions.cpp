// SPDX-License-Identifier: MIT
// GStreamer's lists of log functions, for LeakSanitizer. Whoever adds or removes one makes a new list; the
// old one is kept for threads that may be logging, pointed to by nothing: a leak by the letter, as
// glib_quarks.cpp says of GLib's and for the same reason not to be suppressed by its stack. Linked into a
// test program, these stand before GStreamer's own functions and find the list while GStreamer still points
// to it.
#include <dlfcn.h>
#include <gst/gst.h>
#include <link.h>
#include <sanitizer/lsan_interface.h>

#include <cstdint>
#include <cstring>

extern "C" {                                         // Of the runtime; GCC does not install their header.
int __sanitizer_get_ownership(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
std::size_t __sanitizer_get_allocated_size(const void* pointer);  // NOLINT(bugprone-reserved-identifier)
}

namespace {

bool is_object(const void* pointer, std::size_t bytes) {
  return __sanitizer_get_ownership(pointer) != 0 && __sanitizer_get_allocated_size(pointer) == bytes;
}

/// A node of the list has an entry, which is a function, what it is given, and how that is freed.
bool is_node(const void* pointer) {
  if (!is_object(pointer, sizeof(GSList))) return false;
  const void* entry = static_cast<const GSList*>(pointer)->data;
  return is_object(entry, 3 * sizeof(void*));
}

/// Ignores lists of entries that the writable memory of the library around `inside` points to.
int ignore_lists(dl_phdr_info* library, std::size_t, void* inside) {
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
      for (auto* node = static_cast<GSList*>(pointer); is_node(node); node = node->next)
        __lsan_ignore_object(node);
    }
  }
  return found ? 1 : 0;
}

void ignore_list() { dl_iterate_phdr(ignore_lists, reinterpret_cast<void*>(&gst_debug_log_default)); }

template <typename Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// Macros of these names tell the functions which log function is the default one.
#undef gst_debug_add_log_function
#undef gst_debug_remove_log_function

extern "C" {

void gst_debug_add_log_function(GstLogFunction function, gpointer data, GDestroyNotify notify) {
  ignore_list();
  original<void(GstLogFunction, gpointer, GDestroyNotify)>("gst_debug_add_log_function")(function, data,
                                                                                         notify);
}

guint gst_debug_remove_log_function(GstLogFunction function) {
  ignore_list();
  return original<guint(GstLogFunction)>("gst_debug_remove_log_function")(function);
}

}  // extern "C"
