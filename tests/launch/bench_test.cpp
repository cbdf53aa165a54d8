// SPDX-License-Identifier: MIT
// `neuron-rcnn bench`: what is measured and said, not how fast this machine is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "launch/commands.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kTwoCores = "NEURON_RT_NUM_CORES=2";

Outcome bench(const std::filesystem::path& model, const std::string& arguments) {
  return run_neuron_rcnn("bench -m " + model.string() + " --warm-ups 1 --iterations 4 " + arguments,
                         kTwoCores);
}

void expect_sound(const json& row, const char* rate) {
  EXPECT_GT(row.at("p50_ms").get<double>(), 0);
  EXPECT_LE(row.at("p50_ms"), row.at("p95_ms"));
  EXPECT_LE(row.at("p95_ms"), row.at("p99_ms"));
  EXPECT_GT(row.at(rate).get<double>(), 0);
  EXPECT_GT(row.at("gain").get<double>(), 0);
}

TEST(Bench, DetectorsAreMeasuredOverCoresAndSizes) {
  const auto outcome = bench(tests::tiny_model(), "--size 96x64 128x96 --cores 1 2 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  std::vector<std::string> seen;
  for (const auto& row : report.at("rows")) {
    if (row.at("kind") == "isolated") continue;
    const bool pooling = row.at("kind") == "roi-align";
    seen.push_back(row.at("kind").get<std::string>() + " " + std::to_string(row.at("width").get<int>()) +
                   " " + std::to_string(row.at(pooling ? "threads" : "cores").get<int>()));
    expect_sound(row, pooling ? "regions_per_second" : "images_per_second");
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("detect 96 1", "detect 96 2", "detect 128 1", "detect 128 2",
                                           "roi-align 128 1", "roi-align 128 2"));
}

/// "MODELS THREADS" of each row of whole frames.
std::vector<std::string> loads_of(const json& report) {
  std::vector<std::string> seen;
  for (const auto& row : report.at("rows")) {
    if (row.at("kind") != "detect") continue;
    seen.push_back(std::to_string(row.at("cores").get<int>()) + " " +
                   std::to_string(row.at("in_flight").get<int>()));
  }
  return seen;
}

TEST(Bench, DetectorsAreMeasuredAsInTheApplicationNote) {
  const std::string arguments = "bench -m " + tests::tiny_model().string() +
                                " --size 96x64 --warm-ups 1 --iterations 4 --stability 0 --json --end-to-end";
  const auto outcome = run_neuron_rcnn(arguments, "env -u NEURON_RT_NUM_CORES -u NEURON_RT_VISIBLE_CORES");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  EXPECT_THAT(loads_of(report), ::testing::ElementsAre("1 1", "1 2", "2 2", "2 4", "4 4", "4 8"));
  for (const auto& row : report.at("rows")) {
    EXPECT_EQ(row.at("kind"), "detect") << "end to end alone";
    EXPECT_EQ(row.at("samples"), 4);
    EXPECT_NEAR(row.at("duration_s").get<double>() * row.at("images_per_second").get<double>(), 4, 1e-6);
    EXPECT_TRUE(row.at("spread_percent").is_null());
  }
  for (const auto& row :
       json::parse(bench(tests::tiny_model(), "--size 96x64 --end-to-end --json").out).at("rows")) {
    EXPECT_EQ(row.at("samples"), std::max(4, 3 * row.at("in_flight").get<int>())) << "thirds of whole bursts";
    EXPECT_TRUE(row.at("spread_percent").is_number());
  }
  const auto two = run_neuron_rcnn(arguments, kTwoCores);
  EXPECT_THAT(loads_of(json::parse(two.out)), ::testing::ElementsAre("1 1", "1 2", "2 2", "2 4"))
      << "no more cores than the environment says";
}

TEST(Bench, ProgramsAreMeasuredAlone) {
  const auto outcome = bench(tests::tiny_model({.masks = true}),
                             "--size 96x64 --cores 1 2 --max-in-flight 3 --json --isolated");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<std::string> seen;
  const auto report = json::parse(outcome.out);
  for (const auto& row : report.at("rows")) {
    if (row.at("kind") == "roi-align") continue;
    EXPECT_EQ(row.at("kind"), "isolated");
    EXPECT_EQ(row.at("in_flight"), 3);
    expect_sound(row, "images_per_second");
    seen.push_back(row.at("program").get<std::string>() + " " + std::to_string(row.at("cores").get<int>()));
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("backbone-rpn 1", "backbone-rpn 2", "box-head 1", "box-head 2",
                                           "mask-head 1", "mask-head 2"));
}

TEST(Bench, AFailingCoreIsAnErrorOfTheProgramAlone) {
  const auto outcome = run_neuron_rcnn("bench -m " + tests::tiny_model().string() +
                                           " --size 96x64 --cores 1 --isolated --warm-ups 0 --iterations 40",
                                       "NEURON_RT_NUM_CORES=1 NEURON_EMU_FAULT=0:fail:20");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("backbone-rpn"));
}

