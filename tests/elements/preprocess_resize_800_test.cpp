// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using PreprocessResize800 = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(PreprocessResize800, MakesTheNetworksInputAndLeavesThePictureAlone) {
  const BufferPtr out = after("preprocess-resize-800" + tests::with_model());
  const FrameRide* ride = frame_ride(out.get());
  ASSERT_NE(ride, nullptr);
  EXPECT_EQ(ride->frame->claimed(), 1);
  EXPECT_EQ(ride->frame->image_size, (engine::Size{96, 64}));
  ASSERT_TRUE(ride->frame->image);
  EXPECT_EQ(ride->frame->image->at(0).shape(), (engine::Shape{1, 3, 128, 160}));
  const BufferPtr in = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  GstMapInfo map;
  ASSERT_TRUE(gst_buffer_map(in.get(), &map, GST_MAP_READ));
  EXPECT_EQ(gst_buffer_memcmp(out.get(), 0, map.data, map.size), 0);
  gst_buffer_unmap(in.get(), &map);
}

TEST_F(PreprocessResize800, MarksItsCaps) {
  tests::Harness harness("preprocess-resize-800" + tests::with_model());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  harness.pull();
  const CapsPtr caps(gst_pad_get_current_caps(harness.get()->sinkpad));
  const CapsPtr expected(gst_caps_from_string(tests::caps_of(96, 64, "BGR", "meta:RcnnImage").c_str()));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), expected.get())) << TextPtr(gst_caps_to_string(caps.get())).get();
}

}  // namespace
}  // namespace rcnn::elements
