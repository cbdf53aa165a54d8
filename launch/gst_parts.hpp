// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>

namespace rcnn::launch {

// Thread safety: thread-safe. GStreamer must be initialised where elements are made.

/// A GStreamer element that some pipeline of ours uses.
struct GstPart {
  const char* factory;
  const char* package;  ///< Debian package that brings it
  const char* purpose;
  bool needed;  ///< False: only some uses need it
};

/// What the program and the launch scripts use, beside the project's own elements.
std::span<const GstPart> gst_parts();

/// The project's own elements.
std::span<const char* const> own_elements();

struct GstUnref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <typename T>
using GstPointer = std::unique_ptr<T, GstUnref>;

/// Makes an element and puts it in the bin, which owns it.
/// \throws engine::Error naming the Debian package where the element is not installed.
GstElement* add_element(GstBin* bin, const std::string& factory);

/// Each to the next one. \throws engine::Error naming the two that do not fit.
void link_elements(std::initializer_list<GstElement*> elements);

/// On a pad that the element always has, for as long as that lives; `callback` is called on the threads that
/// pass the pad. `self` is borrowed.
void add_probe(GstElement* element, const char* pad, GstPadProbeType type, GstPadProbeCallback callback,
               gpointer self);

}  // namespace rcnn::launch
