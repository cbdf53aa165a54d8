// SPDX-License-Identifier: MIT
#include "elements/payloads.hpp"

#include "elements/painter.hpp"

namespace rcnn::elements {

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
    paint_into(video.frame(),
               [&](const PaintTarget& target) { paint_detections(target, frame.detections, names); });
  }
  attach_detections(buffer_.get(), frame.detections, names, info_.width, info_.height);
}

BufferPtr BufferPayload::take() {
  mapped_.reset();
  return std::move(buffer_);
}

}  // namespace rcnn::elements
