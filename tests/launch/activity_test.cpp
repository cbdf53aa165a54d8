// SPDX-License-Identifier: MIT
#include "launch/activity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json program(const char* name, int executions, std::int64_t busy_ns) {
  return {{"name", name},
          {"queue_depth", 2},
          {"busy_ns", busy_ns},
          {"executions", executions},
          {"failures", 1},
          {"timeouts", 0},
          {"latency_ms", {1, 2, 3, 40, 50, 60, 70}}};
}

json report(double seconds, int executions, std::int64_t busy_ns, int entered) {
  json core = program("", executions, busy_ns);
  core["id"] = 3;
  core["in_service"] = true;
  core["memory_used_bytes"] = 5 << 20;
  core["memory_total_bytes"] = 9 << 20;
  core["programs"] = {program("m:backbone-rpn", executions, busy_ns)};
  return {{"pid", 12},
          {"memory_resident_bytes", 30 << 20},
          {"time_ns", static_cast<std::int64_t>(seconds * 1e9)},
          {"neuroncores", {core}},
          {"streams",
           {{{"name", "/GstPipeline:pipeline0/GstNeuronrcnn:camera"},
             {"model", "/models/m.rcnn"},
             {"dispatch", "priority"},
             {"priority", 7},
             {"entered", entered},
             {"dropped", 4},
             {"failed", 0},
             {"in_flight", 2},
             {"slots", 4},
             {"queued", 3},
             {"latency_p50_ns", 90'000'000},
             {"latency_p99_ns", 100'000'000}}}}};
}

