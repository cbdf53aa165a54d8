// SPDX-License-Identifier: MIT
// Order and untouched buffers where frames overtake each other: eight cores, each busy for random times.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <future>
#include <random>

#include "engine/runtime/core_pool.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/own_process.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::elements {
namespace {

constexpr int kCores = 8;
constexpr int kPictures = 5;  // Take turns.
constexpr int kWidth = 96;
constexpr int kHeight = 64;
#ifdef __SANITIZE_THREAD__
constexpr int kFrames = 60;  // Each takes ten times as long.
#else
constexpr int kFrames = 200;
#endif

/// Keeps every core of the process busy for random times between the frames' programs.
class RandomDelays {
 public:
  RandomDelays() {
    for (int core = 0; core < kCores; ++core) {
      threads_.emplace_back([this, core] { delay(core); });
    }
  }
  ~RandomDelays() {
    stop_ = true;
    for (auto& thread : threads_) thread.join();
  }
  RandomDelays(const RandomDelays&) = delete;
  RandomDelays& operator=(const RandomDelays&) = delete;

 private:
  void delay(int core) {
    const auto programs = engine::CorePool::process().load({{"test:delay", &threads_, 0, 64}}, {core},
                                                           engine::Placement::kReplicate);
    std::mt19937 random(static_cast<unsigned>(core));
    while (!stop_) {
      const std::chrono::microseconds span(random() % 6000);
      auto [execution, done] = engine::execution_of([span](auto) { std::this_thread::sleep_for(span); });
      programs->submit(0, std::move(execution));
      EXPECT_EQ(engine::message_of(done), "");
    }
  }
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// All that a buffer says of itself, and what was found in it.
struct Traits {
  GstClockTime pts, dts, duration;
  guint64 offset, offset_end;
  guint flags;
  std::vector<std::array<float, 5>> found;
  bool operator==(const Traits&) const = default;
};

Traits traits_of(GstBuffer* buffer) {
  // Whose memory it is, is not the stream's business.
  const auto flags = GST_BUFFER_FLAGS(buffer) & ~static_cast<guint>(GST_BUFFER_FLAG_TAG_MEMORY);
  Traits traits{GST_BUFFER_PTS(buffer),
                GST_BUFFER_DTS(buffer),
                GST_BUFFER_DURATION(buffer),
                GST_BUFFER_OFFSET(buffer),
                GST_BUFFER_OFFSET_END(buffer),
                flags,
                {}};
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnDetection& d = meta->detections[i];
    traits.found.push_back({d.x0, d.y0, d.x1, d.y1, d.score});
  }
  return traits;
}

/// Times jump, some are missing, durations and flags differ from frame to frame.
BufferPtr frame(int number) {
  std::mt19937 random(static_cast<unsigned>(number));
  BufferPtr buffer = tests::picture(kWidth, kHeight, GST_VIDEO_FORMAT_BGR, number % kPictures);
  GST_BUFFER_PTS(buffer.get()) = random() % 7 == 0 ? GST_CLOCK_TIME_NONE : random() % GST_SECOND;
  GST_BUFFER_DTS(buffer.get()) = random() % 2 == 0 ? GST_CLOCK_TIME_NONE : random() % GST_SECOND;
  GST_BUFFER_DURATION(buffer.get()) = random() % 3 == 0 ? GST_CLOCK_TIME_NONE : random() % GST_SECOND;
  GST_BUFFER_OFFSET(buffer.get()) = static_cast<guint64>(number);
  GST_BUFFER_OFFSET_END(buffer.get()) = random();
  for (const auto flag : {GST_BUFFER_FLAG_LIVE, GST_BUFFER_FLAG_DISCONT, GST_BUFFER_FLAG_RESYNC,
                          GST_BUFFER_FLAG_CORRUPTED, GST_BUFFER_FLAG_MARKER, GST_BUFFER_FLAG_HEADER,
                          GST_BUFFER_FLAG_DROPPABLE, GST_BUFFER_FLAG_DELTA_UNIT}) {
    if (random() % 2 == 0) {
      GST_BUFFER_FLAG_SET(buffer.get(), flag);
    }
  }
  return buffer;
}

/// What goes in and, in this order, has to come out.
std::vector<Traits> expected() {
  tests::Harness harness("neuronrcnn max-in-flight=1" + tests::with_model());
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  std::vector<std::vector<std::array<float, 5>>> found;
  for (int i = 0; i < kPictures; ++i) {
    EXPECT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    found.push_back(traits_of(harness.pull().get()).found);
    EXPECT_FALSE(found.back().empty());
  }
  std::vector<Traits> all;
  for (int i = 0; i < kFrames; ++i) {
    all.push_back(traits_of(frame(i).get()));
    all.back().found = found.at(static_cast<std::size_t>(i % kPictures));
  }
  return all;
}

std::vector<Traits> played(const std::string& stages) {
  tests::Harness harness(stages);
  harness.set_caps(tests::caps_of(kWidth, kHeight, "BGR"));
  const RandomDelays delays;
  std::thread source([&] {
    for (int i = 0; i < kFrames; ++i) {
      EXPECT_EQ(harness.push(frame(i)), GST_FLOW_OK);
    }
  });
  std::vector<Traits> all;
  for (int i = 0; i < kFrames; ++i) {
    const BufferPtr buffer = harness.pull();
    if (!buffer) {
      ADD_FAILURE() << "no frame came after " << i;
      break;
    }
    all.push_back(traits_of(buffer.get()));
  }
  source.join();
  return all;
}

/// On how many cores the model has run.
int cores_used() {
  int used = 0;
  for (const auto& core : engine::CorePool::process().status()) {
    const auto ran = [](const auto& program) {
      return program.first != "test:delay" && program.second.executions > 2;  // Two warm it up.
    };
    used += std::ranges::any_of(core.programs, ran) ? 1 : 0;
  }
  return used;
}

void expect_order_and_traits() {
  const auto all = expected();
  const std::string slots = "max-in-flight=16 ";
  EXPECT_TRUE(played("neuronrcnn " + slots + tests::with_model()) == all) << "neuronrcnn";
  EXPECT_TRUE(played(tests::six(" ! ", slots)) == all) << "six elements";
  EXPECT_TRUE(played(tests::six(" ! queue ! ", slots)) == all) << "six elements with queues between";
  EXPECT_EQ(cores_used(), kCores);
}

using OrderDeathTest = tests::GstTest;

TEST_F(OrderDeathTest, OutputIsInputUnderRandomDelaysOnEightCores) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", std::to_string(kCores)}}, expect_order_and_traits);
}

}  // namespace
}  // namespace rcnn::elements
