// SPDX-License-Identifier: MIT
#include "elements/stage_flow.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "tests/elements/gate.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using StageFlowTest = tests::GstTest;
using testing::HasSubstr;
using tests::Harness;
using tests::Pipeline;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

BufferPtr frame(int number) { return tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR, number); }
std::string caps() { return tests::caps_of(kWidth, kHeight, "BGR"); }

// Numbers of buffers and of events (custom, gap, tag, segment) in the order in which they come out; -1 is
// EOS.
class Order {
 public:
  explicit Order(Harness& harness) {
    const auto types =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    gst_pad_add_probe(harness.get()->sinkpad, types, seen, this, nullptr);
  }
  std::vector<int> numbers() {
    const std::lock_guard lock(mutex_);
    return numbers_;
  }
  bool ended() {
    const auto all = numbers();
    return !all.empty() && all.back() == -1;
  }

 private:
  static GstPadProbeReturn seen(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Order*>(data);
    const std::lock_guard lock(self->mutex_);
    if (GST_IS_BUFFER(GST_PAD_PROBE_INFO_DATA(info))) {
      self->numbers_.push_back(static_cast<int>(GST_BUFFER_OFFSET(GST_PAD_PROBE_INFO_BUFFER(info))));
      return GST_PAD_PROBE_OK;
    }
    const int number = number_of(GST_PAD_PROBE_INFO_EVENT(info));
    if (number != 0) {
      self->numbers_.push_back(number);
    }
    return GST_PAD_PROBE_OK;
  }
  // 0: none that a test has sent.
  static int number_of(GstEvent* event) {
    int number = 0;
    guint track = 0;
    GstTagList* tags = nullptr;
    const GstSegment* segment = nullptr;
    GstClockTime time = 0;
    switch (GST_EVENT_TYPE(event)) {
      case GST_EVENT_EOS:
        return -1;
      case GST_EVENT_CUSTOM_DOWNSTREAM:
        gst_structure_get_int(gst_event_get_structure(event), "number", &number);
        return number;
      case GST_EVENT_GAP:
        gst_event_parse_gap(event, &time, nullptr);
        return static_cast<int>(time);
      case GST_EVENT_TAG:
        gst_event_parse_tag(event, &tags);
        gst_tag_list_get_uint(tags, GST_TAG_TRACK_NUMBER, &track);
        return static_cast<int>(track);
      case GST_EVENT_SEGMENT:
        gst_event_parse_segment(event, &segment);
        return static_cast<int>(segment->base);
      default:
        return 0;
    }
  }
  std::mutex mutex_;  // Guards numbers_.
  std::vector<int> numbers_;
};

// Kinds of serialized events take turns.
GstEvent* numbered_event(int number) {
  GstSegment segment;
  switch (number / 3 % 4) {
    case 0:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                                  gst_structure_new("marker", "number", G_TYPE_INT, number, nullptr));
    case 1:
      return gst_event_new_gap(static_cast<GstClockTime>(number), 1);
    case 2:
      return gst_event_new_tag(gst_tag_list_new(GST_TAG_TRACK_NUMBER, static_cast<guint>(number), nullptr));
    default:
      gst_segment_init(&segment, GST_FORMAT_TIME);
      segment.base = static_cast<guint64>(number);
      return gst_event_new_segment(&segment);
  }
}

TEST_F(StageFlowTest, KeepsEventsInTheirPlaceBetweenFrames) {
  for (const auto& stages : {"neuronrcnn" + tests::with_model(), tests::six(" ! queue ! ")}) {
    Harness harness(stages);
    Order order(harness);
    harness.set_caps(caps());
    std::vector<int> expected;
    for (int i = 0; i < 60; ++i) {
      if (i % 3 == 1) {
        ASSERT_TRUE(gst_harness_push_event(harness.get(), numbered_event(i)));
      } else {
        ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
      }
      expected.push_back(i);
    }
    expected.push_back(-1);
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_eos()));
    EXPECT_TRUE(tests::eventually([&] { return order.ended(); }));
    EXPECT_EQ(order.numbers(), expected) << "and EOS came after all of them";
  }
}

TEST_F(StageFlowTest, ChangesCapsBetweenTheFramesTheyBelongTo) {
  Harness harness(tests::six());
  harness.set_caps(caps());
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  ASSERT_EQ(harness.push(frame(1)), GST_FLOW_OK);
  harness.set_caps(tests::caps_of(50, 90, "RGBx"));
  ASSERT_EQ(harness.push(tests::picture(50, 90, GST_VIDEO_FORMAT_RGBx, 2)), GST_FLOW_OK);
  for (int i = 0; i < 3; ++i) {
    const BufferPtr out = harness.pull();
    const auto* meta = rcnn_buffer_get_detections_meta(out.get());
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(meta->width, i < 2 ? 96u : 50u);
    EXPECT_EQ(gst_buffer_get_size(out.get()), i < 2 ? 96u * 64 * 3 : 50u * 90 * 4);
  }
}

