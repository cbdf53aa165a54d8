// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <vector>

#include "elements/elements.hpp"
#include "elements/stage_element.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using PostprocessOverlay = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(PostprocessOverlay, AttachesDetectionsInsideThePictureBestFirst) {
  const BufferPtr out = after(tests::six());
  const auto* meta = rcnn_buffer_get_detections_meta(out.get());
  ASSERT_NE(meta, nullptr);
  ASSERT_GT(meta->count, 0u);
  for (guint i = 0; i < meta->count; ++i) {
    const RcnnDetection& found = meta->detections[i];
    EXPECT_GE(found.x0, 0);
    EXPECT_LT(found.x0, found.x1);
    EXPECT_LE(found.x1, 96);
    EXPECT_LE(found.y1, 64);
    EXPECT_GT(found.score, 0.05f);
    EXPECT_LE(found.score, i == 0 ? 1.f : meta->detections[i - 1].score);
    EXPECT_NE(gst_buffer_get_video_region_of_interest_meta_id(out.get(), static_cast<gint>(i)), nullptr);
  }
}

TEST_F(PostprocessOverlay, LetsTheFrameGo) {
  const BufferPtr out = after(tests::six());
  EXPECT_EQ(frame_ride(out.get()), nullptr);
}

// Though buffers hold their frames then, the slots return: more frames than there are slots get through.
TEST_F(PostprocessOverlay, KeepsRawOutputsForAProgramThatAsks) {
  tests::Harness harness("neuronrcnn name=all max-in-flight=1" + tests::with_model({.masks = true}));
  keep_raw_outputs(harness.named("all").get());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  std::vector<BufferPtr> held;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, i)), GST_FLOW_OK);
    held.push_back(harness.pull());
    const auto* ride = frame_ride(held.back().get());
    ASSERT_NE(ride, nullptr);
    ASSERT_FALSE(ride->frame->detections.empty());
    EXPECT_EQ(ride->frame->network_boxes.size(), ride->frame->detections.size());
    EXPECT_NE(ride->frame->detail_outputs, nullptr);
  }
}

TEST_F(PostprocessOverlay, GivesPlainVideoBack) {
  tests::Harness harness(tests::six());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  harness.pull();
  const CapsPtr caps(gst_pad_get_current_caps(harness.get()->sinkpad));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(),
                                CapsPtr(gst_caps_from_string(tests::caps_of(96, 64, "BGR").c_str())).get()));
}

}  // namespace
}  // namespace rcnn::elements
