// SPDX-License-Identifier: MIT
// Long runs, shortened: RCNN_ENDURANCE=1 runs them at full length (some minutes).
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "elements/stage_flow.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/stats.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::elements {
namespace {

using Endurance = tests::GstTest;
using tests::Pipeline;

int times(int shortened, int full) { return std::getenv("RCNN_ENDURANCE") == nullptr ? shortened : full; }

const std::string kEndless = "videotestsrc ! video/x-raw,format=BGR,width=96,height=64,framerate=1000/1 ! ";

// In KiB. Without the pages of files, which the system takes and gives back as it likes.
long resident_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) {
      return std::stol(line.substr(8));
    }
  }
  ADD_FAILURE() << "no RssAnon";
  return 0;
}

long threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// Resident memory has grown by 5 % at most since it was `before`, and by `allowance` KiB.
void expect_flat(long before, long allowance) {
  testing::Test::RecordProperty("resident_kib_before", std::to_string(before));
  testing::Test::RecordProperty("resident_kib_after", std::to_string(resident_memory()));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // They keep what was freed, to watch it.
  EXPECT_LT(static_cast<double>(resident_memory()),
            static_cast<double>(before) * 1.05 + static_cast<double>(allowance));
#else
  EXPECT_GT(before, 0) << allowance;
#endif
}

class SlowSink : public Endurance, public testing::WithParamInterface<int> {};

// The sink takes 50 frames a second, the source would give thousands.
TEST_P(SlowSink, StopsTheSourceWhileMemoryAndThreadsStayAsTheyAre) {
  const int slots = GetParam();
  Pipeline pipeline(
      kEndless +
      tests::six(" ! queue max-size-buffers=2 ! ", "name=first max-in-flight=" + std::to_string(slots)) +
      " ! identity sleep-time=20000 ! fakesink name=out sync=false");
  const ElementPtr first = pipeline.named("first");
  ASSERT_TRUE(pipeline.reaches(GST_STATE_PLAYING));
  const int warm = times(50, 1000);
  ASSERT_TRUE(tests::eventually([&] { return pipeline.count() > warm; }, std::chrono::minutes(5)));
  const long memory = resident_memory();
  const long threads = threads_of_process();
  const guint64 misses = tests::Stats(first.get()).count("pool-misses");
  const int goal = warm + times(100, 10000);
  ASSERT_TRUE(tests::eventually([&] { return pipeline.count() > goal; }, std::chrono::minutes(30)));
  const tests::Stats stats(first.get());
  EXPECT_EQ(stats.count("pool-misses"), misses);
  EXPECT_GE(stats.number("in-flight"), slots - 1) << "it is the sink that the source waits for";
  EXPECT_LE(stats.count("in"), static_cast<guint64>(pipeline.count() + slots + 1));
  // By the end of a shortened warm-up not all of TBB's workers need have come; each brings a heap.
  const int late_workers = times(1 + static_cast<int>(std::thread::hardware_concurrency()), 0);
  expect_flat(memory, times(4096, 0));
  EXPECT_LE(threads_of_process(), threads + late_workers);
}

INSTANTIATE_TEST_SUITE_P(Endurance, SlowSink, testing::Values(4, 64),
                         [](const auto& slots) { return std::to_string(slots.param) + "InFlight"; });

TEST_F(Endurance, RandomSeeksOnAFileLeaveNothingBehind) {
  const std::string clip = tests::source_file("media/clip.mp4");
  Pipeline pipeline("filesrc location=" + clip + " ! decodebin ! videoconvert ! videoscale ! " +
                    "video/x-raw,format=BGR,width=96,height=64 ! " + tests::six() +
                    " ! fakesink name=out sync=false");
  ASSERT_TRUE(pipeline.reaches(GST_STATE_PAUSED));
  gint64 length = 0;
  ASSERT_TRUE(gst_element_query_duration(pipeline.get(), GST_FORMAT_TIME, &length));
  std::atomic<GstClockTime> first{0};
  std::atomic<bool> next{false};
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    if (next.exchange(false)) {
      first = GST_BUFFER_PTS(buffer);
    }
  };
  std::mt19937 random(11);
  for (int i = 0; i < times(10, 100); ++i) {
    const auto target = static_cast<gint64>(random() % static_cast<std::uint64_t>(length * 9 / 10));
    const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    pipeline.set(i % 2 == 0 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    ASSERT_TRUE(gst_element_seek_simple(pipeline.get(), GST_FORMAT_TIME, flags, target));
    next = true;  // Frames that were under way when the seek began are gone once it returns.
    ASSERT_TRUE(tests::eventually([&] { return !next; })) << "seek " << i;
    EXPECT_GE(first + GST_SECOND / 10, static_cast<GstClockTime>(target)) << "a frame of before the seek";
  }
  EXPECT_EQ(pipeline.wait(GST_MSECOND).errors, 0);
}

