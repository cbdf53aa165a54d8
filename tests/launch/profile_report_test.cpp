// SPDX-License-Identifier: MIT
#include "launch/profile_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::launch {
namespace {

using engine::TraceSpan;
using namespace std::chrono_literals;

constexpr TraceSpan::Clock::time_point kStart{1h};

TraceSpan op(const std::string& name, const std::string& kind, engine::Shape shape,
             std::chrono::milliseconds took, bool on_core = true) {
  return {.kind = TraceSpan::Kind::kOperator,
          .row = on_core ? "NeuronCore 0" : "host 1",
          .name = name,
          .op = kind,
          .implementation = "own",
          .program = "fused",
          .on_core = on_core,
          .shape = std::move(shape),
          .began = kStart,
          .ended = kStart + took};
}

TraceSpan stage(const std::string& element, const std::string& part, std::chrono::milliseconds took,
                bool program = false) {
  return {.kind = TraceSpan::Kind::kStage,
          .row = element,
          .name = part,
          .op = "",
          .on_core = program,
          .began = kStart,
          .ended = kStart + took};
}

TEST(ProfileReport, CallsOfOneShapeAreOneLineLongestFirst) {
  const std::vector spans{
      op("rpn.conv", "Conv2d", {1, 8, 4, 4}, 1ms), op("rpn.conv", "Conv2d", {1, 8, 2, 2}, 5ms),
      op("rpn.conv", "Conv2d", {1, 8, 4, 4}, 3ms), op("p6", "MaxPool2d", {1, 8, 1, 1}, 1ms)};
  const auto profile = add_up(spans);
  ASSERT_EQ(profile.operators.size(), 3U);
  EXPECT_EQ(profile.operators[0].shape, (engine::Shape{1, 8, 2, 2}));
  EXPECT_EQ(profile.operators[1].calls, 2U);
  EXPECT_DOUBLE_EQ(profile.operators[1].total_ms, 4);
  EXPECT_DOUBLE_EQ(profile.operators[1].share, 0.4);
  EXPECT_EQ(profile.operators[1].where, "fused");
  EXPECT_DOUBLE_EQ(profile.busy_ms, 10);
}

TEST(ProfileReport, HostStagesAreOperatorsAndStagesOnCoresAreNot) {
  const std::vector spans{op("conv", "Conv2d", {1}, 6ms),
                          stage("neuron-backbone-rpn", "backbone and RPN", 50ms, true),
                          stage("roi-align", "RoIAlign", 2ms), stage("roi-align", "RoIAlign", 4ms),
                          op("box_head.fc1", "Linear", {1, 1024}, 4ms, false)};
  const auto profile = add_up(spans);
  EXPECT_DOUBLE_EQ(profile.busy_ms, 16);
  EXPECT_DOUBLE_EQ(profile.on_cores_ms, 6);
  ASSERT_EQ(profile.stages.size(), 2U);
  EXPECT_EQ(profile.stages[0].element, "neuron-backbone-rpn");
  EXPECT_DOUBLE_EQ(profile.stages[0].total_ms, 50);
  EXPECT_EQ(profile.stages[1].frames, 2U);
  ASSERT_EQ(profile.operators.size(), 3U);
  for (const auto& line : profile.operators) {
    EXPECT_EQ(line.where, line.op == "Conv2d" ? "fused" : "host") << line.name;
  }
}

TEST(ProfileReport, ProgramsCountOnlyByTheirOperators) {
  auto program = op("fused", "", {}, 100ms);
  program.kind = TraceSpan::Kind::kProgram;
  const std::vector spans{op("conv", "Conv2d", {1}, 6ms), program};
  EXPECT_DOUBLE_EQ(add_up(spans).busy_ms, 6);
}

TEST(ProfileReport, KindsAddUpNamesAndShapes) {
  const std::vector spans{op("a", "Conv2d", {1}, 1ms), op("b", "Conv2d", {2}, 2ms),
                          op("c", "Relu", {2}, 7ms)};
  const auto kinds = by_kind(add_up(spans));
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0].op, "Relu");
  EXPECT_EQ(kinds[1].calls, 2U);
  EXPECT_DOUBLE_EQ(kinds[1].share, 0.3);
}

TEST(ProfileReport, NothingSeenIsNothing) {
  const auto profile = add_up({});
  EXPECT_TRUE(profile.operators.empty());
  EXPECT_EQ(profile.busy_ms, 0);
}

}  // namespace
}  // namespace rcnn::launch