TEST_F(StageFlowTest, HoldsNoMoreFramesThanMaxInFlight) {
  Pipeline pipeline(
      "videotestsrc num-buffers=40 ! video/x-raw,format=BGR,width=96,height=64 ! identity name=in ! " +
      tests::six(" ! queue ! ", "max-in-flight=3") + " ! fakesink name=out sync=false");
  std::atomic<int> entered{0};
  std::atomic<int> most{0};
  const ElementPtr in = pipeline.named("in");
  const PadPtr pad(gst_element_get_static_pad(in.get(), "src"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer count) {
        ++*static_cast<std::atomic<int>*>(count);
        return GST_PAD_PROBE_OK;
      },
      &entered, nullptr);
  pipeline.on_buffer = [&](GstBuffer*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // Slower than the stages: they fill up.
    most = std::max(most.load(), entered - pipeline.count() + 1);
  };
  EXPECT_EQ(pipeline.run().end, "eos");
  EXPECT_EQ(pipeline.count(), 40);
  EXPECT_EQ(most, 3 + 1) << "three inside and one that waits at the entrance";
}

TEST_F(StageFlowTest, LeavesNothingBehindAfterAFlush) {
  for (const auto& stages : {"neuronrcnn" + tests::with_model(), tests::six()}) {
    Harness harness(stages);
    harness.set_caps(caps());
    for (int round = 0; round < 5; ++round) {
      for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
      }
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_start()));
      EXPECT_EQ(harness.push(frame(7)), GST_FLOW_FLUSHING);
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE)));
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
      while (const BufferPtr old{gst_harness_try_pull(harness.get())}) {
        EXPECT_LT(GST_BUFFER_OFFSET(old.get()), 3u);  // Pushed before the flush.
      }
      ASSERT_EQ(harness.push(frame(100 + round)), GST_FLOW_OK);
      EXPECT_EQ(GST_BUFFER_OFFSET(harness.pull().get()), static_cast<guint64>(100 + round));
    }
  }
}

/// Holds up whoever copies a buffer that it marked, as whoever writes to a shared one does.
class CopyBarrier {
 public:
  void mark(GstBuffer* buffer) {
    static const bool known = [] {
      static const gchar* tags[] = {nullptr};
      return gst_meta_register_custom("CopyBarrier", tags, held_up, nullptr, nullptr) != nullptr;
    }();
    ASSERT_TRUE(known);
    gst_structure_set(gst_custom_meta_get_structure(gst_buffer_add_custom_meta(buffer, "CopyBarrier")), "it",
                      G_TYPE_POINTER, this, nullptr);
  }
  bool reached() const { return reached_; }
  void open() { open_ = true; }

 private:
  static gboolean held_up(GstBuffer*, GstCustomMeta* meta, GstBuffer*, GQuark, gpointer, gpointer) {
    CopyBarrier* self = nullptr;
    gst_structure_get(gst_custom_meta_get_structure(meta), "it", G_TYPE_POINTER, &self, nullptr);
    self->reached_ = true;
    return tests::eventually([self] { return self->open_.load(); });
  }
  std::atomic<bool> reached_{false};
  std::atomic<bool> open_{false};
};

TEST_F(StageFlowTest, LetsNothingInAfterAFlushThatTheMailboxHadBefore) {
  for (const auto& stages : {"neuronrcnn drop-policy=oldest max-in-flight=1" + tests::with_model(),
                             tests::six(" ! ", "drop-policy=oldest max-in-flight=1")}) {
    Harness harness(stages);
    tests::Gate gate(harness);
    CopyBarrier barrier;
    harness.set_caps(caps());
    ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
    BufferPtr second = frame(1);
    barrier.mark(second.get());
    const BufferPtr shared(gst_buffer_ref(second.get()));
    ASSERT_EQ(harness.push(std::move(second)), GST_FLOW_OK);
    gate.open();
    ASSERT_TRUE(tests::eventually([&] { return barrier.reached(); })) << "it has a slot and is on its way in";
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_start()));
    auto flushed = std::async(std::launch::async, [&] {
      return gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE));
    });
    EXPECT_EQ(flushed.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    barrier.open();
    ASSERT_TRUE(flushed.get());
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
    while (const BufferPtr old{gst_harness_try_pull(harness.get())}) {
    }
    ASSERT_EQ(harness.push(frame(100)), GST_FLOW_OK);
    EXPECT_EQ(GST_BUFFER_OFFSET(harness.pull().get()), 100u);
  }
}

