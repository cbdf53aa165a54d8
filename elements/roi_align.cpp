// SPDX-License-Identifier: MIT
// roi-align: stage 4 of 6. Pools the proposals' features, on the host.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstRoiAlign {
  GstRcnnStage parent;
};
struct GstRoiAlignClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstRoiAlign, gst_roi_align, gst_rcnn_stage_get_type())

static void gst_roi_align_init(GstRoiAlign*) {}

static void gst_roi_align_class_init(GstRoiAlignClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kRoiAlign, .last = rcnn::pipeline::StageId::kRoiAlign},
      "R-CNN RoIAlign", "Pools each proposal from its FPN level (ROIAlignV2), on the host (stage 4 of 6)");
}
