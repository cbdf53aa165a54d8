// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <tuple>

#include "elements/stage_flow.hpp"  // The half that elements/stage_output.cpp holds.
#include "tests/elements/gate.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using StageOutput = tests::GstTest;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::Harness;
using tests::Pipeline;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

BufferPtr frame(int number) { return tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR, number); }
// Caps promise more bytes than this has: the preprocess stage fails on it, and on it alone.
BufferPtr broken(int number) {
  BufferPtr buffer(gst_buffer_new_allocate(nullptr, 10, nullptr));
  GST_BUFFER_OFFSET(buffer.get()) = static_cast<guint64>(number);
  GST_BUFFER_PTS(buffer.get()) = static_cast<guint64>(number) * GST_SECOND / 30;
  return buffer;
}
std::string caps() { return tests::caps_of(kWidth, kHeight, "BGR"); }

using Found = std::vector<std::tuple<float, float, float, float, float, int>>;
Found found(GstBuffer* buffer) {
  Found all;
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  EXPECT_NE(meta, nullptr);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnDetection& d = meta->detections[i];
    all.emplace_back(d.x0, d.y0, d.x1, d.y1, d.score, d.class_id);
  }
  return all;
}

std::vector<Found> run_frames(const std::string& stages, const char* format = "BGR",
                              GstVideoFormat video = GST_VIDEO_FORMAT_BGR, int padding = 0) {
  Harness harness(stages);
  harness.set_caps(tests::caps_of(kWidth, kHeight, format));
  std::vector<Found> all;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(harness.push(tests::picture(kWidth, kHeight, video, i, padding)), GST_FLOW_OK);
    all.push_back(found(harness.pull().get()));
  }
  return all;
}

TEST_F(StageOutput, FindsTheSameInOneElementAsInSixAndWithQueuesBetween) {
  const auto one = run_frames("neuronrcnn" + tests::with_model());
  EXPECT_FALSE(one[0].empty()) << "the tiny model finds something on any picture";
  EXPECT_NE(one[0], one[1]) << "different pictures";
  EXPECT_EQ(run_frames(tests::six()), one);
  EXPECT_EQ(run_frames(tests::six(" ! queue ! ")), one);
  EXPECT_EQ(run_frames(tests::six(" ! identity ! ", "cores=0")), one);
  EXPECT_EQ(run_frames("neuronrcnn placement=split" + tests::with_model()), one);
}

TEST_F(StageOutput, FindsTheSameInEveryFormatAndStride) {
  const auto one = run_frames("neuronrcnn" + tests::with_model());
  EXPECT_EQ(run_frames("neuronrcnn" + tests::with_model(), "RGB", GST_VIDEO_FORMAT_RGB), one);
  EXPECT_EQ(run_frames("neuronrcnn" + tests::with_model(), "RGBx", GST_VIDEO_FORMAT_RGBx), one);
  EXPECT_EQ(run_frames("neuronrcnn" + tests::with_model(), "BGRx", GST_VIDEO_FORMAT_BGRx), one);
  EXPECT_EQ(run_frames("neuronrcnn" + tests::with_model(), "BGR", GST_VIDEO_FORMAT_BGR, 52), one);
  EXPECT_EQ(run_frames(tests::six(" ! videoconvert ! "), "RGB", GST_VIDEO_FORMAT_RGB), one);
}

TEST_F(StageOutput, FindsInYuvWhatIsFoundBehindAVideoconvert) {
  for (const auto& [format, video] :
       {std::pair{"NV12", GST_VIDEO_FORMAT_NV12}, {"I420", GST_VIDEO_FORMAT_I420}}) {
    const auto converted =
        run_frames("videoconvert ! video/x-raw,format=BGR ! neuronrcnn" + tests::with_model(), format, video);
    EXPECT_FALSE(converted[0].empty());
    EXPECT_EQ(run_frames("neuronrcnn" + tests::with_model(), format, video), converted) << format;
    EXPECT_EQ(run_frames(tests::six(), format, video, 20), converted) << format << ", padded";
  }
}

