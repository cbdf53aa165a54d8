// SPDX-License-Identifier: MIT
#include "pipeline/tensor_pool.hpp"

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <memory>
#include <random>

namespace rcnn::pipeline {
namespace {

using Specs = std::vector<engine::TensorSpec>;

Specs floats(std::int64_t count) { return {{"x", {count}}}; }

constexpr std::int64_t kMebibyte = std::int64_t{1} << 18;  // Floats

TEST(TensorPool, ReusesMemoryUpToFourTimesTheSize) {
  const TensorPool pool;
  auto first = pool.acquire(floats(100));
  const auto* memory = first->at(0).data();
  first.reset();
  EXPECT_EQ(pool.idle_bytes(), 512U);
  const auto too_large = pool.acquire(floats(129));
  EXPECT_EQ(pool.misses(), 2U);
  auto small = pool.acquire(floats(20));
  EXPECT_EQ(small->at(0).data(), memory);
  EXPECT_EQ(pool.idle_bytes(), 0U);
  small.reset();
  const auto other = pool.acquire(floats(128));
  EXPECT_EQ(other->at(0).data(), memory);
  EXPECT_EQ(pool.misses(), 2U);
  auto large = pool.acquire(floats(1024));
  large.reset();
  const auto too_small = pool.acquire(floats(128));
  EXPECT_EQ(pool.misses(), 4U) << "a block of eight times as much stays where it is";
}

// Pages that were written before are written again before new ones are: they alone take memory.
TEST(TensorPool, TakesWhatHasBeenWrittenFirst) {
  const TensorPool pool;
  pool.provide({floats(1024), floats(700), floats(300)}, 1);
  EXPECT_EQ(pool.misses(), 3U);
  const auto place = [&](std::int64_t count) { return pool.acquire(floats(count))->at(0).data(); };
  const auto* memory = place(700);
  EXPECT_EQ(place(300), memory);
  EXPECT_EQ(place(1024), memory) << "grows what is there";
  auto held = pool.acquire(floats(1024));
  EXPECT_EQ(held->at(0).data(), memory);
  const auto* second = place(300);
  EXPECT_NE(second, memory);
  held.reset();
  EXPECT_EQ(place(300), second) << "the one that has just enough";
  EXPECT_EQ(place(700), memory) << "rather than new pages";
  EXPECT_EQ(pool.misses(), 3U);
}

TEST(TensorPool, TakesTheSmallestThatFits) {
  const TensorPool pool;
  auto large = pool.acquire(floats(1024));
  auto small = pool.acquire(floats(512));
  const auto* memory = small->at(0).data();
  small.reset();
  large.reset();  // The last one given back.
  EXPECT_EQ(pool.acquire(floats(400))->at(0).data(), memory);
}

TEST(TensorPool, LaysTheTensorsOfASetBesideEachOther) {
  const TensorPool pool;
  const Specs specs{
      {"a", {1, 3, 5, 7}}, {"b", {1, 8, 2, 2}, engine::DType::kF32, engine::Layout::kNhwc}, {"c", {1}}};
  const auto set = pool.acquire(specs);
  ASSERT_EQ(set->size(), 3U);
  const std::byte* end = nullptr;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& tensor = set->at(i);
    EXPECT_EQ(tensor.spec(), specs[i]);
    const auto* begin = static_cast<const std::byte*>(tensor.data());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(begin) % 64, 0U);
    EXPECT_LE(end, begin);
    end = begin + tensor.spec().bytes();
  }
}

TEST(TensorPool, NothingIsRecycledWhileAnyoneRefersToIt) {
  const TensorPool pool;
  auto set = pool.acquire(floats(10));
  const auto late = set;  // As a core that has not come back yet.
  set.reset();
  const auto other = pool.acquire(floats(10));
  EXPECT_NE(other->at(0).data(), late->at(0).data());
}

