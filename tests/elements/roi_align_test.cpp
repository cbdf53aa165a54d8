// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using RoiAlign = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(RoiAlign, PoolsEveryProposalAndLetsTheFeaturesGo) {
  const BufferPtr out = after("preprocess-resize-800" + tests::with_model() +
                              " ! neuron-backbone-rpn ! cpu-rpn-proposals ! roi-align");
  const pipeline::Frame& frame = *frame_ride(out.get())->frame;
  EXPECT_EQ(frame.claimed(), 4);
  ASSERT_TRUE(frame.pooled);
  EXPECT_GE(frame.pooled->at(0).shape().at(0), static_cast<std::int64_t>(frame.proposals.size()));
  EXPECT_EQ(frame.pooled->at(0).shape().at(1), 49);
  EXPECT_FALSE(frame.backbone);
}

}  // namespace
}  // namespace rcnn::elements
