// SPDX-License-Identifier: MIT
// Streams that share cores: whose turn it is, and batches of frames of several of them.
#include "engine/runtime/dispatch.hpp"

#include <gmock/gmock.h>

#include "tests/elements/gst_fixture.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::elements {
namespace {

using tests::Harness;

std::string caps() { return tests::caps_of(96, 64, "BGR"); }
BufferPtr frame(int number) { return tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, number); }

using Found = std::vector<std::array<float, 5>>;
Found found(GstBuffer* buffer) {
  Found all;
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnDetection& d = meta->detections[i];
    all.push_back({d.x0, d.y0, d.x1, d.y1, d.score});
  }
  return all;
}

class DispatchTest : public tests::GstTest {
 protected:
  // What the core is given to do beside the streams' frames; it keeps the core busy until its gate opens.
  struct Block {
    engine::Gate gate;
    std::future<std::exception_ptr> done;
  };
  std::unique_ptr<Block> block(engine::Dispatch dispatch) {
    auto made = std::make_unique<Block>();
    auto [execution, done] = engine::execution_of([gate = &made->gate](auto) { gate->pass(); });
    execution.dispatch = dispatch;
    made->done = std::move(done);
    blocker_->submit(0, std::move(execution));
    return made;
  }
  static std::size_t waiting() { return engine::CorePool::process().status().at(0).total.queue_depth; }

  static engine::Dispatch of_priority(int level) {
    return {.policy = engine::DispatchPolicy::kPriority, .priority = level};
  }

  const std::shared_ptr<engine::LoadedPrograms> blocker_ =
      engine::CorePool::process().load({{"test:block", this, 0, 64}}, {0}, engine::Placement::kReplicate);
};

// A block of priority 5 between streams of 9 and 0: when it runs, all of the one have passed and none of the
// other.
TEST_F(DispatchTest, PriorityGoesFirst) {
  Harness low("preprocess-resize-800 cores=0 dispatch=priority priority=0" + tests::with_model() +
              " ! neuron-backbone-rpn");
  Harness high("preprocess-resize-800 cores=0 dispatch=priority priority=9" + tests::with_model() +
               " ! neuron-backbone-rpn");
  low.set_caps(caps());
  high.set_caps(caps());
  const auto first = block(of_priority(1000));
  ASSERT_TRUE(tests::eventually([] { return waiting() == 0; })) << "it runs";
  const auto second = block(of_priority(5));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(low.push(frame(i)), GST_FLOW_OK);
    ASSERT_EQ(high.push(frame(i)), GST_FLOW_OK);
  }
  EXPECT_TRUE(tests::eventually([] { return waiting() == 7; })) << waiting();
  first->gate.open();
  EXPECT_TRUE(tests::eventually([&] { return gst_harness_buffers_received(high.get()) == 3; }));
  EXPECT_EQ(gst_harness_buffers_received(low.get()), 0u);
  second->gate.open();
  EXPECT_TRUE(tests::eventually([&] { return gst_harness_buffers_received(low.get()) == 3; }));
  EXPECT_EQ(engine::message_of(first->done), "");
  EXPECT_EQ(engine::message_of(second->done), "");
}

