// SPDX-License-Identifier: MIT
#include "pipeline/stage_graph.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <random>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kPictures = 5;  // Seeds 0..4 take turns.

class StageGraphTest : public PipelineTest {
 protected:
  /// Detections of each picture when nothing runs beside it.
  std::vector<std::vector<engine::Detection>> serial_detections() const {
    std::vector<std::vector<engine::Detection>> all;
    for (std::uint32_t seed = 0; seed < kPictures; ++seed) all.push_back(detections_of(seed));
    return all;
  }
  std::unique_ptr<Item> event() const { return std::make_unique<Item>(); }
};

/// Pushes `count` frames from a thread of its own while this thread pops and hands each to `check`.
template <typename MakeItem, typename Check>
void stream(StageGraph& graph, int count, MakeItem make, Check check) {
  std::thread producer([&] {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(graph.push(make(i)));
  });
  for (int i = 0; i < count; ++i) {
    auto item = graph.pop();
    ASSERT_NE(item, nullptr);
    check(i, *item);
    item.reset();
    graph.popped();
  }
  producer.join();
}

TEST_F(StageGraphTest, FramesAndEventsLeaveInOrderUnderRandomDelays) {
  load(cores(8));
  const auto expected = serial_detections();
  StageGraph graph({.max_items = 12});
  std::mt19937 random(5);
  const auto make = [&](int i) {
    if (i % 4 == 3) return event();
    return item(static_cast<std::uint32_t>(i) % kPictures, microseconds(random() % 3000));
  };
  stream(graph, 400, make, [&](int i, const Item& out) {
    EXPECT_EQ(out.number, static_cast<std::uint64_t>(i));
    EXPECT_EQ(text_of(out.error), "");
    ASSERT_EQ(out.frame == nullptr, i % 4 == 3);
    if (out.frame) {
      EXPECT_EQ(out.frame->detections, expected[static_cast<std::size_t>(i) % kPictures]);
    }
  });
  const auto counters = graph.counters();
  EXPECT_EQ(counters.in, 300U);
  EXPECT_EQ(counters.out, 300U);
  EXPECT_EQ(counters.failed, 0U);
  EXPECT_EQ(counters.inside, 0);
  EXPECT_GT(counters.latency_p50_ns, 0U);
  EXPECT_LE(counters.latency_p50_ns, counters.latency_p99_ns);
}

TEST_F(StageGraphTest, SixGraphsOfOneStageDoWhatOneGraphOfSixDoes) {
  load(cores(2));
  const auto expected = serial_detections();
  std::vector<std::unique_ptr<StageGraph>> graphs;
  for (const auto& stage : kStages) {
    StageGraph::Options options;
    options.first = options.last = stage.id;
    graphs.push_back(std::make_unique<StageGraph>(options));
  }
  for (std::uint32_t seed = 0; seed < kPictures; ++seed) {
    auto travelling = item(seed);
    for (auto& graph : graphs) {
      ASSERT_TRUE(graph->push(std::move(travelling)));
      travelling = graph->pop();
      ASSERT_NE(travelling, nullptr);
      EXPECT_EQ(text_of(travelling->error), "");
    }
    EXPECT_EQ(travelling->frame->detections, expected[seed]);
  }
}