TEST_F(StageOutput, LeavesTimesFlagsAndOtherMetasAsTheyAre) {
  Harness harness(tests::six());
  harness.set_caps(caps());
  BufferPtr in = frame(5);
  GST_BUFFER_DTS(in.get()) = 17;
  GST_BUFFER_OFFSET_END(in.get()) = 99;
  GST_BUFFER_FLAG_SET(in.get(), GST_BUFFER_FLAG_MARKER);
  gst_buffer_add_reference_timestamp_meta(in.get(), GST_CAPS_ANY, 4711, 1);
  ASSERT_EQ(harness.push(std::move(in)), GST_FLOW_OK);
  const BufferPtr out = harness.pull();
  EXPECT_EQ(GST_BUFFER_PTS(out.get()), 5 * GST_SECOND / 30);
  EXPECT_EQ(GST_BUFFER_DTS(out.get()), 17u);
  EXPECT_EQ(GST_BUFFER_DURATION(out.get()), GST_SECOND / 30);
  EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), 5u);
  EXPECT_EQ(GST_BUFFER_OFFSET_END(out.get()), 99u);
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_MARKER));
  EXPECT_NE(gst_buffer_get_reference_timestamp_meta(out.get(), nullptr), nullptr);
  EXPECT_EQ(frame_ride(out.get()), nullptr) << "the frame's tensors would live as long as the buffer";
}

void obeys_threshold_and_overlay(const char* format, GstVideoFormat video) {
  Harness harness("neuronrcnn name=n" + tests::with_model());
  const ElementPtr element = harness.named("n");
  harness.set_caps(tests::caps_of(kWidth, kHeight, format));
  g_object_set(element.get(), "overlay", FALSE, nullptr);
  const BufferPtr original = tests::picture(kWidth, kHeight, video);
  ASSERT_EQ(harness.push(BufferPtr(gst_buffer_copy_deep(original.get()))), GST_FLOW_OK);
  const BufferPtr plain = harness.pull();
  EXPECT_FALSE(found(plain.get()).empty());
  std::vector<guint8> before(gst_buffer_get_size(original.get()));
  gst_buffer_extract(original.get(), 0, before.data(), before.size());
  EXPECT_EQ(gst_buffer_memcmp(plain.get(), 0, before.data(), before.size()), 0);
  g_object_set(element.get(), "overlay", TRUE, nullptr);
  ASSERT_EQ(harness.push(BufferPtr(gst_buffer_copy_deep(original.get()))), GST_FLOW_OK);
  const BufferPtr drawn = harness.pull();
  EXPECT_NE(gst_buffer_memcmp(drawn.get(), 0, before.data(), before.size()), 0);
  EXPECT_EQ(gst_buffer_get_size(drawn.get()), before.size()) << "the frame keeps its format";
  EXPECT_EQ(found(drawn.get()), found(plain.get()));
  g_object_set(element.get(), "score-threshold", 1.0, nullptr);
  ASSERT_EQ(harness.push(BufferPtr(gst_buffer_copy_deep(original.get()))), GST_FLOW_OK);
  EXPECT_THAT(found(harness.pull().get()), IsEmpty());
}

TEST_F(StageOutput, ObeysThresholdAndOverlayWhilePlaying) {
  obeys_threshold_and_overlay("BGR", GST_VIDEO_FORMAT_BGR);
  obeys_threshold_and_overlay("NV12", GST_VIDEO_FORMAT_NV12);
  obeys_threshold_and_overlay("I420", GST_VIDEO_FORMAT_I420);
}

TEST_F(StageOutput, StopsWithOneErrorByDefault) {
  Harness harness("neuronrcnn" + tests::with_model());
  harness.set_caps(caps());
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  ASSERT_EQ(harness.push(broken(1)), GST_FLOW_OK);
  EXPECT_THAT(harness.message(GST_MESSAGE_ERROR), HasSubstr("10 bytes"));
  EXPECT_TRUE(tests::eventually([&] { return harness.push(frame(2)) == GST_FLOW_ERROR; }));
  EXPECT_EQ(GST_BUFFER_OFFSET(harness.pull().get()), 0u) << "frames before the failure are untouched";
  gst_harness_push_event(harness.get(), gst_event_new_eos());
  EXPECT_EQ(harness.message(GST_MESSAGE_ERROR, 200 * GST_MSECOND), "") << "the same failure a second time";
}

