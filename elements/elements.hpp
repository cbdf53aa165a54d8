// SPDX-License-Identifier: MIT
#pragma once

#include <glib-object.h>

// The element types, one file each. GType names follow factory names, since link errors print them.
// Thread safety: thread-safe; the first call registers the type.
GType gst_preprocess_resize_800_get_type();
GType gst_neuron_backbone_rpn_get_type();
GType gst_cpu_rpn_proposals_get_type();
GType gst_roi_align_get_type();
GType gst_neuron_box_head_get_type();
GType gst_postprocess_overlay_get_type();
GType gst_neuronrcnn_get_type();
GType gst_neuron_classify_get_type();
GType gst_detections_json_get_type();
GType gst_detection_crop_get_type();
