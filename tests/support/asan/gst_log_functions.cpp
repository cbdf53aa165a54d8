// SPDX-License-Identifier: MIT
// GStreamer's lists of log functions, for LeakSanitizer. Whoever adds or removes one makes a new list; the
// old one is kept for threads that may be logging, pointed to by nothing: a leak by the letter, as
// glib_quarks.cpp says of GLib's and for the same reason not to be suppressed by its stack. Linked into a
// test program, these stand before GStreamer's own functions and find the list while GStreamer still points
// to it.
#include <dlfcn.h>
#include <gst/gst.h>
#include <sanitizer/lsan_interface.h>

#include "tests/support/asan/library_memory.hpp"

namespace {

using rcnn::tests::is_object;

/// A node of the list has an entry, which is a function, what it is given, and how that is freed.
bool is_node(const void* pointer) {
  return is_object(pointer, sizeof(GSList)) &&
         is_object(static_cast<const GSList*>(pointer)->data, 3 * sizeof(void*));
}

void ignore_list() {
  rcnn::tests::LibraryMemory::for_each_pointer(
      reinterpret_cast<void*>(&gst_debug_log_default), [](void* pointer) {
        for (auto* node = static_cast<GSList*>(pointer); is_node(node); node = node->next)
          __lsan_ignore_object(node);
      });
}

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
