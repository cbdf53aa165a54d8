// SPDX-License-Identifier: MIT
#include "pipeline/warm_up.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "engine/errors.hpp"
#include "engine/runtime/core_state.hpp"

namespace rcnn::pipeline {
namespace {

constexpr int kInRow = engine::CoreState::kFailuresInRow;

/// How often is run what fails the first `failures` times with an Error.
template <typename Error>
int runs(std::size_t cores, int failures) {
  int begun = 0;
  try {
    warm_up(cores, [&] {
      if (++begun <= failures) throw Error("a bad day");
    });
  } catch (const Error&) {
    return -begun;  // It was given up.
  }
  return begun;
}

TEST(WarmUp, IsTriedAgainUntilEveryCoreIsOutOfService) {
  EXPECT_EQ(runs<engine::DeviceError>(1, 0), 1);
  EXPECT_EQ(runs<engine::DeviceError>(2, 2 * kInRow - 1), 2 * kInRow);
  EXPECT_EQ(runs<engine::DeviceError>(2, 2 * kInRow), -2 * kInRow);
}

TEST(WarmUp, WaitsForEachCoreOnce) {
  EXPECT_EQ(runs<engine::TimeoutError>(2, 1), 2);
  EXPECT_EQ(runs<engine::TimeoutError>(2, 2), -2);
}

TEST(WarmUp, IsNotTriedAgainWhereNobodyWantsItOrNoCoreFailed) {
  EXPECT_EQ(runs<engine::CancelledError>(2, 1), -1);
  EXPECT_EQ(runs<engine::ModelError>(2, 1), -1);
}

TEST(WarmUp, TakesAsLongAsTheRunThatDidWell) {
  bool failed = false;
  const auto took = warm_up(1, [&] {
    if (failed) return;
    failed = true;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    throw engine::DeviceError("a bad day");
  });
  EXPECT_LT(took, std::chrono::seconds(1));
}

}  // namespace
}  // namespace rcnn::pipeline
