// SPDX-License-Identifier: MIT
// GLib's locks, and the queue that GstHarness hands buffers over with, for ThreadSanitizer. GMutex and GCond
// are futexes inside a library that is built without it, so what they order would look like a race. Linked
// into a test program, these stand in front of GLib's own (which they call) and say what each of them orders.
#include <dlfcn.h>
#include <glib.h>
#include <gst/gst.h>

extern "C" {
void __tsan_acquire(void* address);  // NOLINT(bugprone-reserved-identifier): ThreadSanitizer's own name.
void __tsan_release(void* address);  // NOLINT(bugprone-reserved-identifier)
}

namespace {

/// The library's function of the same name.
template <typename Function>
Function* behind(const char* name, Function*) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void g_mutex_lock(GMutex* mutex) {
  static const auto real = behind("g_mutex_lock", &g_mutex_lock);
  real(mutex);
  __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  static const auto real = behind("g_mutex_trylock", &g_mutex_trylock);
  const gboolean locked = real(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void g_mutex_unlock(GMutex* mutex) {
  static const auto real = behind("g_mutex_unlock", &g_mutex_unlock);
  __tsan_release(mutex);
  real(mutex);
}

void g_rec_mutex_lock(GRecMutex* mutex) {
  static const auto real = behind("g_rec_mutex_lock", &g_rec_mutex_lock);
  real(mutex);
  __tsan_acquire(mutex);
}

gboolean g_rec_mutex_trylock(GRecMutex* mutex) {
  static const auto real = behind("g_rec_mutex_trylock", &g_rec_mutex_trylock);
  const gboolean locked = real(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void g_rec_mutex_unlock(GRecMutex* mutex) {
  static const auto real = behind("g_rec_mutex_unlock", &g_rec_mutex_unlock);
  __tsan_release(mutex);
  real(mutex);
}

void g_cond_wait(GCond* condition, GMutex* mutex) {
  static const auto real = behind("g_cond_wait", &g_cond_wait);
  __tsan_release(mutex);
  real(condition, mutex);
  __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond* condition, GMutex* mutex, gint64 end_time) {
  static const auto real = behind("g_cond_wait_until", &g_cond_wait_until);
  __tsan_release(mutex);
  const gboolean signalled = real(condition, mutex, end_time);
  __tsan_acquire(mutex);
  return signalled;
}

void g_async_queue_push(GAsyncQueue* queue, gpointer data) {
  static const auto real = behind("g_async_queue_push", &g_async_queue_push);
  __tsan_release(queue);
  real(queue, data);
}

gpointer g_async_queue_try_pop(GAsyncQueue* queue) {
  static const auto real = behind("g_async_queue_try_pop", &g_async_queue_try_pop);
  const gpointer data = real(queue);
  __tsan_acquire(queue);
  return data;
}

gpointer g_async_queue_timeout_pop(GAsyncQueue* queue, guint64 timeout) {
  static const auto real = behind("g_async_queue_timeout_pop", &g_async_queue_timeout_pop);
  const gpointer data = real(queue, timeout);
  __tsan_acquire(queue);
  return data;
}

/// The last reference frees what the others have written.
void gst_mini_object_unref(GstMiniObject* object) {
  static const auto real = behind("gst_mini_object_unref", &gst_mini_object_unref);
  __tsan_release(object);
  __tsan_acquire(object);
  real(object);
}

}  // extern "C"
