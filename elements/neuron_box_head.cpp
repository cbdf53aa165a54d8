// SPDX-License-Identifier: MIT
// neuron-box-head: stage 5 of 6. Classifies and refines the proposals on a NeuronCore.
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstNeuronBoxHead {
  GstRcnnStage parent;
};
struct GstNeuronBoxHeadClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstNeuronBoxHead, gst_neuron_box_head, gst_rcnn_stage_get_type())

static void gst_neuron_box_head_init(GstNeuronBoxHead*) {}

static void gst_neuron_box_head_class_init(GstNeuronBoxHeadClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kBoxHead, .last = rcnn::pipeline::StageId::kBoxHead},
      "R-CNN box head", "Runs the box head and predictor on a NeuronCore (stage 5 of 6)");
}