TEST(TensorPool, BoundsWhatIdlesWhenSizesKeepChanging) {
  const TensorPool pool;
  for (std::int64_t size = 1; size <= 256; size *= 8) {  // 1, 8, 64 MiB: none serves another, none is touched
    std::vector<std::shared_ptr<TensorSet>> held;
    for (int i = 0; i < 4; ++i) held.push_back(pool.acquire(floats(size * kMebibyte)));
  }
  EXPECT_GT(pool.idle_bytes(), TensorPool::kIdleBytes) << "just used";
  for (std::uint64_t i = 0; i < TensorPool::kForgetAfter; ++i) pool.acquire(floats(kMebibyte));
  pool.acquire(floats(1024));  // Has to allocate
  EXPECT_LE(pool.idle_bytes(), TensorPool::kIdleBytes + 4096);
  const auto misses = pool.misses();
  pool.acquire(floats(kMebibyte));
  EXPECT_EQ(pool.misses(), misses) << "what is in use stays";
}

// Sixty-four frames in flight, three kinds of sets: more lies idle at times than kIdleBytes.
TEST(TensorPool, StopsMissingWhateverIdles) {
  const TensorPool pool;
  std::mt19937 random(1);
  const std::vector<Specs> kinds{floats(8 * kMebibyte), floats(60 * kMebibyte), floats(kMebibyte)};
  const auto play = [&](int steps) {
    std::list<std::shared_ptr<TensorSet>> held;
    for (int i = 0; i < steps; ++i) {
      held.push_back(pool.acquire(kinds[random() % kinds.size()]));
      while (held.size() > 64 || (!held.empty() && random() % 3 == 0)) held.pop_front();
    }
  };
  play(20'000);
  const auto misses = pool.misses();
  play(20'000);
  EXPECT_LE(pool.misses() - misses, 100U) << "of 20,000";
}

// Frames that each hold every kind at most once, in any order.
TEST(TensorPool, NeverMissesWhatWasProvidedFor) {
  const TensorPool pool;
  constexpr std::size_t kFrames = 64;
  const std::vector<Specs> kinds{floats(8 * kMebibyte), floats(kMebibyte / 2), floats(kMebibyte / 2 - 100),
                                 floats(kMebibyte)};
  pool.provide(kinds, kFrames);
  EXPECT_EQ(pool.misses(), kFrames * kinds.size());
  std::mt19937 random(1);
  std::array<std::array<std::shared_ptr<TensorSet>, 4>, kFrames> held;
  for (int i = 0; i < 20'000; ++i) {
    const auto kind = random() % kinds.size();
    auto& place = held.at(random() % kFrames).at(kind);
    place = place && random() % 4 == 0 ? nullptr : pool.acquire(kinds[kind]);
  }
  pool.provide({kinds.begin(), kinds.begin() + 2}, kFrames);
  EXPECT_EQ(pool.misses(), kFrames * kinds.size());
}

TEST(TensorPool, ForgetsWhatWasProvidedForAnotherSize) {
  const TensorPool pool;
  pool.provide({floats(64 * kMebibyte)}, 4);
  EXPECT_EQ(pool.idle_bytes(), std::size_t{256} << 20);
  for (std::uint64_t i = 0; i <= TensorPool::kForgetAfter; ++i) pool.acquire(floats(kMebibyte));
  pool.provide({floats(kMebibyte)}, 4);
  EXPECT_EQ(pool.idle_bytes(), (std::size_t{64} + 4) << 20) << "three of four are gone";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // They end the process.
TEST(TensorPool, ProvidesAsFarAsAddressSpaceGoes) {
  const TensorPool pool;
  pool.provide({floats(std::int64_t{1} << 58), floats(10)}, 2);
  EXPECT_EQ(pool.misses(), 2U);
  EXPECT_THROW(pool.acquire(floats(std::int64_t{1} << 58)), std::bad_alloc);
}
#endif

TEST(TensorPool, SetsMayOutliveIt) {
  auto pool = std::make_unique<TensorPool>();
  auto set = pool->acquire(floats(10));
  pool.reset();
  EXPECT_EQ(set->at(0).values<float>().size(), 10U);
  set.reset();
}

}  // namespace
}  // namespace rcnn::pipeline
