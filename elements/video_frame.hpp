// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include <functional>

#include "elements/paint_target.hpp"
#include "engine/image/image_view.hpp"

namespace rcnn::elements {

/// A mapped frame's pixels, for reading and for drawing. What its caps say of colorimetry, chroma siting and
/// interlacing counts, GStreamer's defaults where they say nothing; colour is upsampled as videoconvert does
/// for RGB, which takes the nearest sample for progressive I420 and blends neighbours for all else. \throws
/// engine::ShapeError naming the format if video_caps() does not have it.
///
/// Borrowed: valid while the frame is mapped. Thread safety: reentrant, as all functions here.
engine::ImageView view_of(const GstVideoFrame& frame);
PaintTarget paint_target_of(const GstVideoFrame& frame);

/// Lets `paint` draw into a frame mapped to be read and written: into a copy, which is put back afterwards,
/// of one whose rows run upwards (negative strides), since a PaintTarget's do not.
/// \throws as paint_target_of(), and what `paint` throws; of such a copy nothing is put back then.
void paint_into(const GstVideoFrame& frame, const std::function<void(const PaintTarget&)>& paint);

/// Copies all rows of all planes into a frame of the same format and size.
void copy_picture(const GstVideoFrame& from, const GstVideoFrame& to);

/// Whether all rows of all planes lie in the memory that was mapped. GStreamer believes a GstVideoMeta,
/// however short the memory is that it speaks of.
bool holds_picture(const GstVideoFrame& frame);

/// A buffer's pixels, mapped as long as this lives; honours the strides and offsets of a GstVideoMeta. The
/// buffer is borrowed. Thread safety: const methods are thread-safe.
class MappedVideo {
 public:
  /// \throws engine::Error if the buffer cannot be mapped as this video.
  MappedVideo(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags);
  ~MappedVideo();
  MappedVideo(const MappedVideo&) = delete;
  MappedVideo& operator=(const MappedVideo&) = delete;

  const GstVideoFrame& frame() const { return frame_; }
  engine::ImageView view() const { return view_of(frame_); }

 private:
  GstVideoFrame frame_{};
};

}  // namespace rcnn::elements
