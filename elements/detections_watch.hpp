// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

namespace rcnn::elements {

/// Looks once, at the next buffer, on each raw-video source pad downstream of `source` whether the detections
/// are still on it; posts one warning of `element` that names the first element whose output lacks them
/// (videoflip, videocrop, compositor and the like drop them). What detection-crop makes of frames is left
/// out. Call it after a first buffer with detections was pushed. Pads that never see a buffer keep an idle
/// probe until they are gone.
///
/// Thread safety: reentrant; the probes run on the downstream streaming threads.
void watch_detections(GstElement* element, GstPad* source);

}  // namespace rcnn::elements