TEST_F(StageFlowTest, KeepsStickyEventsThatAFlushOvertakes) {
  for (int round = 0; round < 20;
       ++round) {  // Some rounds flush before the task has pushed the events, some after.
    Harness harness("neuronrcnn" + tests::with_model());
    harness.set_caps(caps());
    ASSERT_TRUE(gst_harness_push_event(harness.get(),
                                       gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "x", nullptr))));
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_start()));
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE)));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
    ASSERT_EQ(harness.push(frame(1)), GST_FLOW_OK);
    harness.pull();
    for (const auto type : {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_TAG}) {
      const EventPtr event(gst_pad_get_sticky_event(harness.get()->sinkpad, type, 0));
      EXPECT_TRUE(event) << gst_event_type_get_name(type) << " in round " << round;
    }
  }
}

TEST_F(StageFlowTest, SeeksWhilePlaying) {
  Pipeline pipeline("videotestsrc ! video/x-raw,format=BGR,width=96,height=64,framerate=1000/1 ! " +
                    tests::six() + " ! fakesink name=out sync=false");
  ASSERT_TRUE(pipeline.reaches(GST_STATE_PLAYING));
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(gst_element_seek_simple(pipeline.get(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                        static_cast<gint64>(i * 37 % 30) * GST_MSECOND));
  }
  const int before = pipeline.count();
  EXPECT_TRUE(tests::eventually([&] { return pipeline.count() > before + 10; }));
  EXPECT_EQ(pipeline.wait(GST_MSECOND).errors, 0);
}

TEST_F(StageFlowTest, StopsWhileTheEntranceWaitsAndSaysWhoHolds) {
  // Nobody reads the appsink between the stages: it holds both frames for ever.
  Pipeline pipeline(
      "videotestsrc ! video/x-raw,format=BGR,width=96,height=64 ! preprocess-resize-800 max-in-flight=2" +
      tests::with_model() + " ! identity name=out ! appsink sync=false");
  const auto outcome = [&] {
    pipeline.set(GST_STATE_PLAYING);
    return pipeline.wait(7 * GST_SECOND);
  }();
  EXPECT_EQ(outcome.end, "timeout");
  EXPECT_EQ(pipeline.count(), 2);
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_THAT(outcome.warnings[0], HasSubstr("All 2 frames"));
  const auto began = std::chrono::steady_clock::now();
  pipeline.set(GST_STATE_NULL);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

TEST_F(StageFlowTest, RefusesABufferBeforeCaps) {
  Harness harness("neuronrcnn" + tests::with_model());
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(harness.get()->srcpad, gst_event_new_stream_start("here"));
  gst_pad_push_event(harness.get()->srcpad, gst_event_new_segment(&segment));
  EXPECT_EQ(harness.push(frame(0)), GST_FLOW_NOT_NEGOTIATED);
}

TEST_F(StageFlowTest, NamesTheCauseWhenABufferLostItsFrame) {
  Harness harness("roi-align");
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR", "meta:RcnnProposals"));
  EXPECT_EQ(harness.push(frame(0)), GST_FLOW_ERROR);
  EXPECT_THAT(harness.message(GST_MESSAGE_ERROR), HasSubstr("without its frame"));
}

TEST_F(StageFlowTest, RefusesTheSecondBranchOfATeeBetweenStages) {
  Pipeline pipeline(
      "videotestsrc num-buffers=3 ! video/x-raw,format=BGR,width=96,height=64 ! preprocess-resize-800" +
      tests::with_model() +
      " ! tee name=t ! queue ! neuron-backbone-rpn ! fakesink t. ! queue ! neuron-backbone-rpn ! fakesink");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "error");
  EXPECT_THAT(outcome.error, HasSubstr("tee"));
}

TEST_F(StageFlowTest, WorksWithOneSlot) {
  Pipeline pipeline("videotestsrc num-buffers=20 ! video/x-raw,format=BGR,width=96,height=64 ! " +
                    tests::six(" ! ", "max-in-flight=1") + " ! fakesink name=out");
  EXPECT_EQ(pipeline.run().end, "eos");
  EXPECT_EQ(pipeline.count(), 20);
}

}  // namespace
}  // namespace rcnn::elements
