// SPDX-License-Identifier: MIT
// GStreamer's own tracers on the elements: what they are measured by, and what they may not leave behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/launch/launch_support.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Outcome play(const std::string& tracer, const std::string& source) {
  const std::string model = " model=" + tests::tiny_model().string() + " ";
  return run_shell(
      "GST_PLUGIN_PATH=" + tests::built_file("elements") + " GST_DEBUG_NO_COLOR=1 GST_DEBUG=GST_TRACER:7 " +
      "GST_TRACERS='" + tracer + "' gst-launch-1.0 -q " + source +
      " ! video/x-raw,format=BGR,width=96,height=64 ! preprocess-resize-800 max-in-flight=2" + model +
      "! neuron-backbone-rpn ! cpu-rpn-proposals ! roi-align ! neuron-box-head ! postprocess-overlay ! "
      "neuronrcnn inference-interval=2 drop-policy=oldest" +
      model + "! detection-crop ! fakesink sync=false");
}

TEST(Tracers, LeaksFindsNothingLeftBehind) {
  const auto outcome = play("leaks", "videotestsrc num-buffers=30");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("object-alive")) << "the tracer declares what it will say";
  EXPECT_THAT(outcome.err, Not(HasSubstr("object-alive, type-name=(string)Gst")));
}

TEST(Tracers, LatencyMeasuresThroughThePipelineAndEachElement) {
  const auto outcome = play("latency(flags=pipeline+element)", "videotestsrc num-buffers=10");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* element :
       {"preprocessresize800-0", "neuronbackbonerpn0", "roialign0", "postprocessoverlay0", "neuronrcnn0"}) {
    EXPECT_THAT(outcome.err, HasSubstr(element));
  }
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("element-latency, "), HasSubstr("sink-element=(string)fakesink0")));
}

}  // namespace
}  // namespace rcnn::launch
