// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "elements/elements.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::elements {
namespace {

using Neuronrcnn = tests::GstTest;

TEST_F(Neuronrcnn, TakesPlainVideoAndGivesItBackWithDetections) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=10 ! video/x-raw,width=96,height=64 ! videoconvert ! neuronrcnn" +
      tests::with_model() + " ! videoconvert ! video/x-raw,format=I420 ! fakesink name=out");
  std::atomic<int> with_detections{0};
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    with_detections += rcnn_buffer_get_detections_meta(buffer) != nullptr ? 1 : 0;
  };
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 10);
  EXPECT_EQ(with_detections, 10);
}

TEST_F(Neuronrcnn, RunsTwiceInOnePipelineOnSharedCores) {
  tests::Pipeline pipeline(
      "videotestsrc num-buffers=10 ! video/x-raw,format=RGB,width=96,height=64 ! tee name=t ! queue ! "
      "neuronrcnn" +
      tests::with_model() + " ! fakesink name=out t. ! queue ! neuronrcnn" + tests::with_model() +
      " ! fakesink");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 10);
}

TEST_F(Neuronrcnn, KeepsFramesOfAFileCountForCount) {
  const auto file = tests::shared_file("data/video/car-detection.mp4");
  RCNN_SKIP_WITHOUT(file);
  tests::Pipeline plain("filesrc location=" + file.string() +
                        " ! decodebin ! videoconvert ! fakesink name=out");
  ASSERT_EQ(plain.run().end, "eos");
  tests::Pipeline pipeline("filesrc location=" + file.string() + " ! decodebin ! videoconvert ! neuronrcnn" +
                           tests::with_model() + " ! videoconvert ! fakesink name=out");
  GstClockTime last = 0;
  bool rising = true;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    rising = rising && GST_BUFFER_PTS(buffer) >= last;
    last = GST_BUFFER_PTS(buffer);
  };
  const auto outcome = pipeline.run(120 * GST_SECOND);
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), plain.count());
  EXPECT_TRUE(rising);
}

}  // namespace
}  // namespace rcnn::elements
