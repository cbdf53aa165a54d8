// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "engine/errors.hpp"
#include "engine/runtime/out_of_service.hpp"

/// Where C++ meets C: owners for GStreamer's references, and the only place of elements/ that catches.
/// Thread safety: all functions are thread-safe; what `body` does is the caller's.
namespace rcnn::elements {

struct Releaser {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstEvent* event) const { gst_event_unref(event); }
  void operator()(GstQuery* query) const { gst_query_unref(query); }
  void operator()(GstPad* pad) const { gst_object_unref(pad); }
  void operator()(GstElement* element) const { gst_object_unref(element); }
  void operator()(gchar* text) const { g_free(text); }
};
using BufferPtr = std::unique_ptr<GstBuffer, Releaser>;
using CapsPtr = std::unique_ptr<GstCaps, Releaser>;
using EventPtr = std::unique_ptr<GstEvent, Releaser>;
using QueryPtr = std::unique_ptr<GstQuery, Releaser>;
using PadPtr = std::unique_ptr<GstPad, Releaser>;
using ElementPtr = std::unique_ptr<GstElement, Releaser>;
using TextPtr = std::unique_ptr<gchar, Releaser>;

/// The same contents in a buffer that nobody else holds.
inline BufferPtr writable(BufferPtr buffer) { return BufferPtr(gst_buffer_make_writable(buffer.release())); }

/// What an error says and under which GStreamer error it belongs on the bus.
struct Failure {
  std::string text;
  GQuark domain = 0;
  gint code = 0;
  bool cancelled = false;  ///< Given up on purpose: nobody is told
  bool notable = false;    ///< Told even where others are left out, not to tell too many
};

/// Sorts a stored exception, which must be one: settings -> RESOURCE/SETTINGS, model -> RESOURCE/OPEN_READ,
/// core -> RESOURCE/FAILED, the rest -> STREAM/FAILED.
inline Failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const engine::SettingError& setting) {
    return {setting.what(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS};
  } catch (const engine::ModelError& model) {
    return {model.what(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ};
  } catch (const engine::OutOfServiceError& last) {
    return {last.what(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED, false, true};
  } catch (const engine::DeviceError& device) {
    return {device.what(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
  } catch (const engine::CancelledError& given_up) {
    return {given_up.what(), GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, true};
  } catch (const std::exception& other) {
    return {other.what(), GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
  } catch (...) {
    return {"unknown failure", GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
  }
}

/// Posts `failure` on the element's bus as an error or a warning. The text is the message people see;
/// `details` goes to the debug field.
inline void post(GstElement* element, GstMessageType type, const Failure& failure,
                 const std::string& details = "") {
  gst_element_message_full(element, type, failure.domain, failure.code, g_strdup(failure.text.c_str()),
                           details.empty() ? nullptr : g_strdup(details.c_str()), __FILE__, GST_FUNCTION,
                           __LINE__);
}

/// Runs `body`; what it throws is posted as one error of the element, and `failed` is returned instead.
/// Every function that GStreamer calls and that enters C++ goes through here.
template <typename Result, typename Body>
Result guarded(gpointer element, Result failed, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    post(GST_ELEMENT_CAST(element), GST_MESSAGE_ERROR, failure_of(std::current_exception()));
    return failed;
  }
}

/// What `body` threw; null if nothing.
template <typename Body>
std::exception_ptr error_of(Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

/// guarded() for functions without a result.
template <typename Body>
void guarded_void(gpointer element, Body&& body) noexcept {
  guarded(element, false, [&] {
    std::forward<Body>(body)();
    return true;
  });
}

}  // namespace rcnn::elements