// Two seconds, 20 executions that took half of the time, 10 frames.
const Activity kBusy{12, "gst-launch-1.0", report(100, 1000, 7'000'000'000, 500),
                     report(102, 1020, 8'000'000'000, 510)};

TEST(Activity, HasTheFieldsOfNeuronMonitor) {
  const auto data = to_monitor(kBusy);
  EXPECT_EQ(data.at("pid"), 12);
  EXPECT_EQ(data.at("neuron_runtime_tag"), "gst-launch-1.0");
  EXPECT_EQ(data.at("error"), "");
  const auto& report = data.at("report");
  const auto& executions = report.at("execution_stats");
  EXPECT_DOUBLE_EQ(executions.at("period"), 2);
  EXPECT_EQ(executions.at("execution_summary"),
            nlohmann::ordered_json::parse(R"({"completed": 20, "completed_with_err": 0,
      "completed_with_num_err": 0, "timed_out": 0, "incorrect_input": 0, "failed_to_queue": 0})"))
      << "in this period";
  EXPECT_EQ(executions.at("latency_stats"),
            nlohmann::ordered_json::parse(R"({"total_latency": null, "device_latency":
      {"p0": 0.001, "p1": 0.002, "p25": 0.003, "p50": 0.04, "p75": 0.05, "p99": 0.06, "p100": 0.07}})"));
  EXPECT_EQ(executions.at("error_summary"),
            nlohmann::ordered_json::parse(R"({"generic": 0, "numerical": 0, "transient": 0,
      "model": 0, "runtime": 0, "hardware": 0})"));
  const auto& memory = report.at("memory_used").at("neuron_runtime_used_bytes");
  EXPECT_EQ(memory.at("neuron_device"), 5 << 20);
  EXPECT_EQ(memory.at("host"), 30 << 20);
  EXPECT_DOUBLE_EQ(
      report.at("neuroncore_counters").at("neuroncores_in_use").at("3").at("neuroncore_utilization"), 50);
  const auto& program = report.at("programs").at(0);
  EXPECT_EQ(program.at("name"), "m:backbone-rpn");
  EXPECT_EQ(program.at("neuroncore_index"), 3);
  EXPECT_EQ(program.at("completed"), 20);
  EXPECT_EQ(program.at("queue_depth"), 2);
  EXPECT_DOUBLE_EQ(program.at("device_latency").at("p50"), 0.04);
  const auto& stream = report.at("streams").at(0);
  EXPECT_DOUBLE_EQ(stream.at("frames_per_second"), 5);
  EXPECT_EQ(stream.at("in_flight"), 2);
}

TEST(Activity, FailuresAreErrorsOfNoKnownKind) {
  Activity failing = kBusy;
  failing.after["neuroncores"][0]["failures"] = 4;
  failing.after["neuroncores"][0]["timeouts"] = 5;
  const auto executions = to_monitor(failing).at("report").at("execution_stats");
  EXPECT_EQ(executions.at("execution_summary").at("completed_with_err"), 3);
  EXPECT_EQ(executions.at("execution_summary").at("timed_out"), 5);
  EXPECT_EQ(executions.at("error_summary").at("generic"), 3);
}

TEST(Activity, DeviceLatencyIsOfTheCoresThatRanSomething) {
  const auto latency = [](const Activity& activity) {
    return to_monitor(activity).at("report").at("execution_stats").at("latency_stats").at("device_latency");
  };
  Activity idle = kBusy;
  idle.after["neuroncores"][0]["executions"] = 1000;
  EXPECT_TRUE(latency(idle).is_null());
  Activity two = kBusy;
  auto core = kBusy.after.at("neuroncores").at(0);
  core["id"] = 4;
  core["latency_ms"] = {2, 2, 3, 40, 50, 60, 90};
  two.after["neuroncores"].push_back(core);
  EXPECT_EQ(latency(two), nlohmann::ordered_json::parse(R"({"p0": 0.001, "p100": 0.09})"));
}

TEST(Activity, TablesSayWhatPeopleAskFor) {
  std::ostringstream out;
  print_tables(kBusy, out);
  const auto text = out.str();
  for (const char* part : {"process 12 (gst-launch-1.0), the last 2.0 s", "in service", "50 %", "10.0",
                           "5.0 MiB", "m:backbone-rpn", "40.0 ms", "60.0 ms", "GstNeuronrcnn:camera",
                           "m.rcnn", "priority 7", "2/4", "90.0 ms"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("/models/")));
}

// As "done/s" and the JSON do.
TEST(Activity, TablesCountWhatFailedWithinThePeriod) {
  Activity failing = kBusy;
  for (const auto& [field, before, after] : {std::tuple{"failures", 100, 171}, {"timeouts", 200, 272}}) {
    failing.before["neuroncores"][0][field] = before;
    failing.after["neuroncores"][0][field] = after;
  }
  for (const auto& [field, before, after] : {std::tuple{"dropped", 300, 373}, {"failed", 400, 474}}) {
    failing.before["streams"][0][field] = before;
    failing.after["streams"][0][field] = after;
  }
  std::ostringstream out;
  print_tables(failing, out);
  for (const char* part : {" 71 ", " 72 ", " 73 ", " 74 "}) EXPECT_THAT(out.str(), HasSubstr(part));
  for (const char* total : {"171", "272", "373", "474"}) EXPECT_THAT(out.str(), Not(HasSubstr(total)));
}

TEST(Activity, WhatIsNewOrBeganAnewCountsFromZero) {
  Activity fresh = kBusy;
  fresh.before["streams"] = json::array();
  EXPECT_DOUBLE_EQ(to_monitor(fresh).at("report").at("streams").at(0).at("frames_per_second"), 255);
  Activity again = kBusy;
  again.before["streams"][0]["entered"] = 100'000;
  EXPECT_DOUBLE_EQ(to_monitor(again).at("report").at("streams").at(0).at("frames_per_second"), 255);
}

TEST(Activity, AProcessWithoutStreamsHasNoTableOfThem) {
  Activity idle = kBusy;
  idle.after["streams"] = json::array();
  std::ostringstream out;
  print_tables(idle, out);
  EXPECT_THAT(out.str(), Not(HasSubstr("dispatch")));
}

}  // namespace
}  // namespace rcnn::launch
