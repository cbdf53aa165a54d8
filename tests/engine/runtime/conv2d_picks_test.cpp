// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_picks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;

constexpr Conv2dCosts kWinogradWins{{{0, 1}, {0, 2}, {0, 4}}};
constexpr Conv2dCosts kDirectWins{{{0, 1}, {0, 8}, {0, 32}}};

Conv2dParams params_of(int out_channels) {
  return {"conv", "w", "b", out_channels, 3, 1, 1, 1, Activation::kNone};
}

const Format kMap({1, 32, 20, 20}, Layout::kBlocked8);

bool lies_in_blocks() { return conv2d_algorithms(params_of(32), kMap, nullptr).size() > 1; }

TEST(Conv2dPicks, MeasuresEachClassOnce) {
  if (!lies_in_blocks()) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  std::vector<Conv2dClass> measured;
  Conv2dPicks picks(Conv2dCostFile({}, "here"), [&](const Conv2dClass& shape) {
    measured.push_back(shape);
    return shape.out_channels == 32 ? kWinogradWins : kDirectWins;
  });
  EXPECT_EQ(picks.pick(params_of(32), kMap, nullptr), Conv2dAlgorithm::kWinograd4x4);
  EXPECT_EQ(picks.pick(params_of(32), Format({1, 32, 7, 90}, Layout::kBlocked8), nullptr),
            Conv2dAlgorithm::kWinograd4x4);
  EXPECT_EQ(picks.pick(params_of(64), kMap, nullptr), Conv2dAlgorithm::kDirect);
  EXPECT_EQ(measured.size(), 2U);
  EXPECT_EQ(picks.known().size(), 2U);
}

// A head's first convolution: its regions are pooled channels-last.
TEST(Conv2dPicks, ASourceThatLiesOtherwiseIsJudgedAsBroughtToBlocks) {
  if (!lies_in_blocks()) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  std::vector<Conv2dClass> measured;
  Conv2dPicks picks(Conv2dCostFile({}, "here"), [&](const Conv2dClass& shape) {
    measured.push_back(shape);
    return kWinogradWins;
  });
  const Format channels_last({4, 32, 14, 14}, Layout::kNhwc);
  EXPECT_EQ(picks.pick(params_of(32), channels_last, nullptr), Conv2dAlgorithm::kWinograd4x4);
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_GE(measured[0].block, 8);
}

// Else a mask's bits would change with the number of detections beside it.
TEST(Conv2dPicks, ABatchIsComputedAsOneMapIs) {
  if (!lies_in_blocks()) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  Conv2dPicks picks(Conv2dCostFile({}, "here"), [](const Conv2dClass&) -> Conv2dCosts {
    return {{{0, 1}, {1000, 0.1}, {1000, 0.1}}};  // Direct for one map, the others for many
  });
  for (const int maps : {1, 16, 100}) {
    EXPECT_EQ(picks.pick(params_of(32), Format({maps, 32, 14, 14}, Layout::kBlocked8), nullptr),
              Conv2dAlgorithm::kDirect)
        << maps;
  }
}

TEST(Conv2dPicks, NeverMeasuresWhatCanOnlyRunDirect) {
  Conv2dPicks picks(Conv2dCostFile({}, "here"), [](const Conv2dClass&) -> Conv2dCosts {
    ADD_FAILURE() << "measured";
    return kWinogradWins;
  });
  auto strided = params_of(32);
  strided.stride = 2;
  EXPECT_EQ(picks.pick(strided, kMap, nullptr), Conv2dAlgorithm::kDirect);
  auto pointwise = params_of(32);
  pointwise.kernel = 1;
  pointwise.padding = 0;
  EXPECT_EQ(picks.pick(pointwise, kMap, nullptr), Conv2dAlgorithm::kDirect);
}

TEST(Conv2dPicks, TheNextProcessFindsThemInTheFile) {
  if (!lies_in_blocks()) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  const auto folder = fs::temp_directory_path() / ("rcnn-picks-" + std::to_string(::getpid()));
  const Conv2dCostFile file(folder / "costs.json", "here");
  Conv2dPicks(file, [](const Conv2dClass&) { return kWinogradWins; }).pick(params_of(32), kMap, nullptr);
  Conv2dPicks later(file, [](const Conv2dClass&) {
    ADD_FAILURE() << "measured again";
    return kDirectWins;
  });
  EXPECT_EQ(later.pick(params_of(32), kMap, nullptr), Conv2dAlgorithm::kWinograd4x4);
  fs::remove_all(folder);
}

// Cores must not disagree, even where a measurement would come out differently a second time.
TEST(Conv2dPicks, AllThreadsGetTheSameAnswer) {
  if (!lies_in_blocks()) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  int measurements = 0;
  Conv2dPicks picks(Conv2dCostFile({}, "here"),
                    [&](const Conv2dClass&) { return measurements++ == 0 ? kWinogradWins : kDirectWins; });
  std::vector<std::future<Conv2dAlgorithm>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(
        std::async(std::launch::async, [&] { return picks.pick(params_of(32), kMap, nullptr); }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), Conv2dAlgorithm::kWinograd4x4);
}

}  // namespace
}  // namespace rcnn::engine
