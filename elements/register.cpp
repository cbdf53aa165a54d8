// SPDX-License-Identifier: MIT
#include "elements/register.hpp"

#include "elements/elements.hpp"

namespace rcnn::elements {

bool register_elements(GstPlugin* plugin) {
  struct Element {
    const char* factory;
    GType type;
  };
  const Element all[] = {
      {"preprocess-resize-800", gst_preprocess_resize_800_get_type()},
      {"neuron-backbone-rpn", gst_neuron_backbone_rpn_get_type()},
      {"cpu-rpn-proposals", gst_cpu_rpn_proposals_get_type()},
      {"roi-align", gst_roi_align_get_type()},
      {"neuron-box-head", gst_neuron_box_head_get_type()},
      {"postprocess-overlay", gst_postprocess_overlay_get_type()},
      {"neuronrcnn", gst_neuronrcnn_get_type()},
      {"neuron-classify", gst_neuron_classify_get_type()},
      {"detections-json", gst_detections_json_get_type()},
      {"detection-crop", gst_detection_crop_get_type()},
  };
  for (const Element& element : all) {
    if (!gst_element_register(plugin, element.factory, GST_RANK_NONE, element.type)) {
      return false;
    }
  }
  return true;
}

void register_static_plugin() {
  static const bool done = [] {
    return gst_plugin_register_static(
               GST_VERSION_MAJOR, GST_VERSION_MINOR, "neuronrcnn", "Detectron2 R-CNNs on NeuronCores",
               [](GstPlugin* plugin) -> gboolean { return register_elements(plugin); }, RCNN_VERSION,
               "MIT/X11", "gst-neuron-rcnn", "gst-neuron-rcnn", "gst-neuron-rcnn") != FALSE;
  }();
  if (!done) {
    g_warning("GStreamer refused the neuronrcnn elements");
  }
}

}  // namespace rcnn::elements
