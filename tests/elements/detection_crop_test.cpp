// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/rcnn_meta.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using DetectionCrop = tests::GstTest;
using tests::Harness;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

engine::Detection object(float x0, float y0, float x1, float y1, int label) {
  engine::Detection made;
  made.box = {x0, y0, x1, y1};
  made.score = 0.9F;
  made.label = label;
  return made;
}

// A frame with these objects, rows padded.
BufferPtr frame_with(const std::vector<engine::Detection>& objects, GstVideoFormat format, int number = 3) {
  BufferPtr buffer = tests::picture(kWidth, kHeight, format, number, 12);
  attach_detections(buffer.get(), objects, {"cat", "dog"}, kWidth, kHeight);
  return buffer;
}

// Width and height that the caps before the buffer said.
std::pair<int, int> size_at(Harness& harness) {
  const CapsPtr caps(gst_pad_get_current_caps(harness.get()->sinkpad));
  GstVideoInfo info;
  EXPECT_TRUE(gst_video_info_from_caps(&info, caps.get()));
  return {info.width, info.height};
}

void expect_pixels(GstBuffer* crop, GstBuffer* frame, GstVideoFormat format, int x0, int y0, int width,
                   int height) {
  GstVideoInfo whole;
  GstVideoInfo part;
  gst_video_info_set_format(&whole, format, kWidth, kHeight);
  gst_video_info_set_format(&part, format, static_cast<guint>(width), static_cast<guint>(height));
  GstVideoFrame from;
  GstVideoFrame to;
  ASSERT_TRUE(gst_video_frame_map(&from, &whole, frame, GST_MAP_READ));
  ASSERT_TRUE(gst_video_frame_map(&to, &part, crop, GST_MAP_READ));
  for (guint channel = 0; channel < 3; ++channel) {
    const int pixel = GST_VIDEO_FRAME_COMP_PSTRIDE(&to, channel);
    const auto at = [&](GstVideoFrame& picture, int x, int y) {
      return static_cast<guint8*>(GST_VIDEO_FRAME_COMP_DATA(
          &picture, channel))[y * GST_VIDEO_FRAME_COMP_STRIDE(&picture, channel) + x * pixel];
    };
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        ASSERT_EQ(at(to, x, y), at(from, x0 + x, y0 + y)) << x << ", " << y << ", channel " << channel;
      }
    }
  }
  gst_video_frame_unmap(&to);
  gst_video_frame_unmap(&from);
}

