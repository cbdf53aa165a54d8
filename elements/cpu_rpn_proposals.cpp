// SPDX-License-Identifier: MIT
// cpu-rpn-proposals: stage 3 of 6. Turns RPN outputs into region proposals, on the host.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstCpuRpnProposals {
  GstRcnnStage parent;
};
struct GstCpuRpnProposalsClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstCpuRpnProposals, gst_cpu_rpn_proposals, gst_rcnn_stage_get_type())

static void gst_cpu_rpn_proposals_init(GstCpuRpnProposals*) {}

static void gst_cpu_rpn_proposals_class_init(GstCpuRpnProposalsClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kProposals, .last = rcnn::pipeline::StageId::kProposals},
      "R-CNN proposals",
      "Decodes, clips and suppresses RPN outputs to up to 1000 proposals, on the host (stage 3 of 6)");
}
