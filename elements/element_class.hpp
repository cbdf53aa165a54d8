// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <string>

/// What the class of every element with one sink pad and one source pad says.
namespace rcnn::elements {

/// What gst-inspect-1.0 shows of an element.
struct ElementNames {
  const char* long_name;
  const char* classification;  ///< "Filter/Metadata"
  const char* description;
};

/// Names the class and gives it its two pad templates, "sink" and "src", both always there.
/// The caps are borrowed. Thread safety: thread-bound (a class_init, which GObject runs once).
inline void describe_element(GstElementClass* klass, const ElementNames& names, GstCaps* sink,
                             GstCaps* source) {
  gst_element_class_set_static_metadata(klass, names.long_name, names.classification, names.description,
                                        "The gst-neuron-rcnn authors");
  gst_element_class_add_pad_template(klass, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink));
  gst_element_class_add_pad_template(klass, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source));
}

/// A string property's value; "" for null. Thread safety: reentrant.
inline std::string text_of(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text == nullptr ? "" : text;
}

}  // namespace rcnn::elements
