// SPDX-License-Identifier: MIT
#include "engine/runtime/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/runtime/program_executable.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/run_executable.hpp"

namespace rcnn::engine {
namespace {

using namespace std::chrono_literals;

TraceSpan span_now(const std::string& name, std::chrono::nanoseconds length = 0ns) {
  const auto now = TraceSpan::Clock::now();
  return {.row = "", .name = name, .op = "", .began = now, .ended = now + length};
}

TEST(Trace, KeepsNothingUnlessAsked) {
  Trace trace;
  EXPECT_FALSE(trace.on());
  trace.add(span_now("before"));
  EXPECT_TRUE(trace.stop().empty());
}

TEST(Trace, KeepsSpansInTheOrderOfTheirEnds) {
  Trace trace;
  trace.start();
  EXPECT_TRUE(trace.on());
  trace.add(span_now("long", 1h));
  trace.add(span_now("short"));
  const auto spans = trace.stop();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].name, "short");
  EXPECT_EQ(spans[1].name, "long");
  EXPECT_FALSE(trace.on());
  EXPECT_TRUE(trace.stop().empty()) << "given away";
}

TEST(Trace, LeavesOutWhatWasUnderWayWhenItStarted) {
  Trace trace;
  auto early = span_now("early", 1h);
  std::this_thread::sleep_for(1ms);
  trace.start();
  trace.add(std::vector{early, span_now("late")});
  const auto spans = trace.stop();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].name, "late");
}

TEST(Trace, EachThreadHasARowOfItsOwn) {
  std::string core, first, second, again;
  std::thread([&] {
    Trace::name_core(7);
    EXPECT_TRUE(Trace::thread().on_core);
    core = Trace::thread().row;
  }).join();
  std::thread([&] {
    first = Trace::thread().row;
    again = Trace::thread().row;
    EXPECT_FALSE(Trace::thread().on_core);
  }).join();
  std::thread([&] { second = Trace::thread().row; }).join();
  EXPECT_EQ(core, "NeuronCore 7");
  EXPECT_EQ(first, again);
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with("host ")) << first;
}

TEST(Trace, AProgramHoldsItsOperatorsInTheOrderTheyRan) {
  const auto node = [](const char* name, OpKind kind, const char* from, const char* to) {
    Node made;
    made.name = name;
    made.kind = kind;
    made.inputs = {from};
    made.outputs = {to};
    return made;
  };
  const Graph graph{"two-steps",
                    {node("first", OpKind::kRelu, "x", "y"), node("second", OpKind::kSigmoid, "y", "z")},
                    {"x"},
                    {"z"}};
  auto packed = tests::NamedWeights().packed();
  const TensorSpec input{"x", {1, 16, 4, 4}, DType::kF32, Layout::kRowMajor};
  const auto executable = build_executable(graph, {{input}, {}}, packed);
  const std::vector<float> values(16 * 4 * 4, 1.F);
  Trace::process().start();
  tests::run_executable(*executable, {values});
  const auto spans = Trace::process().stop();
  ASSERT_GE(spans.size(), 3U);
  const auto& program = spans.back();
  EXPECT_EQ(program.kind, TraceSpan::Kind::kProgram);
  EXPECT_EQ(program.name, "two-steps");
  std::vector<std::string> names;
  auto last = program.began;
  for (const auto& span : std::span(spans).first(spans.size() - 1)) {
    EXPECT_EQ(span.kind, TraceSpan::Kind::kOperator);
    EXPECT_EQ(span.program, "two-steps");
    EXPECT_FALSE(span.on_core);
    EXPECT_GE(span.began, last);
    EXPECT_LE(span.ended, program.ended);
    last = span.ended;
    if (span.op != "Reorder") names.push_back(span.name + " " + span.op);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("first Relu", "second Sigmoid"));
}

}  // namespace
}  // namespace rcnn::engine
