// SPDX-License-Identifier: MIT
#include "elements/stage_queries.hpp"  // First: proves the header is self-contained.

#include "elements/stage_caps.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/latency.hpp"

namespace rcnn::elements {
namespace {

using StageQueries = tests::GstTest;

using tests::Latency;
using tests::latency_behind;

TEST_F(StageQueries, PassesWhatDownstreamWantsUpstreamWithItsOwnFeature) {
  tests::Harness harness("roi-align");
  gst_harness_set_sink_caps_str(harness.get(), tests::caps_of(70, 50, "BGR", "meta:RcnnPooled").c_str());
  const CapsPtr caps(gst_pad_peer_query_caps(harness.get()->srcpad, nullptr));
  const CapsPtr expected(gst_caps_from_string(tests::caps_of(70, 50, "BGR", "meta:RcnnProposals").c_str()));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), expected.get())) << TextPtr(gst_caps_to_string(caps.get())).get();
}

TEST_F(StageQueries, PassesWhatUpstreamHasDownstreamAndFilters) {
  tests::Harness harness("roi-align");
  harness.set_caps(tests::caps_of(70, 50, "BGR", "meta:RcnnProposals"));
  const CapsPtr filter(gst_caps_from_string("video/x-raw(memory:SystemMemory, meta:RcnnPooled), width=70"));
  const CapsPtr caps(gst_pad_peer_query_caps(harness.get()->sinkpad, filter.get()));
  const CapsPtr expected(gst_caps_from_string(tests::caps_of(70, 50, "BGR", "meta:RcnnPooled").c_str()));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), expected.get())) << TextPtr(gst_caps_to_string(caps.get())).get();
  const CapsPtr other(gst_caps_from_string("video/x-raw, width=70"));
  EXPECT_TRUE(gst_caps_is_empty(CapsPtr(gst_pad_peer_query_caps(harness.get()->sinkpad, other.get())).get()));
}

TEST_F(StageQueries, AnswersAllocationAtTheEntrance) {
  tests::Harness harness("neuronrcnn max-in-flight=5" + tests::with_model());
  const CapsPtr caps(gst_caps_from_string(tests::caps_of(320, 240, "RGB").c_str()));
  const QueryPtr query(gst_query_new_allocation(caps.get(), TRUE));
  ASSERT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query.get()));
  ASSERT_EQ(gst_query_get_n_allocation_pools(query.get()), 1u);
  GstBufferPool* pool = nullptr;
  guint size = 0;
  guint least = 0;
  guint most = 1;
  gst_query_parse_nth_allocation_pool(query.get(), 0, &pool, &size, &least, &most);
  EXPECT_EQ(pool, nullptr);
  EXPECT_EQ(size, 320u * 240 * 3);
  EXPECT_EQ(least, 7u);
  EXPECT_EQ(most, 0u) << "unlimited: frames are held for as long as the stages take";
}

// Upstream's memory goes on downstream: only there is it known whether GstVideoMeta is read, and what
// padding would be welcome.
TEST_F(StageQueries, OffersTheVideoMetaWhereDownstreamDoes) {
  for (const std::string& line : {"neuronrcnn" + tests::with_model(), tests::six()}) {
    for (const bool offered : {false, true}) {
      tests::Harness harness(line);
      if (offered) {
        GstStructure* wishes = gst_structure_new("video-meta", "padding-left", G_TYPE_UINT, 8, nullptr);
        gst_harness_add_propose_allocation_meta(harness.get(), GST_VIDEO_META_API_TYPE, wishes);
        gst_structure_free(wishes);
      }
      harness.set_caps(tests::caps_of(96, 64, "RGB"));
      const CapsPtr caps(gst_caps_from_string(tests::caps_of(96, 64, "RGB").c_str()));
      const QueryPtr query(gst_query_new_allocation(caps.get(), TRUE));
      ASSERT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query.get())) << line;
      guint index = 0;
      const bool found = gst_query_find_allocation_meta(query.get(), GST_VIDEO_META_API_TYPE, &index);
      ASSERT_EQ(found, offered) << line;
      EXPECT_EQ(gst_query_get_n_allocation_metas(query.get()), offered ? 1u : 0u);
      if (!offered) continue;
      const GstStructure* passed = nullptr;
      gst_query_parse_nth_allocation_meta(query.get(), index, &passed);
      guint left = 0;
      ASSERT_NE(passed, nullptr);
      EXPECT_TRUE(gst_structure_get_uint(passed, "padding-left", &left));
      EXPECT_EQ(left, 8u);
    }
  }
}

