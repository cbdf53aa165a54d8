// SPDX-License-Identifier: MIT
#include "engine/tensor/bf16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rcnn::engine {
namespace {

TEST(Bf16Values, AreTheNearest) {
  EXPECT_EQ(to_bf16(1), 0x3f80);
  EXPECT_EQ(to_bf16(1 + 0x1p-8F), 0x3f80) << "halfway: even";
  EXPECT_EQ(to_bf16(1 + 0x3p-8F), 0x3f82) << "halfway: even";
  EXPECT_EQ(to_bf16(-3.1415927F), 0xc049);
  EXPECT_EQ(to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7fffffffU)))));
}

TEST(Bf16Values, ComeBackAsTheyWere) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto value = from_bf16(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_bf16(value), bits);
    ASSERT_EQ(nearest_bf16(value), value);
  }
}

}  // namespace
}  // namespace rcnn::engine
