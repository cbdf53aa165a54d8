// SPDX-License-Identifier: MIT
#include "elements/entrance.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include <future>
#include <set>

#include "tests/elements/gate.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using EntranceTest = tests::GstTest;
using testing::ElementsAre;
using tests::Gate;
using tests::Harness;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

BufferPtr frame(int number) { return tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR, number); }
std::string caps() { return tests::caps_of(kWidth, kHeight, "BGR"); }

int qos_messages(Harness& harness) {
  int count = 0;
  while (!harness.message(GST_MESSAGE_QOS, 0).empty()) {
    ++count;
  }
  return count;
}

// Number and DISCONT of the next buffer.
std::pair<int, bool> pulled(Harness& harness) {
  const BufferPtr buffer = harness.pull();
  if (!buffer) {
    return {-1, false};
  }
  return {static_cast<int>(GST_BUFFER_OFFSET(buffer.get())),
          GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT)};
}

std::vector<std::string> entrances(const std::string& settings) {
  return {"neuronrcnn max-in-flight=2 " + settings + tests::with_model(),
          tests::six(" ! ", "max-in-flight=2 " + settings)};
}

TEST_F(EntranceTest, DropsTheNewestWhileFullAndSaysSo) {
  for (const auto& stages : entrances("drop-policy=newest")) {
    Harness harness(stages);
    Gate gate(harness);
    harness.set_caps(caps());
    for (int i = 0; i < 5; ++i) {
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK) << "a drop is no failure";
    }
    EXPECT_EQ(qos_messages(harness), 3);
    gate.open();
    EXPECT_EQ(pulled(harness), std::make_pair(0, false));
    EXPECT_EQ(pulled(harness), std::make_pair(1, false));
    ASSERT_TRUE(tests::eventually([&] {
      EXPECT_EQ(harness.push(frame(5)), GST_FLOW_OK);
      return gst_harness_buffers_received(harness.get()) > 2 || qos_messages(harness) == 0;
    }));
    EXPECT_EQ(pulled(harness), std::make_pair(5, true)) << "the first one after the gap";
    ASSERT_EQ(harness.push(frame(6)), GST_FLOW_OK);
    EXPECT_FALSE(pulled(harness).second);
  }
}

TEST_F(EntranceTest, QosMessagesCountWhatWasDropped) {
  Harness harness("neuronrcnn max-in-flight=1 drop-policy=newest" + tests::with_model());
  Gate gate(harness);
  harness.set_caps(caps());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
  }
  for (guint64 expected = 1; expected <= 2; ++expected) {
    GstMessage* message = gst_bus_pop_filtered(harness.bus(), GST_MESSAGE_QOS);
    ASSERT_NE(message, nullptr);
    guint64 running_time = 0;
    guint64 timestamp = 0;
    guint64 duration = 0;
    guint64 processed = 0;
    guint64 dropped = 0;
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_message_parse_qos(message, nullptr, &running_time, nullptr, &timestamp, &duration);
    gst_message_parse_qos_stats(message, &format, &processed, &dropped);
    gst_message_unref(message);
    EXPECT_EQ(timestamp, expected * GST_SECOND / 30);
    EXPECT_EQ(running_time, timestamp) << "the segment begins at 0";
    EXPECT_EQ(duration, GST_SECOND / 30);
    EXPECT_EQ(format, GST_FORMAT_BUFFERS);
    EXPECT_EQ(processed, 1u);
    EXPECT_EQ(dropped, expected);
  }
  gate.open();
}

TEST_F(EntranceTest, DropsTheOldestAndKeepsEventsBehindTheOneThatEnters) {
  for (const auto& stages : entrances("drop-policy=oldest")) {
    Harness harness(stages);
    Gate gate(harness);
    std::vector<int> order;
    std::mutex mutex;
    auto note = [&](int number) {
      const std::lock_guard lock(mutex);
      order.push_back(number);
    };
    const std::function<void(int)> noted = note;
    gst_pad_add_probe(
        harness.get()->sinkpad,
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          const auto& say = *static_cast<const std::function<void(int)>*>(data);
          if (GST_IS_BUFFER(info->data)) {
            say(static_cast<int>(GST_BUFFER_OFFSET(GST_PAD_PROBE_INFO_BUFFER(info))));
          } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CUSTOM_DOWNSTREAM) {
            say(-1);
          }
          return GST_PAD_PROBE_OK;
        },
        const_cast<std::function<void(int)>*>(&noted), nullptr);
    harness.set_caps(caps());
    for (int i = 0; i < 5; ++i) {
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK) << "the mailbox takes it at once";
    }
    EXPECT_EQ(qos_messages(harness), 2);
    auto event = std::async(std::launch::async, [&] {
      return gst_harness_push_event(harness.get(), gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                                                                        gst_structure_new_empty("marker")));
    });
    EXPECT_EQ(event.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    gate.open();
    EXPECT_TRUE(event.get());
    EXPECT_EQ(pulled(harness), std::make_pair(0, false));
    EXPECT_EQ(pulled(harness), std::make_pair(1, false));
    EXPECT_EQ(pulled(harness), std::make_pair(4, true)) << "2 and 3 gave way to it";
    EXPECT_TRUE(tests::eventually([&] {
      const std::lock_guard lock(mutex);
      return order.size() == 4;
    }));
    const std::lock_guard lock(mutex);
    EXPECT_THAT(order, ElementsAre(0, 1, 4, -1));
  }
}