TEST_F(StageQueries, GivesNoPoolBetweenTheStages) {
  tests::Harness harness("roi-align");
  harness.set_caps(tests::caps_of(320, 240, "RGB", "meta:RcnnProposals"));
  const CapsPtr caps(gst_caps_from_string(tests::caps_of(320, 240, "RGB", "meta:RcnnProposals").c_str()));
  const QueryPtr query(gst_query_new_allocation(caps.get(), TRUE));
  EXPECT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query.get()));
  EXPECT_EQ(gst_query_get_n_allocation_pools(query.get()), 0u);
}

TEST_F(StageQueries, DrainWaitsUntilEverythingIsPushed) {
  tests::Harness harness(tests::six());
  harness.set_caps(tests::caps_of(96, 64, "RGB"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_RGB, i)), GST_FLOW_OK);
  }
  const QueryPtr query(gst_query_new_drain());
  EXPECT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query.get()));
  EXPECT_EQ(gst_harness_buffers_in_queue(harness.get()), 3u);
}

TEST_F(StageQueries, DrainFailsWhenNothingFlows) {
  const ElementPtr element(gst_element_factory_make("roi-align", nullptr));
  const PadPtr sink(gst_element_get_static_pad(element.get(), "sink"));
  const QueryPtr query(gst_query_new_drain());
  EXPECT_FALSE(gst_pad_query(sink.get(), query.get()));
}

TEST_F(StageQueries, LatencyStartsFromTheWarmUpAndRaisesTheMaximumByTheSlots) {
  tests::Harness harness("neuronrcnn max-in-flight=3" + tests::with_model());
  harness.set_caps(tests::caps_of(96, 64, "RGB"));
  const Latency latency = latency_behind(harness);
  EXPECT_TRUE(latency.live);
  EXPECT_GT(latency.least, 10 * GST_MSECOND);
  EXPECT_NEAR(static_cast<double>(latency.most), 20e6 + 3 * 1e9 / 30, 10);
}

// A frame is held for as long as it takes: an upstream that can wait for some frames only is no reason to
// call a pipeline impossible.
TEST_F(StageQueries, LatencyRaisesTheMaximumByNoLessThanTheMinimum) {
  tests::Harness harness("neuronrcnn max-in-flight=1" + tests::with_model());
  harness.set_caps("video/x-raw,format=RGB,width=96,height=64,framerate=0/1");
  const Latency latency = latency_behind(harness);
  EXPECT_GT(latency.least, 10 * GST_MSECOND);
  EXPECT_GE(latency.most - 20 * GST_MSECOND, latency.least - 10 * GST_MSECOND);
}

TEST_F(StageQueries, LatencyIsAnnouncedAgainAtMostOnceASecond) {
  tests::Harness harness(tests::six());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  int messages = 0;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, i)), GST_FLOW_OK);
    ASSERT_NE(harness.pull(), nullptr);
  }
  while (GstMessage* message = gst_bus_pop_filtered(harness.bus(), GST_MESSAGE_LATENCY)) {
    ++messages;
    gst_message_unref(message);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  constexpr int kElements = 6;
  EXPECT_GE(messages, 1) << "what was measured is not what was estimated";
  EXPECT_LE(messages, kElements * (1 + static_cast<int>(seconds.count())));
}

TEST_F(StageQueries, LatencyOfOtherStagesLeavesTheMaximumAlone) {
  tests::Harness harness("cpu-rpn-proposals");
  harness.set_caps(tests::caps_of(96, 64, "RGB", "meta:RcnnFeatures"));
  const Latency latency = latency_behind(harness);
  EXPECT_EQ(latency.least, 10 * GST_MSECOND) << "nothing measured yet";
  EXPECT_EQ(latency.most, 20 * GST_MSECOND);
}

}  // namespace
}  // namespace rcnn::elements
