// SPDX-License-Identifier: MIT
// GLib's first table of quarks, for LeakSanitizer. The library allocates it while it is being loaded, later
// replaces it by a larger one and keeps it for readers without a lock, pointed to by nothing: a leak by the
// letter. To suppress it by its stack, every allocation's whole stack would have to be unwound, since GLib
// has no frame pointers, and the tests would take three times as long. Linked into a test program, this finds
// the table while GLib still points to it.
#include <glib.h>
#include <sanitizer/lsan_interface.h>

#include "tests/support/asan/library_memory.hpp"

namespace {

constexpr std::size_t kTableBytes = 2048 * sizeof(char*);  // GLib allocates quarks in blocks of 2048.

[[gnu::constructor]] void ignore_first_quarks() {
  rcnn::tests::LibraryMemory::for_each_pointer(reinterpret_cast<void*>(&g_quark_from_string),
                                               [](void* pointer) {
                                                 if (rcnn::tests::is_object(pointer, kTableBytes))
                                                   __lsan_ignore_object(pointer);
                                               });
}

}  // namespace
