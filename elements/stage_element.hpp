// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include "elements/stage_flow.hpp"

/// The common base of the stage elements: one sink pad, one source pad, one StageFlow between them. A
/// subclass says in its class_init which stages it runs (describe_stage) and adds nothing else.
///
/// Thread safety: properties and state changes on any thread, what StageFlow says for the pads.
struct GstRcnnStage {
  GstElement parent;
  struct State;  // C++ members live there: GObject zeroes memory, it runs no constructors.
  State* state;  // Owned: created in init, deleted in finalize.
};

struct GstRcnnStageClass {
  GstElementClass parent_class;
  rcnn::elements::StageSpan stages;
};

GType gst_rcnn_stage_get_type();

namespace rcnn::elements {

/// Stages, pad templates, properties, signals and the texts that gst-inspect-1.0 prints. With the first
/// stage:
///
///   model-updated (path)  a model set while playing is loaded; frames that enter from now on run on it.
///                         Emitted on a thread of the element's; leaving PAUSED waits for a load
///                         under way. One that cannot be loaded is refused with a warning, the old one
///                         stays, and `model` says so.
/// Thread safety: thread-bound (a class_init).
void describe_stage(GstRcnnStageClass* klass, StageSpan stages, const char* long_name,
                    const char* description);

/// For programs in the same process: from the next frame on, buffers leave the last stage with their
/// FrameRide, whose frame has the detail head's outputs (pipeline::Frame::keep_detail_outputs).
///   element  postprocess-overlay or neuronrcnn
/// Thread safety: thread-safe.
void keep_raw_outputs(GstElement* element);

}  // namespace rcnn::elements
