// SPDX-License-Identifier: MIT
// neuron-backbone-rpn: stage 2 of 6. Runs the fused backbone and RPN head of the frame's model on a
// NeuronCore.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstNeuronBackboneRpn {
  GstRcnnStage parent;
};
struct GstNeuronBackboneRpnClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstNeuronBackboneRpn, gst_neuron_backbone_rpn, gst_rcnn_stage_get_type())

static void gst_neuron_backbone_rpn_init(GstNeuronBackboneRpn*) {}

static void gst_neuron_backbone_rpn_class_init(GstNeuronBackboneRpnClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kBackboneRpn, .last = rcnn::pipeline::StageId::kBackboneRpn},
      "R-CNN backbone and RPN head",
      "Runs the fused backbone, FPN and RPN head on a NeuronCore (stage 2 of 6)");
}
