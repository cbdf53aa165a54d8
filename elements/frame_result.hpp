// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include "engine/results/formats.hpp"

namespace rcnn::elements {

/// What a buffer's RcnnDetectionsMeta says, in pixels of its frame, with the buffer's time in the stream as
/// players count it; `file` and `frame` are left to the caller. Without a meta, no objects and a size of 0.
/// Objects have their own labels, since two detectors in a chain number their classes alike.
/// What classifiers said of the objects and of the frame is there, too: neuron-classify's
/// RcnnClassificationsMeta, and what others wrote into the GstVideoRegionOfInterestMetas (structures
/// "classification"), unless an element in between dropped it.
///   pad  the one that the buffer passes: its segment tells the time
/// Thread safety: reentrant; nobody may change the buffer's metas meanwhile.
engine::FrameResult frame_result(GstPad* pad, GstBuffer* buffer);

}  // namespace rcnn::elements