TEST_F(EntranceTest, FlushesAndStopsWhileTheMailboxIsFull) {
  for (const auto& stages : entrances("drop-policy=oldest")) {
    Harness harness(stages);
    harness.set_caps(caps());
    for (int round = 0; round < 5; ++round) {
      for (int i = 0; i < 6; ++i) {
        ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
      }
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_start()));
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE)));
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
      while (const BufferPtr old{gst_harness_try_pull(harness.get())}) {
      }
      ASSERT_EQ(harness.push(frame(100 + round)), GST_FLOW_OK);
      EXPECT_EQ(pulled(harness).first, 100 + round) << "nothing from before the flush comes after it";
    }
    for (int i = 0; i < 6; ++i) {
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    }
  }  // The end finds it full.
}

// Its thread uses the model, which goes then.
TEST_F(EntranceTest, ClosesOnceTheMailboxesThreadIsOutOfIt) {
  const ElementPtr element(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make("identity", nullptr))));
  std::vector<FrameRide> inside;
  std::promise<void> came, may_go_on;
  Entrance entrance(element.get(), [&](BufferPtr, FrameRide ride) {
    inside.push_back(std::move(ride));
    if (inside.size() == 1) return true;
    came.set_value();
    may_go_on.get_future().wait();
    return false;
  });
  StageSettings settings;
  settings.model = tests::tiny_model();
  settings.max_in_flight = 1;
  settings.drop_policy = DropPolicy::kOldest;
  entrance.configure(settings);
  entrance.open(settings);
  ASSERT_TRUE(entrance.push(frame(0)));
  ASSERT_TRUE(entrance.push(frame(1)));
  inside.front().frame->release_slot();
  came.get_future().wait();
  entrance.set_cancelled(true);
  auto closed = std::async(std::launch::async, [&] { entrance.close(); });
  EXPECT_EQ(closed.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  may_go_on.set_value();
  closed.get();
}

TEST_F(EntranceTest, SkipsWhatWouldComeLateSaysDownstream) {
  for (const auto& stages : entrances("qos=true")) {
    Harness harness(stages);
    harness.set_caps(caps());
    // The frame due at 0 came 100 ms late: what is due before 200 ms, number 6, would do so, too.
    gst_harness_push_upstream_event(harness.get(),
                                    gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.5, 100 * GST_MSECOND, 0));
    for (const int number : {1, 5, 7, 8}) {
      ASSERT_EQ(harness.push(frame(number)), GST_FLOW_OK);
    }
    EXPECT_EQ(pulled(harness), std::make_pair(7, true));
    EXPECT_EQ(pulled(harness), std::make_pair(8, false));
    EXPECT_EQ(qos_messages(harness), 2);
  }
  Harness harness("neuronrcnn" + tests::with_model());
  harness.set_caps(caps());
  gst_harness_push_upstream_event(harness.get(),
                                  gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.5, 100 * GST_MSECOND, 0));
  ASSERT_EQ(harness.push(frame(1)), GST_FLOW_OK);
  EXPECT_EQ(pulled(harness), std::make_pair(1, false)) << "qos=false, the default";
}

TEST_F(EntranceTest, ChangesItsPolicyWhilePlaying) {
  Harness harness("neuronrcnn name=n max-in-flight=1 drop-policy=oldest" + tests::with_model());
  const ElementPtr element = harness.named("n");
  Gate gate(harness);
  harness.set_caps(caps());
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  ASSERT_EQ(harness.push(frame(1)), GST_FLOW_OK);
  gst_util_set_object_arg(G_OBJECT(element.get()), "drop-policy", "none");
  auto third = std::async(std::launch::async, [&] { return harness.push(frame(2)); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  gate.open();
  EXPECT_EQ(third.get(), GST_FLOW_OK);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pulled(harness).first, i);
  }
  EXPECT_EQ(qos_messages(harness), 0);
}

