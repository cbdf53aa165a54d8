// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include "elements/gst_support.hpp"
#include "pipeline/frame.hpp"

namespace rcnn::elements {

// Thread safety: thread-safe. Caps that are returned are the caller's.

/// Caps features say how far a frame has come, so that elements in the wrong order do not link.
/// "meta:RcnnImage" after preprocess-resize-800 and so on; null before the first stage and after the last.
const char* feature_before(pipeline::StageId stage);
const char* feature_after(pipeline::StageId stage);

/// video/x-raw of the six pixel formats, any size and rate, with memory:SystemMemory and `feature` (if not
/// null).
CapsPtr video_caps(const char* feature);

/// The same of the four with whole pixels side by side, which can be cut out at any place.
CapsPtr packed_video_caps();

/// The same video with `feature` in place of whatever features `caps` has.
CapsPtr with_feature(const GstCaps* caps, const char* feature);

/// What `pad` can take or give: what the peer of `opposite` can, with the features of this side.
CapsPtr caps_of_pad(GstPad* opposite, const char* feature, const char* opposite_feature,
                    const GstCaps* filter);

/// \throws engine::ShapeError naming the format if it is not one of the six.
engine::PixelFormat pixel_format(GstVideoFormat format);

}  // namespace rcnn::elements
