// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using NeuronBackboneRpn = tests::GstTest;

// One picture through the first stages; what it carries afterwards.
BufferPtr after(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(NeuronBackboneRpn, TurnsTheImageIntoFeaturesAndRpnOutputs) {
  const BufferPtr out = after("preprocess-resize-800" + tests::with_model() + " ! neuron-backbone-rpn");
  const pipeline::Frame& frame = *frame_ride(out.get())->frame;
  EXPECT_EQ(frame.claimed(), 2);
  ASSERT_TRUE(frame.backbone);
  EXPECT_EQ(frame.backbone->size(), 15u) << "features, logits and deltas of five levels";
  EXPECT_FALSE(frame.image) << "the input is let go once the backbone has run";
}

}  // namespace
}  // namespace rcnn::elements
