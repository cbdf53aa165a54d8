// SPDX-License-Identifier: MIT
// postprocess-overlay: stage 6 of 6, the exit. Attaches the detections (elements/rcnn_meta.h) and draws them;
// gives the frame's slot back.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstPostprocessOverlay {
  GstRcnnStage parent;
};
struct GstPostprocessOverlayClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstPostprocessOverlay, gst_postprocess_overlay, gst_rcnn_stage_get_type())

static void gst_postprocess_overlay_init(GstPostprocessOverlay*) {}

static void gst_postprocess_overlay_class_init(GstPostprocessOverlayClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kPostprocess, .last = rcnn::pipeline::StageId::kPostprocess},
      "R-CNN postprocessing and overlay",
      "Finds the detections, attaches them as metas and draws them, on the host (stage 6 of 6)");
}
