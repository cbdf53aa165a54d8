// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

ModelConfig resnet(int depth) {
  ModelConfig config;
  config.resnet.depth = depth;
  config.anchors.sizes = {{32}, {64}, {128}, {256}, {512}};
  config.anchors.aspect_ratios.assign(5, {0.5f, 1.f, 2.f});
  return config;
}

double conv_gflops(const std::vector<OperatorReport>& reports, const std::string& where) {
  double flops = 0;
  for (const auto& report : reports) {
    if (report.where == where && (report.op == "Conv2d" || report.op == "Linear")) flops += report.flops;
  }
  return flops * 1e-9;
}

// Known from elsewhere: ResNet + FPN + RPN head at 800x800, and the box head on 1000 regions.
TEST(Analyze, CountsTheWorkOfKnownModels) {
  EXPECT_NEAR(conv_gflops(analyze(resnet(50), {}, {640, 480}), "backbone-rpn"), 234.1, 0.5);
  const auto deep = analyze(resnet(101), {}, {640, 480});
  EXPECT_NEAR(conv_gflops(deep, "backbone-rpn"), 328.8, 0.5);
  EXPECT_NEAR(conv_gflops(deep, "box-head"), 28.6, 0.1);
}

TEST(Analyze, SaysWhereEveryOperatorRuns) {
  const auto reports = analyze(tests::tiny_config(), {}, {100, 50});
  int host = 0;
  for (const auto& report : reports) {
    EXPECT_EQ(report.supported, report.where != "host") << report.name;
    host += report.where == "host";
    EXPECT_GT(report.bytes, 0) << report.name;
    EXPECT_FALSE(report.output_shape.empty()) << report.name;
  }
  EXPECT_EQ(host, 4);  // Preprocess, proposals, RoIAlign, detections
}

TEST(Analyze, UsesTheSizeThatTheImageWouldGet) {
  CompileOptions options;
  options.input = parse_input_spec("shortest-edge:800:1333");
  for (const auto& report : analyze(resnet(50), options, {640, 480})) {
    if (report.name == "preprocess") {
      EXPECT_EQ(report.output_shape, (Shape{1, 3, 800, 1088}));
    }
  }
}

// He et al. count 4.1 G multiply-adds for ResNet-50 at 224x224 in torchvision's form; EfficientNet-B0 has
// 0.39 G.
TEST(Analyze, CountsTheWorkOfClassifiers) {
  CompileOptions options;
  options.input = parse_input_spec("centre-crop:256:224");
  EXPECT_NEAR(conv_gflops(analyze(classifier_config("resnet50"), options, {640, 480}), "classifier"), 8.2,
              0.1);
  const auto efficient = analyze(classifier_config("efficientnet_b0"), options, {640, 480});
  EXPECT_NEAR(conv_gflops(efficient, "classifier"), 0.77, 0.02);
  for (const auto& report : efficient) {
    EXPECT_EQ(report.where == "host", report.op == "Preprocess" || report.op == "TopClasses") << report.name;
  }
  options.input = parse_input_spec("shortest-edge:800:1333");
  EXPECT_THROW(analyze(classifier_config("resnet50"), options, {640, 480}), SettingError);
}

TEST(Analyze, EachStepPutsMoreOntoCores) {
  std::vector<double> shares;
  for (const auto& partition : partition_names()) {
    CompileOptions options;
    options.partition = partition;
    double all = 0, on_cores = 0;
    for (const auto& report : analyze(resnet(50), options, {640, 480})) {
      all += report.flops;
      on_cores += report.where == "host" ? 0 : report.flops;
    }
    shares.push_back(on_cores / all);
  }
  EXPECT_EQ(shares[0], 0);  // All on the host
  EXPECT_LT(shares[1], shares[2]);
  EXPECT_EQ(shares[2], shares[3]);  // Fused or not, the same operators
  EXPECT_LT(shares[3], shares[4]);
  EXPECT_GT(shares[4], 0.99);
}

TEST(Analyze, CountsAMaskHead) {
  auto config = resnet(50);
  config.mask_on = true;
  double gflops = 0;
  std::vector<std::string> host;
  for (const auto& report : analyze(config, {}, {640, 480})) {
    if (report.where == "mask-head") gflops += report.flops * 1e-9;
    if (report.where == "host") host.push_back(report.op);
  }
  // 100 detections: four 3x3 convolutions and the transposed one of 256 channels on 14x14, a row of the
  // predictor on 28x28, and a few operations a value for biases and ReLUs.
  const double products = 2e-9 * 100 * 196 * 256 * (4 * 9 * 256 + 4 * 256 + 4);
  EXPECT_NEAR(gflops, products, 0.001 * products);
  EXPECT_GT(gflops, products);
  EXPECT_THAT(
      host, ::testing::ElementsAre("Preprocess", "Proposals", "RoiAlign", "Detections", "RoiAlign", "Masks"));
}

}  // namespace
}  // namespace rcnn::engine