TEST_F(StageOutput, StopsWhileTheEntranceIsFull) {
  for (const auto& stages :
       {"neuronrcnn max-in-flight=1" + tests::with_model(), tests::six(" ! ", "max-in-flight=1")}) {
    Harness harness(stages);
    harness.set_caps(caps());
    ASSERT_EQ(harness.push(broken(0)), GST_FLOW_OK);
    EXPECT_TRUE(tests::eventually([&] { return harness.push(frame(1)) == GST_FLOW_ERROR; }))
        << "a chain call that waits for the slot has to come back";
    EXPECT_THAT(harness.message(GST_MESSAGE_ERROR), HasSubstr("10 bytes"));
  }
}

TEST_F(StageOutput, PassesFailedFramesOnWithoutDetections) {
  for (const auto& stages : {"neuronrcnn on-error=pass max-in-flight=2" + tests::with_model(),
                             tests::six(" ! ", "on-error=pass max-in-flight=2")}) {
    Harness harness(stages);
    harness.set_caps(caps());
    for (int i = 0; i < 12; ++i) {  // More failures than slots: each must give its slot back.
      ASSERT_EQ(harness.push(i % 3 == 0 ? frame(i) : broken(i)), GST_FLOW_OK);
      const BufferPtr out = harness.pull();
      EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), static_cast<guint64>(i));
      EXPECT_EQ(rcnn_buffer_get_detections_meta(out.get()) != nullptr, i % 3 == 0) << i;
      EXPECT_EQ(frame_ride(out.get()), nullptr);
    }
    EXPECT_THAT(harness.message(GST_MESSAGE_WARNING), HasSubstr("10 bytes"));
    EXPECT_EQ(harness.message(GST_MESSAGE_ERROR, 0), "");
  }
}

TEST_F(StageOutput, LeavesFailedFramesOutAndSaysSoOnTheNextBuffer) {
  for (const auto& stages : {"neuronrcnn on-error=drop max-in-flight=2" + tests::with_model(),
                             tests::six(" ! ", "on-error=drop max-in-flight=2")}) {
    Harness harness(stages);
    harness.set_caps(caps());
    for (int i = 0; i < 12; ++i) {
      ASSERT_EQ(harness.push(i % 3 == 0 || i > 9 ? frame(i) : broken(i)), GST_FLOW_OK);
    }
    for (const int i : {0, 3, 6, 9, 10, 11}) {
      const BufferPtr out = harness.pull();
      EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), static_cast<guint64>(i));
      EXPECT_EQ(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_DISCONT), i % 3 == 0 && i > 0) << i;
    }
    EXPECT_THAT(harness.message(GST_MESSAGE_WARNING), HasSubstr("10 bytes"));
  }
}

// Else a sink that waits for its first frame would hold up the other branches of a tee for good.
TEST_F(StageOutput, SaysWhereAFrameIsMissing) {
  Harness harness(tests::six(" ! ", "on-error=drop"));
  harness.set_caps(caps());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(harness.push(broken(i)), GST_FLOW_OK);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_eos()));
  int gaps = 0;
  EXPECT_TRUE(tests::eventually([&] { return (gaps += harness.events(GST_EVENT_GAP)) == 3; }));
}

TEST_F(StageOutput, WarnsOnceASecondHoweverManyFramesFail) {
  Harness harness("neuronrcnn on-error=pass" + tests::with_model());
  harness.set_caps(caps());
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(harness.push(broken(i)), GST_FLOW_OK);
    harness.pull();
  }
  int warnings = 0;
  while (!harness.message(GST_MESSAGE_WARNING, 0).empty()) {
    ++warnings;
  }
  EXPECT_GE(warnings, 1);
  EXPECT_LE(warnings, 5);
}

TEST_F(StageOutput, TellsUpstreamThatDownstreamHasEnough) {
  Pipeline pipeline("videotestsrc ! video/x-raw,format=BGR,width=96,height=64 ! " + tests::six() +
                    " ! identity eos-after=4 ! fakesink name=out");
  EXPECT_EQ(pipeline.run().end, "eos");
}

