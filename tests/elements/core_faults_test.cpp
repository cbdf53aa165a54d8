// SPDX-License-Identifier: MIT
// Cores that fail while a pipeline plays: what becomes of the frames, and what the counters say of it.
#include <gmock/gmock.h>

#include "elements/stage_flow.hpp"
#include "tests/elements/own_process.hpp"
#include "tests/elements/stats.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::elements {
namespace {

using CoreFaultsDeathTest = tests::GstTest;
using testing::Contains;
using testing::HasSubstr;
using tests::Pipeline;

constexpr int kFrames = 60;

std::string video(const std::string& stages) {
  return "videotestsrc num-buffers=" + std::to_string(kFrames) +
         " ! video/x-raw,format=BGR,width=96,height=64 ! " + stages + " ! fakesink name=out sync=false";
}

/// A field of a core in an element's `stats`.
guint64 of_core(const tests::Stats& stats, guint core, const char* field) {
  const auto* structure = gst_value_get_structure(gst_value_array_get_value(stats.value("cores"), core));
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(structure, field, &value)) << field;
  return value;
}
bool in_service(const tests::Stats& stats, guint core) {
  gboolean value = FALSE;
  EXPECT_TRUE(gst_structure_get_boolean(
      gst_value_get_structure(gst_value_array_get_value(stats.value("cores"), core)), "in-service", &value));
  return value == TRUE;
}

TEST_F(CoreFaultsDeathTest, FramesThatACoreFailedAreDroppedAndCounted) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "0:fail:5"}}, [] {
    Pipeline pipeline(video("neuronrcnn name=n on-error=drop" + tests::with_model()));
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "eos") << outcome.error;
    EXPECT_THAT(outcome.warnings, Contains(HasSubstr("NEURON_EMU_FAULT")));
    const ElementPtr element = pipeline.named("n");
    const tests::Stats stats(element.get());
    const auto failed = stats.count("failed");
    EXPECT_GT(failed, 0U);
    EXPECT_EQ(stats.count("dropped-error"), failed);
    EXPECT_EQ(of_core(stats, 0, "failures"), failed);
    EXPECT_EQ(of_core(stats, 1, "failures"), 0U);
    EXPECT_EQ(stats.count("in"), static_cast<guint64>(kFrames));
    EXPECT_EQ(stats.count("out"), kFrames - failed);
    EXPECT_EQ(pipeline.count(), static_cast<int>(kFrames - failed));
  });
}

// The first core is the one that warming up begins with.
TEST_F(CoreFaultsDeathTest, PlaysOnTheOtherCoreWhereTheFirstNeverDoesWell) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "0:fail:1"}}, [] {
    Pipeline pipeline(video("neuronrcnn name=n on-error=drop" + tests::with_model()));
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "eos") << outcome.error;
    const ElementPtr element = pipeline.named("n");
    const tests::Stats stats(element.get());
    EXPECT_FALSE(in_service(stats, 0));
    EXPECT_GT(of_core(stats, 1, "executions"), 0U);
    EXPECT_GE(pipeline.count(), kFrames - 5) << "out of service after five failures";
  });
}

TEST_F(CoreFaultsDeathTest, ErrorsAreSaidWhereNoCoreDoesWell) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "0:fail:1,1:fail:1"}}, [] {
    Pipeline pipeline(video("neuronrcnn name=n on-error=drop" + tests::with_model()));
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "error");
    EXPECT_THAT(outcome.error, HasSubstr("NEURON_EMU_FAULT"));
  });
}

TEST_F(CoreFaultsDeathTest, FramesThatACoreFailedPassWithoutDetections) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "0:fail:5"}}, [] {
    Pipeline pipeline(video(tests::six(" on-error=pass ! ", "name=n", "on-error=pass")));
    std::atomic<int> bare{0};
    pipeline.on_buffer = [&](GstBuffer* buffer) {
      bare += rcnn_buffer_get_detections_meta(buffer) == nullptr ? 1 : 0;
    };
    EXPECT_EQ(pipeline.run().end, "eos");
    EXPECT_EQ(pipeline.count(), kFrames);
    const ElementPtr element = pipeline.named("n");
    EXPECT_GT(bare, 0);
    EXPECT_EQ(of_core(tests::Stats(element.get()), 0, "failures"), static_cast<guint64>(bare));
  });
}

// The next failure is some thirty frames away: on a busy machine several more enter before the first stage
// hears of one, and another stage that failed would rightly say so.
TEST_F(CoreFaultsDeathTest, OneErrorEndsAStreamThatMayNotFail) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "1"}, {"NEURON_EMU_FAULT", "0:fail:61"}}, [] {
    for (const auto& stages : {"neuronrcnn" + tests::with_model(), tests::six()}) {
      Pipeline pipeline(video(stages));
      const auto outcome = pipeline.run();
      EXPECT_EQ(outcome.end, "error");
      EXPECT_THAT(outcome.error, HasSubstr("NEURON_EMU_FAULT"));
      EXPECT_LE(outcome.errors, 2) << "the stage's and, as of any element that fails, the source's";
    }
  });
}

