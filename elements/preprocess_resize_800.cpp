// SPDX-License-Identifier: MIT
// preprocess-resize-800: stage 1 of 6, the entrance. Loads the model, bounds the frames in flight, resizes as
// Detectron2 does.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstPreprocessResize800 {
  GstRcnnStage parent;
};
struct GstPreprocessResize800Class {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstPreprocessResize800, gst_preprocess_resize_800, gst_rcnn_stage_get_type())

static void gst_preprocess_resize_800_init(GstPreprocessResize800*) {}

static void gst_preprocess_resize_800_class_init(GstPreprocessResize800Class* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kPreprocess, .last = rcnn::pipeline::StageId::kPreprocess},
      "R-CNN preprocessing",
      "Resizes and normalises video frames for a compiled Detectron2 R-CNN, on the host (stage 1 of 6)");
}