using Boxes = std::vector<std::pair<float, float>>;
Boxes boxes_of(GstBuffer* buffer) {
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  Boxes boxes;
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    boxes.emplace_back(meta->detections[i].x0, meta->detections[i].score);
  }
  return boxes;
}

std::vector<Boxes> boxes_of_frames(const std::string& stages) {
  Harness harness(stages);
  harness.set_caps(caps());
  std::vector<Boxes> all;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(harness.push(frame(i)), GST_FLOW_OK);
  }
  for (int i = 0; i < 7; ++i) {
    const BufferPtr buffer = harness.pull();
    EXPECT_EQ(GST_BUFFER_OFFSET(buffer.get()), static_cast<guint64>(i));
    EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT));
    all.push_back(boxes_of(buffer.get()));
  }
  return all;
}

TEST_F(EntranceTest, InfersEveryNthFrameAndLetsTheOthersCarryItsDetections) {
  const auto each = boxes_of_frames("neuronrcnn max-in-flight=8" + tests::with_model());
  ASSERT_EQ((std::set<Boxes>(each.begin(), each.end()).size()), 7u) << "every picture has its own";
  for (const auto& stages : {"neuronrcnn max-in-flight=8 inference-interval=3" + tests::with_model(),
                             tests::six(" ! ", "max-in-flight=8 inference-interval=3")}) {
    const auto carried = boxes_of_frames(stages);
    EXPECT_THAT(carried, ElementsAre(each[0], each[0], each[0], each[3], each[3], each[3], each[6]));
  }
}

TEST_F(EntranceTest, ChangesItsIntervalWhilePlaying) {
  const auto each = boxes_of_frames("neuronrcnn max-in-flight=8" + tests::with_model());
  for (const auto& stages : entrances("name=first inference-interval=3")) {
    Harness harness(stages);
    harness.set_caps(caps());
    const ElementPtr first = harness.named("first");
    std::vector<Boxes> carried;
    for (int i = 0; i < 7; ++i) {
      if (i == 2) g_object_set(first.get(), "inference-interval", 1, nullptr);
      if (i == 4) g_object_set(first.get(), "inference-interval", 2, nullptr);
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
      carried.push_back(boxes_of(harness.pull().get()));
    }
    EXPECT_THAT(carried, ElementsAre(each[0], each[0], each[0], each[3], each[4], each[4], each[6]))
        << "the interval begun under the old setting ends at the next frame under the new one";
  }
}

TEST_F(EntranceTest, InfersTheFirstFrameOfNewCapsAndCountsFromThere) {
  const auto each = boxes_of_frames("neuronrcnn max-in-flight=8" + tests::with_model());
  for (const auto& stages : entrances("inference-interval=3")) {
    Harness harness(stages);
    const auto carried = [&](int number) {
      EXPECT_EQ(harness.push(frame(number)), GST_FLOW_OK);
      return boxes_of(harness.pull().get());
    };
    harness.set_caps(caps());
    EXPECT_EQ(carried(0), each[0]);
    EXPECT_EQ(carried(1), each[0]);
    harness.set_caps("video/x-raw, format=BGR, width=96, height=64, framerate=25/1");
    EXPECT_EQ(carried(2), each[2]);
    EXPECT_EQ(carried(3), each[2]);
    EXPECT_EQ(carried(4), each[2]);
    EXPECT_EQ(carried(5), each[5]);
  }
}

TEST_F(EntranceTest, CarriesNothingAcrossAChangeOfSizeOrAFlush) {
  Harness harness("neuronrcnn inference-interval=3" + tests::with_model());
  harness.set_caps(caps());
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  EXPECT_FALSE(boxes_of(harness.pull().get()).empty());
  harness.set_caps(tests::caps_of(50, 90, "BGR"));
  ASSERT_EQ(harness.push(tests::picture(50, 90, GST_VIDEO_FORMAT_BGR, 1)), GST_FLOW_OK);
  const BufferPtr other = harness.pull();
  ASSERT_FALSE(boxes_of(other.get()).empty()) << "the first frame of a size is inferred";
  EXPECT_EQ(rcnn_buffer_get_detections_meta(other.get())->width, 50u);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_start()));
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
  ASSERT_EQ(harness.push(tests::picture(50, 90, GST_VIDEO_FORMAT_BGR, 2)), GST_FLOW_OK);
  EXPECT_FALSE(boxes_of(harness.pull().get()).empty()) << "the first frame after a flush is inferred";
}

}  // namespace
}  // namespace rcnn::elements
