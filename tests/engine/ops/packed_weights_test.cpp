// SPDX-License-Identifier: MIT
#include "engine/ops/packed_weights.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine {
namespace {

TEST(PackedWeights, MakesEachLayoutOnceAndForgetsItWithItsLastHolder) {
  const auto values = tests::random_values(8 * 4 * 3 * 3, 1);
  int reads = 0;
  PackedWeights weights([&](const std::string&) {
    ++reads;
    return std::span<const float>(values);
  });
  const Format plain({8, 4, 3, 3}, Layout::kRowMajor), other({8, 4, 3, 3}, Layout::kNhwc);
  auto first = weights.get("w", plain, other);
  EXPECT_EQ(first, weights.get("w", plain, other));
  EXPECT_EQ(reads, 1);
  EXPECT_NE(first, weights.get("w", plain, plain));
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(first->values<float>()[1], values[9]);  // Channel fastest
  first.reset();
  weights.get("w", plain, other);
  EXPECT_EQ(reads, 3);
}

TEST(PackedWeights, MakesEachDerivationOnceAndForgetsItWithItsLastHolder) {
  const std::vector<float> values{1, 2, 3};
  PackedWeights weights([&](const std::string&) { return std::span<const float>(values); });
  int made = 0;
  const PackedWeights::Derivation doubled{"doubled", 3, 3, [&](auto plain, auto result) {
                                            ++made;
                                            for (std::size_t i = 0; i < 3; ++i) result[i] = 2 * plain[i];
                                          }};
  auto first = weights.derive("w", doubled);
  EXPECT_EQ(first->values<float>()[2], 6.F);
  EXPECT_EQ(first, weights.derive("w", doubled));
  EXPECT_EQ(made, 1);
  EXPECT_EQ(weights.held_bytes("w"), 12U);
  EXPECT_EQ(weights.held_bytes("v"), 0U);
  first.reset();
  EXPECT_EQ(weights.held_bytes("w"), 0U);
  weights.derive("w", doubled);
  EXPECT_EQ(made, 2);
  EXPECT_THROW(weights.derive("w", {"doubled", 4, 3, doubled.make}), ModelError);
}

TEST(PackedWeights, RefusesAParameterOfAnotherSizeByName) {
  const std::vector<float> values(5);
  PackedWeights weights([&](const std::string&) { return std::span<const float>(values); });
  try {
    weights.get("fc.weight", Format({2, 3}, Layout::kRowMajor), Format({2, 3}, Layout::kRowMajor));
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("'fc.weight' has 5 values"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace rcnn::engine
