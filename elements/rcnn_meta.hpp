// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/gstvideometa.h>
#include <gst/video/video.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "elements/rcnn_meta.h"
#include "engine/rcnn/box.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::elements {

// Thread safety: reentrant. Several threads may read a buffer's metas; a writable buffer is one thread's.

/// What the stages do with a frame.
enum class Passage {
  kInferred,  ///< Their work
  kCarried,   ///< Hand it on; the last one attaches the detections of the frame before (inference-interval)
  kFailed     ///< Hand it on as it is (on-error=pass)
};

/// What a buffer carries from stage to stage. Copies of a buffer (tee) share the frame.
struct FrameRide {
  std::shared_ptr<pipeline::Frame> frame;
  /// Frames of one entrance that are inside a stage now, of whatever element: at 0 a full entrance means that
  /// somebody holds frames between the stages.
  std::shared_ptr<std::atomic<int>> working;
  Passage passage = Passage::kInferred;
};

/// Puts the ride into the frame meta (no tags, survives copies only). The buffer must be writable.
void set_frame_ride(GstBuffer* buffer, FrameRide ride);
/// Null where the buffer came past no stage, or something between the stages lost the meta. Borrowed.
const FrameRide* frame_ride(GstBuffer* buffer);
/// The buffer must be writable.
void remove_frame_ride(GstBuffer* buffer);

/// Attaches what was found: one RcnnDetectionsMeta (behind the objects of a detector before, where the buffer
/// has some), and per object one GstVideoRegionOfInterestMeta whose "detection" structure has the fields that
/// DL Streamer writes. The buffer must be writable.
///
///   detections     video-frame pixels, best first; masks, where there are any, of the same frame
///   width, height  of the video frame
void attach_detections(GstBuffer* buffer, std::span<const engine::Detection> detections,
                       const std::vector<std::string>& class_names, int width, int height);

/// The region meta of an object, whose id is the object's index: described anew, or made anew, with what
/// classifiers called it, where an element between has left only half of it, or none. The buffer must be
/// writable; the region is the buffer's.
GstVideoRegionOfInterestMeta* region_of(GstBuffer* buffer, const RcnnDetectionsMeta& meta, guint index);

/// GType of RcnnDetectionsMeta's API; registers it on first use. Thread safety: thread-safe.
GType detections_meta_api();

/// Where videoscale (add-borders=true) puts the picture, from the sizes and pixel aspect ratios, in the
/// integer arithmetic of videoscale itself. 320x240 -> 640x640 (square pixels): scale 2, offset_y 80.
engine::ScaleMap videoscale_map(const GstVideoInfo& from, const GstVideoInfo& to);

}  // namespace rcnn::elements
