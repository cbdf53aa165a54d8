// SPDX-License-Identifier: MIT
// neuronrcnn: all six stages in one element: videoconvert ! neuronrcnn model=M.rcnn ! videoconvert
#include "elements/elements.hpp"
#include "elements/stage_element.hpp"

struct GstNeuronrcnn {
  GstRcnnStage parent;
};
struct GstNeuronrcnnClass {
  GstRcnnStageClass parent_class;
};

G_DEFINE_TYPE(GstNeuronrcnn, gst_neuronrcnn, gst_rcnn_stage_get_type())

static void gst_neuronrcnn_init(GstNeuronrcnn*) {}

static void gst_neuronrcnn_class_init(GstNeuronrcnnClass* klass) {
  rcnn::elements::describe_stage(
      &klass->parent_class,
      {.first = rcnn::pipeline::StageId::kPreprocess, .last = rcnn::pipeline::StageId::kPostprocess},
      "R-CNN object detector",
      "Detectron2 R-CNN on NeuronCores: preprocessing, backbone and RPN, proposals, RoIAlign, box head, "
      "overlay");
}