TEST(Bench, ClassifiersAreMeasuredOverCoresAndBatches) {
  const auto outcome = bench(tests::tiny_classifier(), "--batch 1 2 3 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::map<std::pair<int, int>, double> gains;
  const auto report = json::parse(outcome.out);
  for (const auto& row : report.at("rows")) {
    EXPECT_EQ(row.at("kind"), "classify");
    expect_sound(row, "images_per_second");
    gains[{row.at("cores"), row.at("batch")}] = row.at("gain");
  }
  EXPECT_EQ(gains.size(), 6U);
  for (int batch = 1; batch <= 3; ++batch) EXPECT_EQ((gains[{1, batch}]), 1) << "of itself";
}

TEST(Bench, EveryCombinationOfCoresThreadsAndFramesIsMeasured) {
  const auto outcome = bench(tests::tiny_model(),
                             "--size 96x64 --cores 2 1 --threads-per-core 1 2 --max-in-flight 1 3 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("1 core, 2 threads each")) << "it says how far it is";
  std::vector<std::array<int, 3>> seen;
  const auto report = json::parse(outcome.out);
  for (const auto& row : report.at("rows")) {
    if (row.at("kind") != "detect") continue;
    expect_sound(row, "images_per_second");
    seen.push_back({row.at("threads_per_core"), row.at("cores"), row.at("in_flight")});
  }
  EXPECT_THAT(seen,
              ::testing::ElementsAreArray(std::vector<std::array<int, 3>>{
                  {1, 2, 1}, {1, 2, 3}, {1, 1, 1}, {1, 1, 3}, {2, 2, 1}, {2, 2, 3}, {2, 1, 1}, {2, 1, 3}}));
  EXPECT_EQ(report.at("rows")[0].at("gain"), 1) << "of the first line";
}

TEST(Bench, DetectorsTakeBatchesWithNoMoreInFlightThanAsked) {
  const auto outcome = bench(tests::tiny_model(), "--size 96x64 --cores 2 --batch 1 2 16 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::vector<std::pair<int, int>> seen;
  std::vector<double> latencies;
  const auto report = json::parse(outcome.out);
  for (const auto& row : report.at("rows")) {
    if (row.at("kind") != "detect-batch") continue;
    expect_sound(row, "images_per_second");
    seen.emplace_back(row.at("batch"), row.at("in_flight"));
    latencies.push_back(row.at("p50_ms"));
  }
  EXPECT_THAT(seen, ::testing::ElementsAre(std::pair(1, 1), std::pair(2, 2), std::pair(16, 4)));
  EXPECT_GT(latencies.at(2), latencies.at(0)) << "of the whole batch, not of a frame";
  const auto table =
      bench(tests::tiny_model(), "--size 96x64 --cores 1 --batch 4 --max-in-flight 2 --line-every 0").out;
  EXPECT_THAT(table, HasSubstr("Detection in batches"));
  EXPECT_THAT(table, HasSubstr("2 in flight"));
}

TEST(Bench, PrintsALineAfterSoManyIterationsAndTables) {
  const auto outcome = bench(tests::tiny_model(), "--size 96x64 --cores 1 --line-every 2");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text : {"96x64, 1 core, 1 thread each, 2 in flight", "iteration 2/4: ", "iteration 4/4: ",
                           "Detection, end to end", "Programs, isolated", "RoIAlign, isolated", "Models",
                           "Latency P50 (ms)", "Throughput (inf/s)"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
  EXPECT_THAT(bench(tests::tiny_model(), "--size 96x64 --cores 1 --line-every 0").out,
              ::testing::Not(HasSubstr("iteration")));
}

TEST(Bench, WrongUseIsNamed) {
  const auto cores = bench(tests::tiny_model(), "--cores 3");
  EXPECT_EQ(cores.code, 2);
  EXPECT_THAT(cores.err, HasSubstr("there are 2"));
  EXPECT_EQ(bench(tests::tiny_model(), "--size 96").code, 2);
  EXPECT_EQ(bench(tests::tiny_model(), "--iterations 0").code, 2);
  EXPECT_THAT(bench(tests::tiny_classifier(), "--size 96x64").err, HasSubstr("--size is for detectors"));
  EXPECT_THAT(bench(tests::tiny_classifier(), "--max-in-flight 2").err,
              HasSubstr("--max-in-flight is for detectors"));
  EXPECT_THAT(bench(tests::tiny_classifier(), "--isolated").err, HasSubstr("--isolated is for detectors"));
  EXPECT_EQ(bench(tests::tiny_model(), "--isolated --end-to-end").code, 2);
  EXPECT_EQ(bench(tests::tiny_model(), "--isolated --batch 2").code, 2) << "programs take one picture";
  EXPECT_EQ(bench(tests::tiny_model(), "--stability -1").code, 2);
  EXPECT_EQ(bench(tests::tiny_model(), "--threads-per-core 0").code, 2);
  EXPECT_EQ(bench(tests::tiny_model(), "--batch 0").code, 2);
  EXPECT_THAT(bench(tests::tiny_model({.load_proposals = true}), "").err, HasSubstr("Fast R-CNN"));
  EXPECT_EQ(bench("/nowhere/model.rcnn", "").code, 1);
}

Outcome compare(const std::string& arguments) {
  return run_shell(std::string(kTwoCores) + " " + tests::source_file("bench/compare") + " " + arguments);
}

TEST(BenchCompare, PairsTwoProgramsRoundByRound) {
  const TempFolder folder;
  const auto program = tests::built_file("launch/neuron-rcnn");
  const auto outcome = compare(program + " " + program + " -m " + tests::tiny_model().string() +
                               " --size 96x64 --rounds 3 --iterations 3 --warm-ups 0 --json " +
                               (folder / "ratios.json").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("detect 96x64, batch 1, 2 cores"));
  EXPECT_THAT(outcome.err, HasSubstr("Round 3 of 3"));
  const auto ratios = json::parse(read_text(folder / "ratios.json")).at("ratios");
  EXPECT_EQ(ratios.size(), 8U) << "detection, two programs and RoIAlign, with one and two";
  for (const auto& rounds : ratios) {
    ASSERT_EQ(rounds.size(), 3U);
    for (const auto& ratio : rounds) EXPECT_GT(ratio, 0);
  }
}

TEST(BenchCompare, WhatIsNoCommitIsNamed) {
  const auto outcome = compare("no-such-commit");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no-such-commit"));
  EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("Traceback")));
}

}  // namespace
}  // namespace rcnn::launch