TEST_F(DetectionCrop, CutsThePixelsOfEachBoxInEveryFormat) {
  for (const auto& [name, format] :
       {std::pair{"BGR", GST_VIDEO_FORMAT_BGR}, std::pair{"RGB", GST_VIDEO_FORMAT_RGB},
        std::pair{"BGRx", GST_VIDEO_FORMAT_BGRx}, std::pair{"RGBx", GST_VIDEO_FORMAT_RGBx}}) {
    Harness harness("detection-crop");
    harness.set_caps(tests::caps_of(kWidth, kHeight, name));
    // 10.2..20.5 touches the pixels 10..20.
    const std::vector<engine::Detection> objects{object(10.2F, 5, 20.5F, 12, 1), object(-3, -3, 200, 200, 0)};
    const BufferPtr whole = frame_with(objects, format);
    ASSERT_EQ(harness.push(frame_with(objects, format)), GST_FLOW_OK);
    EXPECT_EQ(gst_harness_buffers_received(harness.get()), 2u);
    EXPECT_EQ(size_at(harness), std::make_pair(kWidth, kHeight)) << "of the last, which is the whole frame";
    const BufferPtr small = harness.pull();
    expect_pixels(small.get(), whole.get(), format, 10, 5, 11, 7);
    EXPECT_EQ(GST_BUFFER_PTS(small.get()), GST_BUFFER_PTS(whole.get()));
    EXPECT_EQ(GST_BUFFER_OFFSET(small.get()), 0u);
    const auto* named = reinterpret_cast<GstVideoRegionOfInterestMeta*>(
        gst_buffer_get_meta(small.get(), GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
    ASSERT_NE(named, nullptr);
    EXPECT_STREQ(g_quark_to_string(named->roi_type), "dog");
    EXPECT_EQ(named->w, 11u);
    const BufferPtr large = harness.pull();
    expect_pixels(large.get(), whole.get(), format, 0, 0, kWidth, kHeight);
    EXPECT_EQ(GST_BUFFER_OFFSET(large.get()), 1u);
  }
}

TEST_F(DetectionCrop, SaysTheSizeBeforeEachCrop) {
  Harness harness("detection-crop");
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  ASSERT_EQ(harness.push(frame_with({object(0, 0, 8, 4, 0)}, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  EXPECT_EQ(size_at(harness), std::make_pair(8, 4));
  ASSERT_EQ(harness.push(frame_with({object(2, 2, 5, 9, 0)}, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  EXPECT_EQ(size_at(harness), std::make_pair(3, 7));
}

TEST_F(DetectionCrop, TakesVideoWhoseCapsNameNoRate) {
  for (const char* rate : {"", ",framerate=0/1"}) {
    Harness harness("detection-crop");
    harness.set_caps(std::string("video/x-raw,format=BGR,width=96,height=64") + rate);
    ASSERT_EQ(harness.push(frame_with({object(0, 0, 8, 4, 0)}, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
    EXPECT_EQ(size_at(harness), std::make_pair(8, 4));
    const CapsPtr planar(gst_caps_from_string("video/x-raw,format=I420,width=96,height=64"));
    EXPECT_FALSE(gst_pad_peer_query_accept_caps(harness.get()->srcpad, planar.get()));
  }
}

TEST_F(DetectionCrop, HasNothingForFramesWithoutObjectsInside) {
  Harness harness("detection-crop");
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  ASSERT_EQ(harness.push(tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  ASSERT_EQ(harness.push(frame_with({}, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  ASSERT_EQ(
      harness.push(frame_with({object(-9, 3, -2, 9, 0), object(200, 3, 210, 9, 0)}, GST_VIDEO_FORMAT_BGR)),
      GST_FLOW_OK);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_eos()));
  EXPECT_EQ(harness.events(GST_EVENT_GAP), 3) << "a sink that prerolls waits for a buffer or for these";
  EXPECT_EQ(gst_harness_buffers_received(harness.get()), 0u);
}

TEST_F(DetectionCrop, RefusesAFrameThatReachesBeyondItsMemory) {
  Harness harness("detection-crop");
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  BufferPtr buffer(gst_buffer_new_allocate(nullptr, 64, nullptr));
  gsize offsets[GST_VIDEO_MAX_PLANES] = {0};
  gint strides[GST_VIDEO_MAX_PLANES] = {3 * kWidth};
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGR, kWidth,
                                 kHeight, 1, offsets, strides);
  const auto whole = object(0, 0, kWidth, kHeight, 0);
  attach_detections(buffer.get(), {&whole, 1}, {"cat"}, kWidth, kHeight);
  EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR);
  EXPECT_THAT(harness.message(GST_MESSAGE_ERROR), testing::HasSubstr("beyond its memory"));
}

TEST_F(DetectionCrop, FollowsTheDetectorInAPipeline) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=3 ! video/x-raw,format=BGR,width=96,height=64 ! neuronrcnn "
      "overlay=false" +
      tests::with_model() +
      " ! tee name=t ! queue ! fakesink name=out t. ! queue ! "
      "detection-crop ! videoconvert ! jpegenc ! fakesink name=crops");
  int objects = 0;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    objects += static_cast<int>(rcnn_buffer_get_detections_meta(buffer)->count);
  };
  std::atomic<int> crops{0};
  const ElementPtr sink = pipeline.named("crops");
  const PadPtr pad(gst_element_get_static_pad(sink.get(), "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer count) {
        ++*static_cast<std::atomic<int>*>(count);
        return GST_PAD_PROBE_OK;
      },
      &crops, nullptr);
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_THAT(outcome.warnings, testing::IsEmpty());
  EXPECT_GT(objects, 0);
  EXPECT_EQ(crops, objects);
}

}  // namespace
}  // namespace rcnn::elements
