// SPDX-License-Identifier: MIT
#include "engine/runtime/cpu_turns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

const std::atomic<bool> kNever{false};

/// Until so many wait.
void wait_for(const CpuTurns& turns, std::size_t waiting) {
  while (turns.waiting() != waiting) std::this_thread::yield();
}

TEST(CpuTurns, ThoseWhoAskFirstComeFirst) {
  const auto turns = std::make_shared<CpuTurns>(1);
  auto turn = CpuTurns::take(turns, kNever);
  std::vector<int> order;  // No lock: the turn is one
  std::vector<std::jthread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&, i] {
      const auto mine = CpuTurns::take(turns, kNever);
      order.push_back(i);
    });
    wait_for(*turns, static_cast<std::size_t>(i) + 1);
  }
  turn.end();
  threads.clear();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST(CpuTurns, AsManyAtOnceAsThereAre) {
  const auto turns = std::make_shared<CpuTurns>(2);
  const auto first = CpuTurns::take(turns, kNever);
  auto second = CpuTurns::take(turns, kNever);
  EXPECT_TRUE(first && second);
  std::atomic<bool> had{false};
  const std::jthread third([&] {
    const auto turn = CpuTurns::take(turns, kNever);
    had = true;
  });
  wait_for(*turns, 1);
  EXPECT_FALSE(had);
  second = CpuTurns::Turn();  // One that is replaced ends, too.
}

TEST(CpuTurns, ATurnEndsOnce) {
  const auto turns = std::make_shared<CpuTurns>(1);
  auto turn = CpuTurns::take(turns, kNever);
  auto moved = std::move(turn);
  turn.end();
  moved.end();
  moved.end();
  const auto next = CpuTurns::take(turns, kNever);
  EXPECT_TRUE(next);
  std::atomic<bool> given_up{true};
  EXPECT_FALSE(CpuTurns::take(turns, given_up));
}

TEST(CpuTurns, WhoGivesUpLeavesTheirPlaceToTheOthers) {
  const auto turns = std::make_shared<CpuTurns>(1);
  auto turn = CpuTurns::take(turns, kNever);
  std::atomic<bool> given_up{false};
  std::atomic<bool> had{false};
  std::jthread leaving([&] { EXPECT_FALSE(CpuTurns::take(turns, given_up)); });
  wait_for(*turns, 1);
  const std::jthread staying([&] {
    const auto mine = CpuTurns::take(turns, kNever);
    had = true;
  });
  wait_for(*turns, 2);
  given_up = true;
  turns->look_again();
  leaving.join();
  EXPECT_FALSE(had);
  turn.end();
}

}  // namespace
}  // namespace rcnn::engine
