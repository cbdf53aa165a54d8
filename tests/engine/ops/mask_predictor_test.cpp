// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

struct Case {
  int maps, channels, height, width, scale, classes;
  Layout layout;
};

std::vector<float> run_predictor(const Case& c, const std::vector<float>& source,
                                 const std::vector<float>& classes) {
  tests::NamedWeights named;
  named.set("w", tests::random_values(static_cast<std::size_t>(c.classes * c.channels), 2));
  named.set("b", tests::random_values(static_cast<std::size_t>(c.classes), 3));
  auto weights = named.packed();
  const Format format({c.maps, c.scale * c.scale * c.channels, c.height, c.width}, c.layout);
  const auto op = make_mask_predictor({"predictor", "w", "b", c.classes, c.scale}, format, weights);
  return tests::run_operator(*op, {source, classes});
}

class MaskPredictor : public ::testing::TestWithParam<Case> {};

TEST_P(MaskPredictor, IsItsDefinition) {
  const auto& c = GetParam();
  const auto per_map = static_cast<std::size_t>(c.scale * c.scale * c.channels * c.height * c.width);
  const auto source = tests::random_values(static_cast<std::size_t>(c.maps) * per_map, 1);
  std::vector<float> classes;
  for (int map = 0; map < c.maps; ++map) classes.push_back(static_cast<float>((map * 5 + 1) % c.classes));
  const auto weight = tests::random_values(static_cast<std::size_t>(c.classes * c.channels), 2);
  const auto bias = tests::random_values(static_cast<std::size_t>(c.classes), 3);
  std::vector<float> expected;
  for (std::size_t map = 0; map < classes.size(); ++map) {
    const auto upscaled = tests::slow_depth_to_space(c.channels, c.height, c.width, c.scale,
                                                     std::span(source).subspan(map * per_map, per_map));
    const auto mask = tests::slow_mask_predictor(c.channels, static_cast<std::size_t>(classes[map]), upscaled,
                                                 weight, bias);
    expected.insert(expected.end(), mask.begin(), mask.end());
  }
  tests::expect_close(run_predictor(c, source, classes), expected, 1e-6f);
}

INSTANTIATE_TEST_SUITE_P(
    AwkwardSizes, MaskPredictor,
    ::testing::Values(Case{3, 16, 5, 7, 2, 4, Layout::kBlocked8},
                      Case{2, 32, 3, 3, 2, 80, Layout::kBlocked16},
                      Case{2, 12, 3, 2, 2, 3, Layout::kBlocked8},  // Blocks straddle cells
                      Case{1, 13, 4, 5, 1, 2, Layout::kNhwc}, Case{4, 8, 1, 1, 3, 5, Layout::kRowMajor}),
    [](const auto& test) {
      return std::to_string(test.param.channels) + "by" + std::to_string(test.param.scale) +
             to_string(test.param.layout).substr(0, 3) + std::to_string(test.param.classes);
    });

TEST(MaskPredictorOfOneClass, ServesEveryClass) {
  const Case c{2, 8, 2, 2, 1, 1, Layout::kNhwc};
  const auto source = tests::random_values(2 * 8 * 4, 1);
  EXPECT_EQ(run_predictor(c, source, {0, 0}), run_predictor(c, source, {7, 79}));
}

TEST(MaskPredictorErrors, AClassThatItLacksFailsTheRun) {
  const Case c{1, 8, 2, 2, 1, 3, Layout::kNhwc};
  for (const float label : {-1.f, 3.f, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THROW(run_predictor(c, tests::random_values(8 * 4, 1), {label}), DeviceError) << label;
  }
  EXPECT_THROW(run_predictor({1, 6, 2, 2, 0, 3, Layout::kNhwc}, {}, {}), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