TEST_F(StageGraphTest, TwoCoresGiveWhatOneGivesBitForBit) {
  std::array<std::vector<std::vector<engine::Detection>>, 2> found;
  for (const int count : {1, 2}) {
    load(cores(count));
    StageGraph graph({.max_items = 8});
    stream(
        graph, 40, [&](int i) { return item(static_cast<std::uint32_t>(i)); },
        [&](int, const Item& out) {
          found.at(static_cast<std::size_t>(count) - 1).push_back(out.frame->detections);
        });
    EXPECT_EQ(pool_->status().size(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(found[0], found[1]);
}

TEST_F(StageGraphTest, MasksAreTheSameOnTwoCoresAndInGraphsOfOneStage) {
  const tests::TinyModelOptions kMasks{.masks = true};
  load(cores(1), kMasks);
  const auto expected = serial_detections();
  ASSERT_FALSE(expected[0].empty());
  ASSERT_FALSE(expected[0][0].mask.empty());
  load(cores(2), kMasks);
  StageGraph whole({.max_items = 8});
  stream(
      whole, 20, [&](int i) { return item(static_cast<std::uint32_t>(i) % kPictures); },
      [&](int i, const Item& out) {
        EXPECT_EQ(text_of(out.error), "");
        EXPECT_EQ(out.frame->detections, expected[static_cast<std::size_t>(i) % kPictures]);
      });
  auto travelling = item(1);
  for (const auto& stage : kStages) {
    StageGraph graph({.first = stage.id, .last = stage.id});
    ASSERT_TRUE(graph.push(std::move(travelling)));
    travelling = graph.pop();
    ASSERT_NE(travelling, nullptr);
    EXPECT_EQ(text_of(travelling->error), "");
  }
  EXPECT_EQ(travelling->frame->detections, expected[1]);
}

TEST_F(StageGraphTest, KeypointsAreTheSameOnTwoCores) {
  const tests::TinyModelOptions kKeypoints{.keypoints = true};
  load(cores(1), kKeypoints);
  const auto expected = serial_detections();
  ASSERT_EQ(expected.at(0).at(0).keypoints.size(), 17U);
  load(cores(2), kKeypoints);
  StageGraph graph({.max_items = 8});
  stream(
      graph, 20, [&](int i) { return item(static_cast<std::uint32_t>(i) % kPictures); },
      [&](int i, const Item& out) {
        EXPECT_EQ(out.frame->detections, expected[static_cast<std::size_t>(i) % kPictures]);
      });
}

TEST_F(StageGraphTest, AMaskHeadThatFailsOrIsFlushedIsItsFramesAlone) {
  const tests::TinyModelOptions kMasks{.masks = true};
  load(cores(1), kMasks);
  const auto expected = serial_detections();
  load(cores(1, {{0, "fail", 4}}), kMasks);  // Three programs a frame: each of them fails in its turn
  StageGraph graph({.max_items = 6});
  int failed = 0;
  stream(
      graph, 30, [&](int i) { return item(static_cast<std::uint32_t>(i) % kPictures); },
      [&](int i, const Item& out) {
        if (out.error) {
          ++failed;
          EXPECT_THAT(text_of(out.error), HasSubstr("injected"));
        } else {
          EXPECT_EQ(out.frame->detections, expected[static_cast<std::size_t>(i) % kPictures]);
        }
      });
  EXPECT_GT(failed, 10);
  EXPECT_LT(failed, 30);
  for (std::uint32_t seed = 0; seed < 4; ++seed) ASSERT_TRUE(graph.push(item(seed)));
  graph.flush();
  EXPECT_EQ(graph.pop(), nullptr);
}

TEST_F(StageGraphTest, AFailureKeepsItsPlaceAndTouchesNoOtherFrame) {
  load(cores(1));
  const auto expected = serial_detections();
  load(cores(1, {{0, "fail", 7}}));
  StageGraph graph({.max_items = 6});
  int failed = 0;
  stream(
      graph, 60, [&](int i) { return item(static_cast<std::uint32_t>(i) % kPictures); },
      [&](int i, const Item& out) {
        EXPECT_EQ(out.number, static_cast<std::uint64_t>(i));
        if (out.error) {
          ++failed;
          EXPECT_THAT(text_of(out.error), HasSubstr("injected"));
          EXPECT_TRUE(out.frame->detections.empty());
        } else {
          EXPECT_EQ(out.frame->detections, expected[static_cast<std::size_t>(i) % kPictures]);
        }
      });
  EXPECT_GT(failed, 5);
  EXPECT_LT(failed, 30);
  EXPECT_EQ(graph.counters().failed, static_cast<std::uint64_t>(failed));
}

TEST_F(StageGraphTest, WhatAPayloadThrowsIsItsItemsError) {
  load(cores(1));
  StageGraph graph({});
  auto bad = item(1);
  static_cast<PicturePayload&>(*bad->payload).on_finish = [](const Frame&) {
    throw engine::Error("no room to draw");
  };
  auto blind = item(1);
  blind->payload.reset();
  ASSERT_TRUE(graph.push(std::move(bad)));
  ASSERT_TRUE(graph.push(std::move(blind)));
  ASSERT_TRUE(graph.push(item(1)));
  EXPECT_EQ(text_of(graph.pop()->error), "no room to draw");
  EXPECT_THAT(text_of(graph.pop()->error), HasSubstr("pixels cannot be read"));
  EXPECT_EQ(text_of(graph.pop()->error), "");
}

TEST_F(StageGraphTest, FinishRunsOnceForFramesThatWentWellOnly) {
  load(cores(1, {{0, "fail", 3}}));  // Two executions warm up; the third is the first frame's backbone.
  StageGraph graph({});
  std::atomic<int> finished{0};
  for (const bool fails :
       {true, false}) {  // One after the other: in flight together, either may meet the core first.
    auto made = item(1);
    static_cast<PicturePayload&>(*made->payload).on_finish = [&](const Frame&) { ++finished; };
    ASSERT_TRUE(graph.push(std::move(made)));
    EXPECT_EQ(graph.pop()->error != nullptr, fails);
  }
  EXPECT_EQ(finished.load(), 1);
}

TEST_F(StageGraphTest, ASecondWriterIsRefusedInItsItemAndTheFirstIsUnharmed) {
  load(cores(1));
  const auto expected = detections_of(1);
  StageGraph first({.first = StageId::kBackboneRpn});
  StageGraph second({.first = StageId::kBackboneRpn});
  const auto shared = frame_before(StageId::kBackboneRpn, 1);
  auto one = std::make_unique<Item>();
  one->frame = shared;
  auto two = std::make_unique<Item>();
  two->frame = shared;
  ASSERT_TRUE(first.push(std::move(one)));
  ASSERT_TRUE(second.push(std::move(two)));
  EXPECT_THAT(text_of(second.pop()->error), HasSubstr("tee"));
  const auto out = first.pop();
  EXPECT_EQ(text_of(out->error), "");
  EXPECT_EQ(out->frame->detections, expected);
}

TEST_F(StageGraphTest, AnErrorThatAFrameArrivesWithTravelsOn) {
  load(cores(1));
  StageGraph graph({.first = StageId::kProposals, .last = StageId::kRoiAlign});
  auto failed = std::make_unique<Item>();
  failed->frame = frame();
  failed->error = std::make_exception_ptr(engine::DeviceError("core 0 broke"));
  ASSERT_TRUE(graph.push(std::move(failed)));
  EXPECT_EQ(text_of(graph.pop()->error), "core 0 broke");
}

TEST_F(StageGraphTest, PushWaitsWhileFullAndFlushReleasesIt) {
  load(cores(1));
  StageGraph graph({.max_items = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(graph.push(event()));
  auto fourth = std::async(std::launch::async, [&] { return graph.push(event()); });
  EXPECT_EQ(fourth.wait_for(milliseconds(30)), std::future_status::timeout);
  EXPECT_EQ(graph.counters().inside, 3);
  graph.flush();
  EXPECT_FALSE(fourth.get());
  EXPECT_EQ(graph.pop(), nullptr);
  EXPECT_FALSE(graph.push(event()));
  EXPECT_FALSE(graph.wait_drained());
  graph.restart();
  ASSERT_TRUE(graph.push(event()));
  EXPECT_EQ(graph.pop()->number, 0U);
}

TEST_F(StageGraphTest, NeitherFlushNorTheEndWaitsForACore) {
  load(cores(1, {{0, "stuck", 3}}));  // Two executions warm up; no frame gets past this core.
  FramePool slots(4);
  const auto began = Clock::now();
  {
    StageGraph graph({});
    for (int i = 0; i < 4; ++i) {
      auto made = std::make_unique<Item>();
      made->frame = slots.acquire();
      made->frame->session = session_;
      made->payload = std::make_unique<PicturePayload>(static_cast<std::uint32_t>(i));
      ASSERT_TRUE(graph.push(std::move(made)));
    }
    auto popping = std::async(std::launch::async, [&] { return graph.pop() == nullptr; });
    while (pool_->status()[0].total.queue_depth < 3) std::this_thread::sleep_for(milliseconds(1));
    graph.flush();
    EXPECT_TRUE(popping.get());
  }
  EXPECT_LT(Clock::now() - began, seconds(10)) << "something waited for the timeout of 30 s";
  EXPECT_EQ(slots.in_flight(), 0) << "discarded frames kept their slots";
}

TEST_F(StageGraphTest, AHundredFlushesWhileFullLoseNothing) {
  load(cores(2));
  const auto expected = detections_of(2);
  FramePool slots(3);
  StageGraph graph({.max_items = 4});
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::thread producer([&] {
      for (;;) {
        auto frame = slots.acquire();
        if (!frame) return;
        auto made = std::make_unique<Item>();
        made->frame = std::move(frame);
        made->frame->session = session_;
        made->payload = std::make_unique<PicturePayload>(2);
        if (!graph.push(std::move(made))) return;
      }
    });
    std::thread consumer([&] {
      std::uint64_t next = 0;
      while (const auto out = graph.pop()) {
        EXPECT_EQ(out->number, next++);
        EXPECT_EQ(text_of(out->error), "");
        EXPECT_EQ(out->frame->detections, expected);
        graph.popped();
      }
    });
    std::this_thread::sleep_for(microseconds(random() % 8000));
    slots.set_cancelled(true);
    graph.flush();
    producer.join();
    consumer.join();
    slots.set_cancelled(false);
    graph.restart();
  }
  ASSERT_TRUE(graph.push(item(2)));
  const auto last = graph.pop();
  EXPECT_EQ(last->number, 0U);
  EXPECT_EQ(last->frame->detections, expected);
  for (int i = 0; i < 1000 && slots.in_flight() > 0; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(slots.in_flight(), 0);
}

#ifdef __SANITIZE_THREAD__
constexpr int kSteadyFrames = 100;  // Each takes ten times as long.
#else
constexpr int kSteadyFrames = 300;
#endif

struct InFlight {
  int frames;
  tests::TinyModelOptions model;
};
class StageGraphMemoryTest : public StageGraphTest, public testing::WithParamInterface<InFlight> {};

TEST_P(StageGraphMemoryTest, NothingIsAllocatedAfterTheFirstFrame) {
  load(cores(2), GetParam().model);
  FramePool slots(GetParam().frames);
  StageGraph graph({.max_items = GetParam().frames});
  std::mt19937 random(3);
  std::uint64_t misses = 0;
  stream(
      graph, kSteadyFrames,
      [&](int i) {
        auto made = item(static_cast<std::uint32_t>(i) % kPictures, microseconds(random() % 1000));
        made->frame = slots.acquire();
        made->frame->session = session_;
        return made;
      },
      [&](int i, const Item& out) {
        EXPECT_EQ(text_of(out.error), "");
        if (i == 0) misses = session_->pool_misses();
        EXPECT_EQ(session_->pool_misses(), misses) << "frame " << i;
      });
}

INSTANTIATE_TEST_SUITE_P(StageGraph, StageGraphMemoryTest,
                         testing::Values(InFlight{1, {}}, InFlight{64, {}}, InFlight{64, {.masks = true}}),
                         [](const auto& named) {
                           return std::to_string(named.param.frames) + "InFlight" +
                                  (named.param.model.masks ? "WithMasks" : "");
                         });

TEST_F(StageGraphTest, DrainingWaitsForWhatThePopperPassesOn) {
  load(cores(1));
  StageGraph graph({});
  EXPECT_TRUE(graph.wait_drained());
  ASSERT_TRUE(graph.push(item(1)));
  auto drained = std::async(std::launch::async, [&] { return graph.wait_drained(); });
  auto out = graph.pop();
  EXPECT_EQ(drained.wait_for(milliseconds(20)), std::future_status::timeout);
  graph.popped();
  graph.popped();  // One too many counts for nothing.
  EXPECT_TRUE(drained.get());
}

TEST_F(StageGraphTest, TheThresholdTakesEffectWithTheNextFrame) {
  load(cores(1));
  StageGraph graph({});
  graph.set_score_threshold(1.f);
  ASSERT_TRUE(graph.push(item(1)));
  EXPECT_TRUE(graph.pop()->frame->detections.empty());
  graph.set_score_threshold(-1.f);
  ASSERT_TRUE(graph.push(item(1)));
  EXPECT_FALSE(graph.pop()->frame->detections.empty());
}

// Frames may wait long for their turn to leave, or for downstream to take them: nobody's batch waits
// meanwhile.
TEST_F(StageGraphTest, BatchesDoNotWaitForAFrameThatIsThrough) {
  load(cores(1));
  StageGraph graph({});
  auto admission = std::make_shared<int>(0);
  const std::weak_ptr<int> admitted = admission;
  auto one = item(1);
  one->frame->admission = std::move(admission);
  ASSERT_TRUE(graph.push(std::move(one)));
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (!admitted.expired() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(admitted.expired());
  EXPECT_NE(graph.pop(), nullptr);
}

TEST(StageGraph, AnUnusedGraphGoesAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) StageGraph graph({});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10))
      << "milliseconds, unless one waits";
}

TEST(StageGraph, RefusesStagesThatRunBackwards) {
  EXPECT_THROW(StageGraph({.first = StageId::kRoiAlign, .last = StageId::kProposals}), engine::SettingError);
  EXPECT_THROW(StageGraph({.max_items = 0}), engine::SettingError);
}

// As under `taskset -c 0`: TBB would start no worker there by itself, and nothing would ever run.
TEST(StageGraphDeathTest, WorksOnASingleCpu) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        cpu_set_t allowed;
        sched_getaffinity(0, sizeof(allowed), &allowed);
        int cpu = 0;
        while (!CPU_ISSET(cpu, &allowed)) ++cpu;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof(one), &one);
        alarm(60);  // A hang ends as a signal.
        engine::CorePool pool(cores(2));
        SessionOptions options;
        options.model = tests::tiny_model();
        const auto session = Session::create(options, pool);
        int good = 0;
        {
          StageGraph graph({});
          stream(
              graph, 20,
              [&](int i) {
                auto made = std::make_unique<Item>();
                made->frame = std::make_shared<Frame>();
                made->frame->session = session;
                made->payload = std::make_unique<PicturePayload>(static_cast<std::uint32_t>(i));
                return made;
              },
              [&](int, const Item& out) { good += out.error ? 0 : 1; });
        }
        std::exit(good == 20 ? 42 : 1);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace rcnn::pipeline
