// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace rcnn::pipeline {
namespace {

using Specs = std::vector<engine::TensorSpec>;

Specs floats(std::int64_t count) { return {{"x", {count}}}; }

TEST(TensorPool, ReusesASetOfTheSameShapesOnly) {
  const TensorPool pool;
  auto first = pool.acquire(floats(100));
  const auto* memory = first->at(0).data();
  first.reset();
  EXPECT_EQ(pool.idle_bytes(), 400U);
  const auto other = pool.acquire(floats(101));
  EXPECT_EQ(pool.misses(), 2U);
  const auto again = pool.acquire(floats(100));
  EXPECT_EQ(again->at(0).data(), memory);
  EXPECT_EQ(pool.misses(), 2U);
  EXPECT_EQ(pool.idle_bytes(), 0U);
}

TEST(TensorPool, NamesAndLayoutsTellShapesApart) {
  const TensorPool pool;
  pool.acquire({{"a", {1, 8, 2, 2}, engine::DType::kF32, engine::Layout::kNhwc}});
  pool.acquire({{"a", {1, 8, 2, 2}, engine::DType::kF32, engine::Layout::kRowMajor}});
  pool.acquire({{"b", {1, 8, 2, 2}, engine::DType::kF32, engine::Layout::kRowMajor}});
  EXPECT_EQ(pool.misses(), 3U);
}

TEST(TensorPool, NothingIsRecycledWhileAnyoneRefersToIt) {
  const TensorPool pool;
  auto set = pool.acquire(floats(10));
  const auto late = set;  // As a core that has not come back yet.
  set.reset();
  const auto other = pool.acquire(floats(10));
  EXPECT_NE(other->at(0).data(), late->at(0).data());
}

TEST(TensorPool, BoundsWhatIdlesWhenShapesKeepChanging) {
  const TensorPool pool;
  const auto mebibyte = std::int64_t{1} << 18;  // Floats
  for (std::int64_t i = 0; i < 40; ++i)
    pool.acquire(floats(10 * mebibyte + i));  // 400 MiB in all, never touched
  EXPECT_LE(pool.idle_bytes(), TensorPool::kIdleBytes + (std::size_t{11} << 20));
}

TEST(TensorPool, AStageNeverGivesUpWhatAnotherLeft) {
  const TensorPool pool;
  const auto half = static_cast<std::int64_t>(TensorPool::kIdleBytes / sizeof(float) / 2);
  const Specs features{{"p2", {half}}};
  {
    std::vector<std::shared_ptr<TensorSet>> held;
    for (int i = 0; i < 4; ++i) held.push_back(pool.acquire(features));
  }
  for (std::int64_t i = 1; i <= 3; ++i) pool.acquire({{"pooled", {half + i}}});
  const auto misses = pool.misses();
  std::vector<std::shared_ptr<TensorSet>> again;
  for (int i = 0; i < 4; ++i) again.push_back(pool.acquire(features));
  EXPECT_EQ(pool.misses(), misses);
}

TEST(TensorPool, ManyShapesInTurnStopMissing) {
  const TensorPool pool;
  for (int round = 0; round < 10; ++round) {
    for (std::int64_t size = 1; size <= 5; ++size) pool.acquire(floats(size));
  }
  EXPECT_EQ(pool.misses(), 5U);
}

TEST(TensorPool, SetsMayOutliveIt) {
  auto pool = std::make_unique<TensorPool>();
  auto set = pool->acquire(floats(10));
  pool.reset();
  EXPECT_EQ(set->at(0).values<float>().size(), 10U);
  set.reset();
}

}  // namespace
}  // namespace rcnn::pipeline
