// SPDX-License-Identifier: MIT
#include "elements/payloads.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using Payloads = tests::GstTest;

GstVideoInfo info_of(int width, int height, GstVideoFormat format) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, static_cast<guint>(width), static_cast<guint>(height));
  return info;
}

std::vector<guint8> bytes_of(GstBuffer* buffer) {
  std::vector<guint8> bytes(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
  return bytes;
}

FrameRide ride() { return {.frame = nullptr, .working = std::make_shared<std::atomic<int>>(0)}; }

TEST_F(Payloads, CountsAsWorkWhileItLives) {
  const FrameRide shared = ride();
  {
    const BufferPayload one(BufferPtr(gst_buffer_new()), info_of(8, 8, GST_VIDEO_FORMAT_RGB), shared,
                            nullptr);
    const BufferPayload two(BufferPtr(gst_buffer_new()), info_of(8, 8, GST_VIDEO_FORMAT_RGB), shared,
                            nullptr);
    EXPECT_EQ(*shared.working, 2);
  }
  EXPECT_EQ(*shared.working, 0);
}

TEST_F(Payloads, GivesTheBufferBackUnmapped) {
  BufferPayload payload(tests::picture(64, 48, GST_VIDEO_FORMAT_RGB), info_of(64, 48, GST_VIDEO_FORMAT_RGB),
                        ride(), nullptr);
  ASSERT_TRUE(payload.pixels().has_value());
  const BufferPtr buffer = payload.take();
  GstMapInfo map;
  EXPECT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_WRITE)) << "a read mapping would be in the way";
  gst_buffer_unmap(buffer.get(), &map);
}

class PayloadResults : public Payloads {
 protected:
  pipeline::Frame frame_;
  const BufferPtr original_ = tests::picture(160, 128, GST_VIDEO_FORMAT_RGBx);
  const std::shared_ptr<std::atomic<bool>> overlay_ = std::make_shared<std::atomic<bool>>(true);

  void SetUp() override {
    frame_.session = pipeline::Session::create({.model = tests::tiny_model(), .cores = ""});
    frame_.detections = {{.box = {10, 10, 100, 90}, .score = 0.9f, .label = 1}};
  }
  BufferPtr finished(std::shared_ptr<const std::atomic<bool>> overlay) {
    BufferPayload payload(BufferPtr(gst_buffer_copy(original_.get())),
                          info_of(160, 128, GST_VIDEO_FORMAT_RGBx), ride(), std::move(overlay));
    payload.pixels();
    payload.finish(frame_);
    return payload.take();
  }
};

TEST_F(PayloadResults, DrawsAndAttachesWithoutTouchingSharedMemory) {
  const auto before = bytes_of(original_.get());
  const BufferPtr out = finished(overlay_);
  EXPECT_EQ(bytes_of(original_.get()), before)
      << "the copy shares memory with the original until it is written";
  EXPECT_NE(bytes_of(out.get()), before);
  const auto* meta = rcnn_buffer_get_detections_meta(out.get());
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->count, 1u);
  EXPECT_STREQ(g_quark_to_string(meta->detections[0].label), "class 1");
}

TEST_F(PayloadResults, AttachesOnlyWhenTheOverlayIsOff) {
  *overlay_ = false;
  const BufferPtr out = finished(overlay_);
  EXPECT_EQ(bytes_of(out.get()), bytes_of(original_.get()));
  EXPECT_NE(rcnn_buffer_get_detections_meta(out.get()), nullptr);
}

TEST_F(PayloadResults, DrawsTheSameIntoRowsThatRunUpwards) {
  for (const auto format :
       {GST_VIDEO_FORMAT_RGBx, GST_VIDEO_FORMAT_BGR, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420}) {
    const auto info = info_of(160, 128, format);
    const BufferPtr plain = tests::picture(info);
    const auto drawn = [&](bool upwards) {
      BufferPayload payload(tests::laid_out(info, plain.get(), upwards), info, ride(), overlay_);
      payload.finish(frame_);
      const BufferPtr out = payload.take();
      return bytes_of(tests::laid_out(info, out.get(), false).get());
    };
    EXPECT_EQ(drawn(true), drawn(false)) << gst_video_format_to_string(format);
    EXPECT_NE(drawn(true), bytes_of(plain.get())) << gst_video_format_to_string(format);
  }
}

TEST_F(PayloadResults, DoesNeitherBeforeTheLastStage) {
  const BufferPtr out = finished(nullptr);
  EXPECT_EQ(bytes_of(out.get()), bytes_of(original_.get()));
  EXPECT_EQ(rcnn_buffer_get_detections_meta(out.get()), nullptr);
}

}  // namespace
}  // namespace rcnn::elements