// One stream has four frames waiting before the other's first comes. Both take turns with a third party's two
// blocks: when the first of these runs, each stream has had one turn.
TEST_F(DispatchTest, RoundRobinLetsALateStreamTakeItsTurn) {
  const std::string stages =
      "preprocess-resize-800 cores=0 dispatch=round-robin" + tests::with_model() + " ! neuron-backbone-rpn";
  Harness busy(stages);
  Harness late(stages);
  busy.set_caps(caps());
  late.set_caps(caps());
  const engine::Dispatch third{.stream = engine::new_stream_id(),
                               .policy = engine::DispatchPolicy::kRoundRobin};
  const auto first = block(third);
  ASSERT_TRUE(tests::eventually([] { return waiting() == 0; }));
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(busy.push(frame(i)), GST_FLOW_OK);
  }
  EXPECT_TRUE(tests::eventually([] { return waiting() == 4; }));
  ASSERT_EQ(late.push(frame(0)), GST_FLOW_OK);
  EXPECT_TRUE(tests::eventually([] { return waiting() == 5; }));
  const auto second = block(third);
  first->gate.open();
  EXPECT_TRUE(tests::eventually([&] {
    return gst_harness_buffers_received(busy.get()) == 1 && gst_harness_buffers_received(late.get()) == 1;
  })) << gst_harness_buffers_received(busy.get());
  EXPECT_TRUE(tests::eventually([] { return waiting() == 3; })) << "the second block runs: " << waiting();
  second->gate.open();
  EXPECT_TRUE(tests::eventually([&] { return gst_harness_buffers_received(busy.get()) == 4; }));
  EXPECT_EQ(engine::message_of(first->done), "");
  EXPECT_EQ(engine::message_of(second->done), "");
}

TEST_F(DispatchTest, FramesOfSeveralStreamsFindTheSameInBatches) {
  constexpr int kFrames = 6;
  std::vector<Found> alone;
  {
    Harness harness("neuronrcnn" + tests::with_model());
    harness.set_caps(caps());
    for (int i = 0; i < kFrames; ++i) {
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
      alone.push_back(found(harness.pull().get()));
    }
  }
  ASSERT_NE(alone[0], alone[1]) << "different pictures";
  for (const char* batch : {"batch-size=4 batch-timeout=5000000000", "batch-size=8 batch-timeout=1000"}) {
    std::vector<std::unique_ptr<Harness>> streams;
    for (const auto& stages :
         {"neuronrcnn max-in-flight=8 name=n " + std::string(batch) + tests::with_model(),
          tests::six(" ! ", std::string("max-in-flight=8 ") + batch),
          "neuronrcnn name=n " + std::string(batch) + tests::with_model()}) {
      streams.push_back(std::make_unique<Harness>(stages));
      streams.back()->set_caps(caps());
    }
    std::vector<std::thread> feeders;
    for (auto& stream : streams) {
      feeders.emplace_back([harness = stream.get()] {
        for (int i = 0; i < kFrames; ++i) {
          EXPECT_EQ(harness->push(frame(i)), GST_FLOW_OK);
        }
        EXPECT_TRUE(gst_harness_push_event(harness->get(), gst_event_new_eos()));
      });
    }
    for (auto& stream : streams) {
      for (int i = 0; i < kFrames; ++i) {
        const BufferPtr buffer = stream->pull();
        ASSERT_NE(buffer, nullptr) << batch;
        EXPECT_EQ(GST_BUFFER_OFFSET(buffer.get()), static_cast<guint64>(i));
        EXPECT_EQ(found(buffer.get()), alone[static_cast<std::size_t>(i)]) << batch << ", frame " << i;
      }
    }
    for (auto& feeder : feeders) feeder.join();
  }
}

// A batch of eight can never fill, and its timeout outlasts the patience of pull().
TEST_F(DispatchTest, ABatchIsNotKeptWaitingForFramesThatCannotCome) {
  Harness harness("neuronrcnn max-in-flight=2 batch-size=8 batch-timeout=10000000000" + tests::with_model());
  harness.set_caps(caps());
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    ASSERT_NE(harness.pull(), nullptr) << "waited for a batch that cannot fill";
  }
}

TEST_F(DispatchTest, ATimeoutThatNeverEndsIsRefused) {
  const ElementPtr element(gst_element_factory_make("neuronrcnn", nullptr));
  GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), "batch-timeout");
  EXPECT_EQ(G_PARAM_SPEC_UINT64(spec)->maximum, 10 * GST_SECOND);
  EXPECT_EQ(G_PARAM_SPEC_UINT64(spec)->minimum, 0u);
}

}  // namespace
}  // namespace rcnn::elements
