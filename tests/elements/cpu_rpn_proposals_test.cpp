// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using CpuRpnProposals = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(CpuRpnProposals, FindsProposalsInsideTheNetworksInput) {
  const BufferPtr out =
      after("preprocess-resize-800" + tests::with_model() + " ! neuron-backbone-rpn ! cpu-rpn-proposals");
  const pipeline::Frame& frame = *frame_ride(out.get())->frame;
  EXPECT_EQ(frame.claimed(), 3);
  ASSERT_FALSE(frame.proposals.empty());
  for (const auto& proposal : frame.proposals) {
    EXPECT_GE(proposal.box.x0, 0);
    EXPECT_GE(proposal.box.y0, 0);
    EXPECT_LE(proposal.box.x1, 160);
    EXPECT_LE(proposal.box.y1, 128);
  }
}

}  // namespace
}  // namespace rcnn::elements