TEST_F(CoreFaultsDeathTest, AStuckProgramCostsItsFrameOnly) {
  tests::in_own_process(
      {{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "1:stuck:40"}, {"NEURON_RT_EXEC_TIMEOUT", "2"}},
      [] {
        Pipeline pipeline(video("neuronrcnn name=n on-error=drop" + tests::with_model()));
        const auto outcome = pipeline.run();
        EXPECT_EQ(outcome.end, "eos") << outcome.error;
        EXPECT_THAT(outcome.warnings, Contains(HasSubstr("NEURON_RT_EXEC_TIMEOUT")));
        const ElementPtr element = pipeline.named("n");
        const tests::Stats stats(element.get());
        const auto failed = stats.count("failed");
        EXPECT_GT(failed, 0U);
        EXPECT_EQ(of_core(stats, 1, "timeouts"), failed);
        EXPECT_EQ(pipeline.count(), static_cast<int>(kFrames - failed));
      });
}

// The third core fails whatever it is given; loading the model asks the first two.
TEST_F(CoreFaultsDeathTest, ACoreThatKeepsFailingIsAnnouncedAndItsWorkMoves) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "3"}, {"NEURON_EMU_FAULT", "2:fail:1"}}, [] {
    Pipeline pipeline(video("neuronrcnn name=n on-error=drop" + tests::with_model()));
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "eos") << outcome.error;
    EXPECT_THAT(outcome.warnings, Contains(HasSubstr("out of service")));
    const ElementPtr element = pipeline.named("n");
    const tests::Stats stats(element.get());
    EXPECT_FALSE(in_service(stats, 2));
    EXPECT_TRUE(in_service(stats, 0));
    EXPECT_EQ(stats.count("failed"), 5U) << "failures in a row before nothing more goes there";
    EXPECT_EQ(pipeline.count(), kFrames - 5);
  });
}

std::string classify(const std::string& properties) {
  return "neuron-classify name=n regions=frame model=" + tests::tiny_classifier().string() + " " + properties;
}

TEST_F(CoreFaultsDeathTest, ClassifyingGoesOnAsOnErrorSays) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "1"}, {"NEURON_EMU_FAULT", "0:fail:5"}}, [] {
    for (const bool dropped : {true, false}) {
      Pipeline pipeline(video(classify(dropped ? "on-error=drop" : "on-error=pass")));
      guint64 bare = 0, discont = 0;
      pipeline.on_buffer = [&](GstBuffer* buffer) {
        bare += rcnn_buffer_get_classifications_meta(buffer) == nullptr ? 1 : 0;
        discont += GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT) ? 1 : 0;
      };
      const auto outcome = pipeline.run();
      EXPECT_EQ(outcome.end, "eos") << outcome.error;
      EXPECT_THAT(outcome.warnings, Contains(HasSubstr("NEURON_EMU_FAULT")));
      const ElementPtr element = pipeline.named("n");
      const tests::Stats stats(element.get());
      const auto failed = stats.count("failed");
      EXPECT_EQ(failed, kFrames / 5U);
      EXPECT_EQ(stats.count("in"), static_cast<guint64>(kFrames));
      EXPECT_EQ(stats.count("dropped-error"), dropped ? failed : 0U);
      EXPECT_EQ(stats.count("out"), kFrames - (dropped ? failed : 0U));
      EXPECT_EQ(static_cast<guint64>(pipeline.count()), stats.count("out"));
      EXPECT_EQ(stats.number("queued"), 0);
      EXPECT_GT(stats.count("p50"), 0U);
      EXPECT_LE(stats.count("p50"), stats.count("p99"));
      EXPECT_EQ(bare, dropped ? 0U : failed);
      EXPECT_GE(discont, dropped ? failed - 1 : 0U) << "the buffer after one that is left out";
    }
    Pipeline pipeline(video(classify("")));
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "error");
    EXPECT_THAT(outcome.error, HasSubstr("NEURON_EMU_FAULT"));
  });
}

TEST_F(CoreFaultsDeathTest, ClassifiesOnTheOtherCoreWhereTheFirstNeverDoesWell) {
  tests::in_own_process({{"NEURON_RT_NUM_CORES", "2"}, {"NEURON_EMU_FAULT", "0:fail:1"}}, [] {
    Pipeline pipeline(video(classify("on-error=drop")));
    EXPECT_EQ(pipeline.run().end, "eos");
    EXPECT_GE(pipeline.count(), kFrames - 5) << "out of service after five failures";
  });
}

}  // namespace
}  // namespace rcnn::elements
