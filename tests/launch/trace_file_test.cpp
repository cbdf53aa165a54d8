// SPDX-License-Identifier: MIT
#include "launch/trace_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/errors.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using engine::TraceSpan;
using namespace std::chrono_literals;

constexpr TraceSpan::Clock::time_point kStart{1h};

TraceSpan span(TraceSpan::Kind kind, const std::string& row, const std::string& name,
               std::chrono::microseconds began, std::chrono::microseconds ended) {
  return {.kind = kind, .row = row, .name = name, .op = "", .began = kStart + began, .ended = kStart + ended};
}

/// Rows by the names that viewers show.
std::map<std::pair<int, int>, std::string> row_names(const nlohmann::ordered_json& trace) {
  std::map<std::pair<int, int>, std::string> names;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("ph") == "M" && event.at("name") == "thread_name") {
      names[{event.at("pid"), event.at("tid")}] = event.at("args").at("name");
    }
  }
  return names;
}

/// "ROW: NAME" of everything that took time, as listed.
std::vector<std::string> listed(const nlohmann::ordered_json& trace) {
  const auto rows = row_names(trace);
  std::vector<std::string> list;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X") continue;
    list.push_back(rows.at({event.at("pid"), event.at("tid")}) + ": " + event.at("name").get<std::string>());
  }
  return list;
}

TEST(TraceFile, ProgramsComeBeforeTheOperatorsThatTheyHold) {
  // As Trace::stop() gives them: by their ends.
  const std::vector<TracedModel> models{
      {"m",
       {span(TraceSpan::Kind::kOperator, "NeuronCore 0", "conv", 10us, 20us),
        span(TraceSpan::Kind::kOperator, "NeuronCore 0", "pool", 20us, 30us),
        span(TraceSpan::Kind::kProgram, "NeuronCore 0", "fused", 10us, 30us)}}};
  const auto trace = to_trace_events(models);
  EXPECT_THAT(listed(trace),
              ::testing::ElementsAre("NeuronCore 0: fused", "NeuronCore 0: conv", "NeuronCore 0: pool"));
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("name") != "pool") continue;
    EXPECT_EQ(event.at("ts"), 10) << "since the first span";
    EXPECT_EQ(event.at("dur"), 10);
    EXPECT_EQ(event.at("cat"), "operator");
  }
}

TEST(TraceFile, FramesThatAreInAStageAtOnceHaveRowsOfTheirOwn) {
  using enum TraceSpan::Kind;
  const std::vector<TracedModel> models{
      {"m",
       {span(kStage, "roi-align", "RoIAlign", 0us, 10us), span(kStage, "roi-align", "RoIAlign", 5us, 15us),
        span(kStage, "roi-align", "RoIAlign", 12us, 20us)}}};
  EXPECT_THAT(
      listed(to_trace_events(models)),
      ::testing::ElementsAre("roi-align: RoIAlign", "roi-align (2): RoIAlign", "roi-align: RoIAlign"));
}

TEST(TraceFile, EachModelHasProcessesOfItsOwn) {
  using enum TraceSpan::Kind;
  const std::vector<TracedModel> models{{"a", {span(kProgram, "NeuronCore 0", "p", 0us, 1us)}},
                                        {"b", {span(kProgram, "NeuronCore 0", "p", 2us, 3us)}}};
  const auto trace = to_trace_events(models);
  std::vector<std::string> processes;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("name") == "process_name") processes.push_back(event.at("args").at("name"));
  }
  EXPECT_THAT(processes, ::testing::ElementsAre("a: NeuronCores and host", "a: stages",
                                                "b: NeuronCores and host", "b: stages"));
}

TEST(TraceFile, WhatCannotBeWrittenIsNamed) {
  try {
    write_trace({}, "/proc/none/trace.json");
    FAIL() << "written?";
  } catch (const engine::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/proc/none"));
  }
}

}  // namespace
}  // namespace rcnn::launch
