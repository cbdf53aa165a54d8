// SPDX-License-Identifier: MIT
// Live sources in front of a sink that keeps to the clock: the latency that stages answer is what saves
// frames.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using LiveSource = tests::GstTest;
using std::chrono::milliseconds;
using tests::Harness;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

BufferPtr frame(int number) { return tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR, number); }

constexpr int kLiveFrames = 8;

// A model, and what a frame takes on it here when nothing else is under way: so long that a sink which is not
// told of it throws frames away, whatever machine this is.
struct SlowModel {
  tests::TinyModelOptions options;
  milliseconds takes{0};
};

milliseconds quickest_frame(const tests::TinyModelOptions& options) {
  Harness harness(tests::six(" ! ", "", "", options));
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  auto quickest = milliseconds::max();
  for (int i = 0; i < 4; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    EXPECT_TRUE(harness.pull());
    quickest = std::min(quickest,
                        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin));
  }
  return quickest;
}

SlowModel slow_model() {
  SlowModel model;
  for (int scale = 1; model.takes < milliseconds(200) && scale <= 16; scale *= 2) {
    model.options.input = {.width = 160 * scale, .height = 128 * scale};
    model.takes = quickest_frame(model.options);
  }
  return model;
}

// Frames as a camera's driver hands them over: at its own pace, stamped when they come.
void feed(GstElement* camera, milliseconds interval) {
  const auto push = [camera](int i) {
    GstFlowReturn flow = GST_FLOW_ERROR;
    const BufferPtr buffer = frame(i);
    GST_BUFFER_PTS(buffer.get()) = GST_CLOCK_TIME_NONE;
    g_signal_emit_by_name(camera, "push-buffer", buffer.get(), &flow);
    EXPECT_EQ(flow, GST_FLOW_OK);
  };
  for (int i = 0; i < kLiveFrames; ++i) {
    push(i);
    std::this_thread::sleep_for(interval);
  }
  GstFlowReturn flow = GST_FLOW_ERROR;
  g_signal_emit_by_name(camera, "end-of-stream", &flow);
}

guint64 dropped_by(GstElement* sink) {
  GstStructure* stats = nullptr;
  guint64 dropped = 0;
  g_object_get(sink, "stats", &stats, nullptr);
  EXPECT_TRUE(gst_structure_get_uint64(stats, "dropped", &dropped));
  gst_structure_free(stats);
  return dropped;
}

// What a clocked sink made of a live source with a frame every `interval`; "" if all frames came in time. It
// has less patience than a frame takes.
std::string complaints(const std::string& source, const SlowModel& model, milliseconds interval) {
  const auto patience = std::chrono::nanoseconds(model.takes) / 2;
  tests::Pipeline pipeline(
      source + " ! video/x-raw,format=BGR,width=96,height=64,framerate=1000/" +
      std::to_string(interval.count()) + " ! " +
      tests::six(" ! queue ! ", "qos=true drop-policy=late", "", model.options) +
      " ! fakesink name=out sync=true qos=true max-lateness=" + std::to_string(patience.count()));
  EXPECT_EQ(pipeline.set(GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  pipeline.set(GST_STATE_PLAYING);
  std::future<void> fed;
  const ElementPtr camera = pipeline.named("camera");
  if (camera) {
    fed = std::async(std::launch::async, [&] { feed(camera.get(), interval); });
  }
  const auto outcome = pipeline.wait(60 * GST_SECOND);
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  // A sink that drops for a second shows a late frame and warns that the machine is too slow.
  const auto dropped = dropped_by(pipeline.named("out").get());
  if (outcome.warnings.empty() && dropped == 0 && pipeline.count() == kLiveFrames) {
    return "";
  }
  return "every " + std::to_string(interval.count()) + " ms: " + std::to_string(pipeline.count()) + " of " +
         std::to_string(kLiveFrames) + " frames, " + std::to_string(dropped) + " of them dropped, " +
         std::to_string(outcome.warnings.size()) + " warnings\n";
}

TEST_F(LiveSource, PlaysALiveSourceInTimeWhileCapacitySuffices) {
  const std::string frames = std::to_string(kLiveFrames);
  const SlowModel model = slow_model();
  for (const auto& source : {"videotestsrc is-live=true num-buffers=" + frames,
                             "appsrc name=camera is-live=true do-timestamp=true format=time caps=" +
                                 std::string("video/x-raw,format=BGR,width=96,height=64")}) {
    // What a busy machine suffices for is not known beforehand: one of these intervals has to do.
    std::string seen;
    std::string last = "?";
    for (const int times : {1, 2, 4, 8, 8}) {
      last = complaints(source, model, times * model.takes);
      seen += last;
      if (last.empty()) break;
    }
    EXPECT_EQ(last, "") << source << ", a frame takes " << model.takes.count() << " ms\n" << seen;
  }
}

}  // namespace
}  // namespace rcnn::elements
