// SPDX-License-Identifier: MIT
// drop-policy=late: which frames are late, of files and behind live sources that have a latency of their own.
#include <gmock/gmock.h>

#include "elements/entrance.hpp"  // The part that knows how late a frame is.
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using testing::ElementsAre;
using testing::Pair;
using tests::Harness;

// Its clock stands at 1 s; frame n is due n / 30 s after the start, and late by what is left beyond 200 ms.
class Deadline : public tests::GstTest {
 protected:
  static std::vector<std::string> entrances() {
    const std::string settings = "max-in-flight=2 drop-policy=late deadline=200000000";
    return {"neuronrcnn " + settings + tests::with_model(), tests::six(" ! ", settings)};
  }
  static void start(Harness& harness) {
    gst_harness_use_testclock(harness.get());
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    gst_harness_set_time(harness.get(), GST_SECOND);
  }
  /// Number and DISCONT of those that enter.
  static std::vector<std::pair<int, bool>> entering(Harness& harness, const std::vector<int>& numbers) {
    for (const int number : numbers) {
      EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, number)), GST_FLOW_OK);
    }
    int dropped = 0;
    while (!harness.message(GST_MESSAGE_QOS, 0).empty()) ++dropped;
    std::vector<std::pair<int, bool>> all;
    for (int left = static_cast<int>(numbers.size()) - dropped; left > 0; --left) {
      const BufferPtr buffer = harness.pull();
      all.emplace_back(buffer ? static_cast<int>(GST_BUFFER_OFFSET(buffer.get())) : -1,
                       buffer && GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT));
    }
    return all;
  }
};

TEST_F(Deadline, DropsWhatIsPastIt) {
  for (const auto& stages : entrances()) {
    Harness harness(stages);
    start(harness);
    // 333, 233 and 167 ms late; early.
    EXPECT_THAT(entering(harness, {20, 23, 25, 40}), ElementsAre(Pair(25, true), Pair(40, false)));
  }
}

// Sinks show a live source's frames by so much later: a frame that took its time on the way is not late.
TEST_F(Deadline, CountsFromUpstreamsLatencyOn) {
  for (const auto& stages : entrances()) {
    Harness harness(stages);
    gst_harness_set_upstream_latency(harness.get(), 300 * GST_MSECOND);
    start(harness);
    // 533, 333 and 167 ms after they were due.
    EXPECT_THAT(entering(harness, {14, 20, 25}), ElementsAre(Pair(20, true), Pair(25, false)));
  }
}

TEST_F(Deadline, AsksForUpstreamsLatencyAgainOnceItIsSharedOutAnewAndNotForEachFrame) {
  for (const auto& stages : entrances()) {
    Harness harness(stages);
    std::atomic<int> asked{0};
    gst_pad_add_probe(
        harness.get()->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer count) {
          if (GST_QUERY_TYPE(GST_PAD_PROBE_INFO_QUERY(info)) == GST_QUERY_LATENCY &&
              (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_PUSH) != 0) {
            ++*static_cast<std::atomic<int>*>(count);
          }
          return GST_PAD_PROBE_OK;
        },
        &asked, nullptr);
    start(harness);
    EXPECT_THAT(entering(harness, {20, 25, 26, 27}),
                ElementsAre(Pair(25, true), Pair(26, false), Pair(27, false)));
    EXPECT_EQ(asked, 1);
    gst_harness_set_upstream_latency(harness.get(), 300 * GST_MSECOND);
    gst_harness_push_upstream_event(harness.get(), gst_event_new_latency(400 * GST_MSECOND));
    EXPECT_THAT(entering(harness, {14, 20}), ElementsAre(Pair(20, true)));
    EXPECT_EQ(asked, 2);
  }
}

}  // namespace
}  // namespace rcnn::elements
