// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/commands.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kZoo = "analyze --config COCO-Detection/faster_rcnn_R_50_FPN_3x";

TEST(Analyze, CountsAddUp) {
  const auto outcome = run_neuron_rcnn(std::string(kZoo) + " --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  std::size_t counted = 0;
  double flops = 0;
  for (const auto& row : report.at("counts")) {
    counted += row.at("count").get<std::size_t>();
    flops += row.at("flops").get<double>();
  }
  EXPECT_EQ(counted, report.at("total_count"));
  EXPECT_EQ(report.at("list").size(), report.at("total_count"));
  EXPECT_DOUBLE_EQ(flops, report.at("flops").get<double>());
  // ResNet-50 with FPN and RPN head at 800x800 is 234.1 GFLOP of convolutions, the box head on 1000
  // regions 28.6.
  EXPECT_NEAR(report.at("flops").get<double>(), 263e9, 6e9);
  EXPECT_EQ(report.at("unsupported").size(), 4U);  // Preprocess, proposals, RoIAlign, detections
  EXPECT_GT(report.at("percent_flops_on_cores").get<double>(), 99);
}

// torch.neuron.analyze_model's fields, so that its readers go on working.
TEST(Analyze, HasTheFieldsOfAnalyzeModel) {
  for (const std::string network :
       {"--config COCO-Detection/faster_rcnn_R_50_FPN_3x", "--arch efficientnet_b0"}) {
    const auto outcome = run_neuron_rcnn("analyze " + network + " --json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto report = json::parse(outcome.out);
    const std::size_t total = report.at("total_count"), supported = report.at("supported_count");
    EXPECT_NEAR(report.at("percent_supported").get<double>(),
                100. * static_cast<double>(supported) / static_cast<double>(total), 1e-9);
    EXPECT_EQ(report.at("percent_supported_arithmetic"), report.at("percent_supported"));
    EXPECT_EQ(report.at("supported_count_arithmetic"), supported);
    EXPECT_EQ(report.at("total_count_arithmetic"), total);
    std::size_t counted = 0;
    for (const auto& [kind, count] : report.at("operator_count").items()) counted += count.get<std::size_t>();
    EXPECT_EQ(counted, total);
    EXPECT_EQ(report.at("operators").size(), report.at("operator_count").size());
    EXPECT_EQ(report.at("supported_operators").size() + report.at("unsupported_operators").size(),
              report.at("operators").size());
    EXPECT_THAT(report.at("supported_operators"), ::testing::Contains("Conv2d"));
  }
}

// Of ResNet-50, analyze_model counts 176 arithmetic operations, all of them supported; two of these reshape
// what the last layer reads.
TEST(Analyze, CountsAClassifiersOperatorsAsAnalyzeModelDoes) {
  const auto report = json::parse(run_neuron_rcnn("analyze --arch resnet50 --json").out);
  EXPECT_EQ(report.at("total_count"), 176 - 2);
  EXPECT_EQ(report.at("percent_supported"), 100);
  EXPECT_TRUE(report.at("unsupported_operators").empty());
  EXPECT_EQ(report.at("unsupported").size(), 2U);  // Preprocess and TopClasses, as they run here
  const auto detector = json::parse(run_neuron_rcnn(std::string(kZoo) + " --json").out);
  EXPECT_THAT(detector.at("unsupported_operators"), ::testing::Contains("Preprocess"));
  EXPECT_LT(detector.at("percent_supported"), 100);
}

TEST(Analyze, InputsAreThoseThatTheWeightsAreFor) {
  for (const auto& [network, input] : {std::pair{"--arch resnet18", "centre-crop:256:224"},
                                       {"--arch efficientnet_b0", "centre-crop:256:224:bicubic"}}) {
    const auto outcome = run_neuron_rcnn(std::string("analyze --json ") + network);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out).at("input"), input);
  }
}

TEST(Analyze, ArchitectureIsATreeOfModules) {
  const auto outcome = run_neuron_rcnn("analyze --arch resnet18 --architecture");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("layer1\n  0\n    conv1: Conv2d [1, 64, 56, 56]\n"));
  EXPECT_THAT(outcome.out, HasSubstr("fc: Linear [1, 1000]\n"));
  const auto detector = run_neuron_rcnn(std::string(kZoo) + " --architecture").out;
  EXPECT_THAT(detector,
              HasSubstr("conv1: Conv2d [1, 64, 400, 400]\n        norm: BatchNorm [1, 64, 400, 400]\n"));
}

TEST(Analyze, PartitionsMoveWorkOntoCores) {
  double before = 0;
  for (const std::string partition : {"backbone", "backbone+rpn-head", "fused+box-head"}) {
    const auto report =
        json::parse(run_neuron_rcnn(std::string(kZoo) + " --json --partition " + partition).out);
    EXPECT_GT(report.at("percent_flops_on_cores").get<double>(), before) << partition;
    before = report.at("percent_flops_on_cores").get<double>();
  }
}

TEST(Analyze, NeedsExactlyOneNetwork) {
  EXPECT_EQ(run_neuron_rcnn("analyze").code, 2);
  EXPECT_EQ(run_neuron_rcnn(std::string(kZoo) + " --arch resnet18").code, 2);
  EXPECT_EQ(run_neuron_rcnn("analyze --arch resnet18 --input shortest-edge:800:1333").code, 2);
  EXPECT_EQ(run_neuron_rcnn("analyze --arch vgg16").code, 1);
}

TEST(Analyze, TableNamesProgramsAndHost) {
  const auto outcome = run_neuron_rcnn(kZoo);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text : {"backbone-rpn", "box-head", "host", "Conv2d", "operators on NeuronCores"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST(Analyze, ImageSizeMattersForShortestEdge) {
  const std::string line = std::string(kZoo) + " --input shortest-edge:800:1333 --json --image ";
  const auto wide = json::parse(run_neuron_rcnn(line + "1280x720").out);
  const auto square = json::parse(run_neuron_rcnn(line + "720x720").out);
  EXPECT_GT(wide.at("flops").get<double>(), 1.3 * square.at("flops").get<double>());
  EXPECT_EQ(run_neuron_rcnn(line + "720").code, 2);
}

TEST(Analyze, OperatorsAreListedByName) {
  EXPECT_THAT(run_neuron_rcnn(std::string(kZoo) + " --operators").out,
              HasSubstr("backbone.bottom_up.res2.0.conv1"));
}

}  // namespace
}  // namespace rcnn::launch
