// SPDX-License-Identifier: MIT
#include "elements/payloads.hpp"

#include <gst/video/gstvideometa.h>

#include "elements/painter.hpp"
#include "elements/stage_caps.hpp"

namespace rcnn::elements {

namespace {

// GStreamer believes a GstVideoMeta, however short the memory is that it speaks of.
bool holds_picture(const GstVideoFrame& frame) {
  const auto* pixels = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  const GstMapInfo& memory = frame.map[0];
  const auto rows = static_cast<std::ptrdiff_t>(GST_VIDEO_FRAME_HEIGHT(&frame));
  const auto row =
      static_cast<std::ptrdiff_t>(GST_VIDEO_FRAME_WIDTH(&frame)) * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, 0);
  return (rows - 1) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + row <=
         static_cast<std::ptrdiff_t>(memory.size) - (pixels - memory.data);
}

}  // namespace

MappedVideo::MappedVideo(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags) {
  // The caller holds the buffer already: no second reference, which would make it read-only.
  const auto no_reference =
      static_cast<GstMapFlags>(static_cast<int>(flags) | static_cast<int>(GST_VIDEO_FRAME_MAP_FLAG_NO_REF));
  const bool mapped = gst_video_frame_map(&frame_, &info, buffer, no_reference);
  const bool whole = mapped && holds_picture(frame_);
  if (mapped && !whole) {
    gst_video_frame_unmap(&frame_);
  }
  if (!whole) {
    throw engine::Error("a buffer of " + std::to_string(gst_buffer_get_size(buffer)) +
                        " bytes does not hold " + gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info)) +
                        " video of " + std::to_string(info.width) + "x" + std::to_string(info.height) + " (" +
                        std::to_string(info.size) +
                        " bytes) that can be mapped; check the caps of its source");
  }
}

MappedVideo::~MappedVideo() { gst_video_frame_unmap(&frame_); }

engine::ImageView MappedVideo::view() const {
  return {.data = data(),
          .width = GST_VIDEO_FRAME_WIDTH(&frame_),
          .height = GST_VIDEO_FRAME_HEIGHT(&frame_),
          .stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, 0),
          .format = pixel_format(GST_VIDEO_FRAME_FORMAT(&frame_))};
}

std::uint8_t* MappedVideo::data() const {
  return static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, 0));
}

BufferPayload::BufferPayload(BufferPtr buffer, const GstVideoInfo& info, FrameRide ride,
                             std::shared_ptr<const std::atomic<bool>> overlay)
    : buffer_(std::move(buffer)), info_(info), ride_(std::move(ride)), overlay_(std::move(overlay)) {
  ++*ride_.working;
}

BufferPayload::~BufferPayload() { --*ride_.working; }

std::optional<engine::ImageView> BufferPayload::pixels() {
  if (!mapped_) {
    mapped_ = std::make_unique<MappedVideo>(info_, buffer_.get(), GST_MAP_READ);
  }
  return mapped_->view();
}

void BufferPayload::finish(const pipeline::Frame& frame) {
  if (!overlay_) {
    return;
  }
  mapped_.reset();
  const auto& names = frame.session->config().class_names;
  if (*overlay_ && !frame.detections.empty()) {
    const MappedVideo video(info_, buffer_.get(), GST_MAP_READWRITE);
    const engine::ImageView view = video.view();
    paint_detections({.data = video.data(),
                      .width = view.width,
                      .height = view.height,
                      .stride = view.stride,
                      .format = view.format},
                     frame.detections, names);
  }
  attach_detections(buffer_.get(), frame.detections, names, info_.width, info_.height);
}

BufferPtr BufferPayload::take() {
  mapped_.reset();
  return std::move(buffer_);
}

}  // namespace rcnn::elements
