// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include <atomic>
#include <memory>

#include "elements/gst_support.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/video_frame.hpp"
#include "pipeline/stage_graph.hpp"

namespace rcnn::elements {

/// A serialized event in its place between the frames. Owns it. Thread safety: thread-bound.
class EventPayload final : public pipeline::Payload {
 public:
  explicit EventPayload(EventPtr event) : event_(std::move(event)) {}
  EventPtr take() { return std::move(event_); }

 private:
  EventPtr event_;
};

/// A video buffer on its way through one element. Counts as work of the element while it lives.
///
/// Thread safety: thread-bound, as payloads are handed from thread to thread; `overlay` may change meanwhile.
class BufferPayload final : public pipeline::Payload {
 public:
  /// `overlay` is given by the last stage only: there, results are attached and, while it is true, drawn.
  BufferPayload(BufferPtr buffer, const GstVideoInfo& info, FrameRide ride,
                std::shared_ptr<const std::atomic<bool>> overlay);
  ~BufferPayload() override;

  /// Maps the buffer to be read. \throws engine::Error as MappedVideo, ShapeError as view_of()
  std::optional<engine::ImageView> pixels() override;
  void finish(const pipeline::Frame& frame) override;

  /// Ends the mapping that pixels() began. Once: the buffer is gone then.
  BufferPtr take();
  const FrameRide& ride() const { return ride_; }

 private:
  BufferPtr buffer_;
  GstVideoInfo info_;
  FrameRide ride_;
  std::shared_ptr<const std::atomic<bool>> overlay_;
  std::unique_ptr<MappedVideo> mapped_;
};

}  // namespace rcnn::elements
