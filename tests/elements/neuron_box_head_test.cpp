// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using NeuronBoxHead = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(NeuronBoxHead, ScoresEveryProposalAndLetsThePooledFeaturesGo) {
  const BufferPtr out = after("preprocess-resize-800" + tests::with_model() +
                              " ! neuron-backbone-rpn ! cpu-rpn-proposals ! roi-align ! neuron-box-head");
  const pipeline::Frame& frame = *frame_ride(out.get())->frame;
  EXPECT_EQ(frame.claimed(), 5);
  ASSERT_TRUE(frame.box_outputs);
  EXPECT_EQ(frame.box_outputs->at(0).shape().at(1), 3 + 1) << "three classes and background";
  EXPECT_EQ(frame.box_outputs->at(1).shape().at(1), 4 * 3);
  EXPECT_FALSE(frame.pooled);
}

}  // namespace
}  // namespace rcnn::elements
