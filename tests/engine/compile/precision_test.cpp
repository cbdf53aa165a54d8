// SPDX-License-Identifier: MIT
#include "engine/compile/precision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "engine/compile/artifact.hpp"
#include "engine/compile/kernel_rounding.hpp"
#include "engine/errors.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float value_of(std::uint32_t bits, DType type) {
  const std::vector<std::byte> bytes{static_cast<std::byte>(bits & 0xff), static_cast<std::byte>(bits >> 8U)};
  return widen(bytes, type).at(0);
}

std::uint16_t bits_of(float value, DType type) {
  return type == DType::kBf16 ? to_bf16(value) : fp16_bits(value);
}

TEST(Precision, KnownHalves) {
  EXPECT_EQ(fp16_bits(1), 0x3c00);
  EXPECT_EQ(fp16_bits(-2), 0xc000);
  EXPECT_EQ(fp16_bits(0.F), 0);
  EXPECT_EQ(fp16_bits(-0.F), 0x8000);
  EXPECT_EQ(fp16_bits(65504), 0x7bff);
  EXPECT_EQ(fp16_bits(std::nextafter(65520.F, 0.F)), 0x7bff);
  EXPECT_EQ(fp16_bits(65520), 0x7c00) << "halfway to the next, which there is none of";
  EXPECT_EQ(fp16_bits(3e38F), 0x7c00);
  EXPECT_EQ(fp16_bits(-kInfinity), 0xfc00);
  EXPECT_EQ(fp16_bits(0x1p-14F), 0x0400) << "least normal";
  EXPECT_EQ(fp16_bits(0x1p-24F), 1) << "least of all";
  EXPECT_EQ(fp16_bits(0x1p-25F), 0) << "halfway to it: even";
  EXPECT_EQ(fp16_bits(0x1.8p-25F), 1);
  EXPECT_EQ(fp16_bits(1 + 0x1p-11F), 0x3c00) << "halfway: even";
  EXPECT_EQ(fp16_bits(1 + 0x3p-11F), 0x3c02) << "halfway: even";
  EXPECT_TRUE(std::isnan(value_of(fp16_bits(NAN), DType::kF16)));
}

TEST(Precision, EveryValueThatCanBeHeldIsHeld) {
  for (const auto type : {DType::kBf16, DType::kF16}) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
      const float value = value_of(bits, type);
      if (std::isnan(value)) continue;
      ASSERT_EQ(bits_of(value, type), bits) << to_string(type);
    }
  }
}

// The slow twin: of the neighbours, the nearer one, and the even one of two as near.
TEST(Precision, OthersBecomeTheNearest) {
  std::mt19937 random(3);
  for (const auto type : {DType::kBf16, DType::kF16}) {
    for (int i = 0; i < 20000; ++i) {
      const float value =
          std::ldexp(static_cast<float>(random()) * 0x1p-32F, static_cast<int>(random() % 38) - 24);
      const std::uint32_t found = bits_of(value, type);
      const double here = std::abs(value_of(found, type) - double{value});
      for (const auto other : {found + 1, found - 1}) {
        if (found == 0 && other != 1) continue;
        const double there = std::abs(value_of(other, type) - double{value});
        ASSERT_TRUE(here < there || (here == there && found % 2 == 0)) << value << " " << to_string(type);
      }
    }
  }
}

TEST(Precision, ArtifactsHoldTheRoundedWeights) {
  const auto exact = compile(tests::tiny_config(), tests::tiny_checkpoint(), {});
  const auto rectified = rectified_weights(exact.programs);
  const auto file = tests::tiny_model().parent_path() / "rounded.rcnn";
  for (const auto& [precision, type] : {std::pair{"bf16", DType::kBf16}, std::pair{"fp16", DType::kF16}}) {
    write_artifact(compile(tests::tiny_config(), tests::tiny_checkpoint(), {.precision = precision}), file);
    const auto artifact = Artifact::open(file);
    EXPECT_EQ(artifact->options().precision, precision);
    for (const auto& [name, tensor] : exact.weights) {
      const auto stored = artifact->tensors().at(name);
      EXPECT_EQ(stored.dtype, tensor.shape.size() > 1 ? type : DType::kF32) << name;
      const auto values = artifact->weight(name);
      ASSERT_EQ(values.size(), tensor.values->size());
      auto expected = *tensor.values;
      if (tensor.shape.size() > 1 && type == DType::kBf16) {
        expected = round_to_bf16(expected, tensor.shape, rectified.contains(name));
      } else if (tensor.shape.size() > 1) {
        for (float& value : expected) value = value_of(bits_of(value, type), type);
      }
      EXPECT_TRUE(std::ranges::equal(values, expected)) << name;
    }
    artifact->release_values();
    const auto name = exact.weights.begin()->first;
    EXPECT_EQ(artifact->weight(name).size(), exact.weights.at(name).values->size()) << "read again";
  }
  std::filesystem::remove(file);
}

TEST(Precision, WhatCannotBeHeldIsNamed) {
  Weights weights;
  weights["roi_heads.fc.weight"] = {{1, 2},
                                    std::make_shared<const std::vector<float>>(std::vector{1.F, 7e4F})};
  weights["bias"] = {{1}, std::make_shared<const std::vector<float>>(std::vector{7e4F})};
  auto kept = weights;
  EXPECT_NO_THROW(round_weights(kept, "bf16", {}));
  EXPECT_EQ((*kept.at("bias").values)[0], 7e4F);
  try {
    round_weights(weights, "fp16", {});
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("'roi_heads.fc.weight'"), HasSubstr("70000"), HasSubstr("bf16 or f32")));
  }
  EXPECT_THROW(round_weights(weights, "int3", {}), SettingError);
}

}  // namespace
}  // namespace rcnn::engine
