// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>

namespace rcnn::elements {

/// Looks once, at the next buffer, on each raw-video source pad downstream of `source` whether the detections
/// are still on it; posts one warning of `element` that names the first element whose output lacks them
/// (videoflip, videocrop, compositor and the like drop them). What detection-crop makes of frames is left
/// out, and what comes behind an element that merges streams (funnel, input-selector, concat), for other
/// streams' frames have none. Pads that never see a buffer keep an idle probe until they are gone.
///
/// Begin it once a first buffer was pushed, end it before one without detections is: that one, and those
/// that still lie in a queue, would put the blame on whoever hands them on.
///
/// Thread safety: reentrant; the probes run on the downstream streaming threads, and may outlive it.
class DetectionsWatch {
 public:
  DetectionsWatch(GstElement* element, GstPad* source);
  /// Ends it: what comes past its probes from now on is not judged.
  ~DetectionsWatch();
  DetectionsWatch(const DetectionsWatch&) = delete;
  DetectionsWatch& operator=(const DetectionsWatch&) = delete;

 private:
  const std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace rcnn::elements