TEST_F(Endurance, StateCyclesNeitherHangNorLeak) {
  Pipeline pipeline(kEndless + "neuronrcnn" + tests::with_model() + " ! fakesink name=out sync=false");
  const auto cycle = [&](GstState low, GstState high, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(pipeline.reaches(high)) << i;
      ASSERT_TRUE(pipeline.reaches(low)) << i;
      pipeline.clear_bus();
    }
  };
  // Each thread's heap takes some cycles to reach its size: 1,100 of them take no more than the first thirty.
  cycle(GST_STATE_NULL, GST_STATE_PLAYING, 20);
  cycle(GST_STATE_READY, GST_STATE_PAUSED, 10);
  const long memory = resident_memory();
  const long threads = threads_of_process();
  cycle(GST_STATE_NULL, GST_STATE_PLAYING, times(5, 100));
  cycle(GST_STATE_READY, GST_STATE_PAUSED, times(10, 1000));
  pipeline.set(GST_STATE_NULL);
  expect_flat(memory, 24576);  // Of new threads' heaps.
  // TBB's and OpenMP's workers come when there is work for them, and one more of GLib's own pool may.
  EXPECT_LE(threads_of_process(), threads + 1 + std::thread::hardware_concurrency());
}

TEST_F(Endurance, StreamsComeAndGoWhileOthersPlay) {
  Pipeline steady(kEndless + tests::six() + " ! fakesink name=out sync=false");
  ASSERT_TRUE(steady.reaches(GST_STATE_PLAYING));
  for (int i = 0; i < times(8, 1000); ++i) {
    // Some end, some fail, some are flushed again and again and torn down amid their frames.
    const char* last = i % 3 == 0 ? " ! identity error-after=3 ! fakesink" : " ! fakesink sync=false";
    Pipeline guest((i % 3 == 1 ? "videotestsrc num-buffers=3 ! video/x-raw,format=BGR,width=96,height=64 ! "
                               : kEndless) +
                   "neuronrcnn name=out" + tests::with_model() + last);
    guest.set(GST_STATE_PLAYING);
    ASSERT_TRUE(tests::eventually([&] { return guest.count() >= 3; })) << i;
    for (int seek = 0; i % 3 == 2 && seek < 3; ++seek) {
      EXPECT_TRUE(gst_element_seek_simple(guest.get(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
    }
  }
  const int before = steady.count();
  EXPECT_TRUE(tests::eventually([&] { return steady.count() > before + 5; }));
  EXPECT_EQ(steady.wait(GST_MSECOND).error, "");
}

TEST_F(Endurance, NoStreamGetsLessThanHalfOfItsShare) {
  constexpr int kStreams = 8;
  std::vector<std::unique_ptr<Pipeline>> streams;
  for (int i = 0; i < kStreams;
       ++i) {  // Eight formats, rates and depths; every one asks for more than there is.
    streams.push_back(std::make_unique<Pipeline>(
        "videotestsrc ! video/x-raw,format=BGR,width=" + std::to_string(64 + 16 * i) +
        ",height=64,framerate=" + std::to_string(300 + 100 * i) + "/1 ! neuronrcnn" + tests::with_model() +
        " ! fakesink name=out sync=false"));
    ASSERT_TRUE(streams.back()->reaches(GST_STATE_PLAYING));
  }
  std::array<int, kStreams> before{};
  for (std::size_t i = 0; i < kStreams; ++i) {
    before.at(i) = streams[i]->count();
  }
  std::array<int, kStreams> played{};
  int all = 0;
  const int goal = times(200, 10000);
  ASSERT_TRUE(tests::eventually(
      [&] {
        all = 0;
        for (std::size_t i = 0; i < kStreams; ++i) {
          played.at(i) = streams[i]->count() - before.at(i);
          all += played.at(i);
        }
        return all >= goal;
      },
      std::chrono::minutes(5)));
  for (const int frames : played) {
    EXPECT_GE(frames, all / kStreams / 2) << testing::PrintToString(played);
  }
}

}  // namespace
}  // namespace rcnn::elements
