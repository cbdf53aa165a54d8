// SPDX-License-Identifier: MIT
#include "elements/stage_stats.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include "tests/elements/gate.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/stats.hpp"

namespace rcnn::elements {
namespace {

using StageStatsTest = tests::GstTest;
using tests::Harness;
using tests::Stats;

BufferPtr frame(int number) { return tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, number); }

TEST_F(StageStatsTest, CountWhatCameWentFailedAndWasDropped) {
  Harness harness("neuronrcnn name=n max-in-flight=2 drop-policy=newest on-error=drop" + tests::with_model());
  const ElementPtr element = harness.named("n");
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  {
    tests::Gate gate(harness);
    for (int i = 0; i < 5; ++i) {
      ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    }
    const Stats stats(element.get());
    EXPECT_EQ(stats.count("in"), 5u);
    EXPECT_EQ(stats.count("dropped-newest"), 3u);
    EXPECT_EQ(stats.number("in-flight"), 2);
    gate.open();
    harness.pull();
    harness.pull();
  }
  EXPECT_TRUE(tests::eventually([&] { return Stats(element.get()).number("in-flight") == 0; }));
  BufferPtr broken(gst_buffer_new_allocate(nullptr, 10, nullptr));
  ASSERT_EQ(harness.push(std::move(broken)), GST_FLOW_OK);
  ASSERT_EQ(harness.push(frame(6)), GST_FLOW_OK);
  harness.pull();
  EXPECT_TRUE(tests::eventually([&] { return Stats(element.get()).number("in-flight") == 0; }));
  const Stats stats(element.get());
  EXPECT_EQ(stats.count("in"), 7u);
  EXPECT_EQ(stats.count("out"), 3u);
  EXPECT_EQ(stats.count("failed"), 1u);
  EXPECT_EQ(stats.count("dropped-error"), 1u);
  EXPECT_EQ(stats.count("dropped-oldest") + stats.count("dropped-late") + stats.count("dropped-qos"), 0u);
  EXPECT_EQ(stats.number("queued"), 0);
  EXPECT_GT(stats.count("p50"), 0u);
  EXPECT_LE(stats.count("p50"), stats.count("p95"));
  EXPECT_LE(stats.count("p95"), stats.count("p99"));
}

TEST_F(StageStatsTest, ShowTheCoresOfTheModelWithWhatTheyDid) {
  Harness harness("neuronrcnn name=n cores=0" + tests::with_model());
  const ElementPtr element = harness.named("n");
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  const auto core = [&] {
    const Stats stats(element.get());
    const GValue* cores = stats.value("cores");
    EXPECT_EQ(gst_value_array_get_size(cores), 1u);
    const GstStructure* first = gst_value_get_structure(gst_value_array_get_value(cores, 0));
    gint id = -1;
    guint64 busy = 0;
    guint64 executions = 0;
    EXPECT_TRUE(gst_structure_get_int(first, "id", &id));
    EXPECT_TRUE(gst_structure_get_uint64(first, "busy", &busy));
    EXPECT_TRUE(gst_structure_get_uint64(first, "executions", &executions));
    EXPECT_EQ(id, 0);
    return std::make_pair(busy, executions);
  };
  const auto before = core();
  ASSERT_EQ(harness.push(frame(0)), GST_FLOW_OK);
  harness.pull();
  const auto after = core();
  EXPECT_GT(after.first, before.first);
  EXPECT_EQ(after.second, before.second + 2) << "backbone and box head";
}

TEST_F(StageStatsTest, ShowThatFramesReuseTheMemoryOfThoseBefore) {
  Harness harness("neuronrcnn name=n max-in-flight=64" + tests::with_model());
  const ElementPtr element = harness.named("n");
  const auto misses_after = [&](int width) {
    harness.set_caps(tests::caps_of(width, 64, "BGR"));
    EXPECT_EQ(harness.push(tests::picture(width, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
    harness.pull();
    return Stats(element.get()).count("pool-misses");
  };
  const guint64 loaded = Stats(element.get()).count("pool-misses");
  const guint64 first = misses_after(96);
  EXPECT_GT(first, loaded) << "what 64 frames need";
  EXPECT_EQ(misses_after(96), first);
  EXPECT_EQ(misses_after(128), first) << "the network's size is the same";
}

TEST_F(StageStatsTest, StandOnEveryStageWithoutTheEntrancesFigures) {
  Harness harness(tests::six(" ! ", "name=first", "name=last"));
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    harness.pull();
  }
  const Stats first(harness.named("first").get());
  EXPECT_EQ(first.count("out"), 3u);
  EXPECT_TRUE(first.has("in-flight"));
  const Stats last(harness.named("last").get());
  EXPECT_EQ(last.count("in"), 3u);
  EXPECT_EQ(last.count("out"), 3u);
  EXPECT_FALSE(last.has("in-flight"));
  EXPECT_FALSE(last.has("cores"));
}

}  // namespace
}  // namespace rcnn::elements