// The probe stands for a sink that fails on its first buffer.
void fail_downstream(Harness& harness) {
  gst_pad_add_probe(
      harness.get()->sinkpad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
        GST_PAD_PROBE_INFO_DATA(info) = nullptr;
        GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_ERROR;
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
}

TEST_F(StageOutput, HandsAFailureOfDownstreamToTheNextChain) {
  Harness harness("neuronrcnn max-in-flight=2" + tests::with_model());
  fail_downstream(harness);
  harness.set_caps(caps());
  EXPECT_TRUE(tests::eventually([&] { return harness.push(frame(0)) == GST_FLOW_ERROR; }));
  gst_harness_push_event(harness.get(), gst_event_new_eos());
  EXPECT_EQ(harness.message(GST_MESSAGE_ERROR, 200 * GST_MSECOND), "") << "upstream was told and posts it";
}

TEST_F(StageOutput, PostsAFailureOfDownstreamItselfOnceNothingElseComes) {
  Harness harness("neuronrcnn" + tests::with_model());
  fail_downstream(harness);
  harness.set_caps(caps());
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  gst_harness_push_event(harness.get(), gst_event_new_eos());
  EXPECT_NE(harness.message(GST_MESSAGE_ERROR), "");
  EXPECT_EQ(harness.message(GST_MESSAGE_ERROR, 200 * GST_MSECOND), "");
}

// Texts of all warnings so far.
std::vector<std::string> warnings(Harness& harness) {
  std::vector<std::string> all;
  for (std::string text; !(text = harness.message(GST_MESSAGE_WARNING, 0)).empty();) all.push_back(text);
  return all;
}

// Frames without detections, by contract, are no fault of whoever hands them on.
TEST_F(StageOutput, BlamesNobodyForAFrameThatFailed) {
  Harness harness("neuronrcnn on-error=pass" + tests::with_model() + " ! identity");
  harness.set_caps(caps());
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(harness.push(i == 1 ? broken(i) : frame(i)), GST_FLOW_OK);
    harness.pull();
  }
  EXPECT_THAT(warnings(harness), testing::ElementsAre(HasSubstr("10 bytes")));
}

TEST_F(StageOutput, BlamesNobodyForAFrameThatFailedBeforeTheFirstOneWithDetections) {
  Harness harness("neuronrcnn on-error=pass" + tests::with_model() + " ! queue name=q ! identity");
  const ElementPtr queue = harness.named("q");
  const auto come_to_hold = [&](guint number) {
    return tests::eventually([&] {
      guint waiting = 0;
      g_object_get(queue.get(), "current-level-buffers", &waiting, nullptr);
      return waiting == number;
    });
  };
  tests::Gate gate(harness);
  harness.set_caps(caps());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(harness.push(i < 2 ? broken(i) : frame(i)), GST_FLOW_OK);
  ASSERT_TRUE(come_to_hold(2)) << "the first is at the gate";
  ASSERT_EQ(harness.push(frame(3)), GST_FLOW_OK);
  ASSERT_TRUE(come_to_hold(3)) << "so the one before, the first with detections, was pushed";
  gate.open();
  for (int i = 0; i < 4; ++i) harness.pull();
  for (const auto& text : warnings(harness)) EXPECT_THAT(text, HasSubstr("10 bytes"));
}

TEST_F(StageOutput, BlamesNobodyForAFrameThatHadNoneToCarry) {
  Harness harness("neuronrcnn on-error=pass inference-interval=3" + tests::with_model() + " ! identity");
  harness.set_caps(caps());
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(harness.push(i == 0 ? broken(i) : frame(i)), GST_FLOW_OK);
    EXPECT_EQ(rcnn_buffer_get_detections_meta(harness.pull().get()) != nullptr, i == 3);
  }
  EXPECT_THAT(warnings(harness), testing::ElementsAre(HasSubstr("10 bytes")));
}

TEST_F(StageOutput, WarnsWhenTheNextElementDropsTheDetections) {
  Pipeline pipeline("videotestsrc num-buffers=20 ! video/x-raw,format=BGR,width=96,height=64 ! " +
                    tests::six() +
                    " ! videoconvert ! videocrop name=cutter left=8 ! videoconvert ! fakesink name=out");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos");
  EXPECT_THAT(outcome.warnings, testing::ElementsAre(HasSubstr("cutter drops the detections")));
}

}  // namespace
}  // namespace rcnn::elements
