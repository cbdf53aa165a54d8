// SPDX-License-Identifier: MIT
#include "engine/ops/winograd/joint_rounding.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/ops/winograd/toom_cook.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

constexpr std::size_t kSide = 8;
template <std::size_t kPatch>
using Kernels = std::array<std::array<float, kSide>, kPatch * kPatch>;

tests::Matrix transformed(Variant variant, unsigned seed) {
  const auto plain = tests::random_values(9, seed);
  tests::Matrix kernel(3, std::vector<double>(3));
  for (std::size_t i = 0; i < 9; ++i) kernel[i / 3][i % 3] = plain[i];
  return tests::sandwich(tests::weight_matrix(variant), kernel);
}

/// What the theory expects of a tile's squared error, but for a factor.
double squared_error(const tests::Matrix& triangle, const tests::Matrix& exact,
                     const tests::Matrix& rounded) {
  const auto size = exact.size();
  double sum = 0;
  for (std::size_t i = 0; i < triangle.size(); ++i) {
    double row = 0;
    for (std::size_t k = i; k < triangle.size(); ++k) {
      row += triangle[i][k] * (rounded[k / size][k % size] - exact[k / size][k % size]);
    }
    sum += row * row;
  }
  return sum;
}

template <std::size_t kPatch>
void expect_twins(Variant variant, const Square<kPatch>& rows, double most) {
  const auto triangle = tests::error_triangle(variant);
  double jointly = 0, one_by_one = 0;
  int others = 0;
  for (unsigned seed = 0; seed < 200; seed += kSide) {
    Kernels<kPatch> kernels{};
    std::vector<tests::Matrix> exact;
    for (std::size_t i = 0; i < kSide; ++i) {
      exact.push_back(transformed(variant, seed + static_cast<unsigned>(i)));
      for (std::size_t at = 0; at < kernels.size(); ++at)
        kernels[at][i] = static_cast<float>(exact[i][at / kPatch][at % kPatch]);
    }
    round_jointly(rows, kernels);
    for (std::size_t i = 0; i < kSide; ++i) {
      const auto twin = tests::rounded_jointly(variant, exact[i]);
      auto nearest = exact[i];
      bool same = true;
      for (std::size_t at = 0; at < kernels.size(); ++at) {
        same = same && kernels[at][i] == static_cast<float>(twin[at / kPatch][at % kPatch]);
        double& value = nearest[at / kPatch][at % kPatch];
        value = nearest_bf16(static_cast<float>(value));
      }
      others += same ? 0 : 1;
      jointly += squared_error(triangle, exact[i], twin);
      one_by_one += squared_error(triangle, exact[i], nearest);
    }
  }
  EXPECT_LE(others, 2)
      << "of 200; the twin has more digits, so what lies halfway between two may round otherwise";
  EXPECT_LT(std::sqrt(jointly / one_by_one), most);
}

TEST(WinogradJointRounding, IsItsSlowTwinAndCancelsAQuarterOfTheError) {
  expect_twins(Variant::kF4x4, taken_up<6>({0, kA, -kA, kB, -kB}), 0.75);
  expect_twins(Variant::kF2x2, taken_up<4>({0, 1, -1}), 0.95);
}

TEST(WinogradJointRounding, LeavesWhatBf16HoldsAsItIs) {
  Kernels<6> kernels{};
  for (std::size_t at = 0; at < kernels.size(); ++at) kernels[at].fill(static_cast<float>(at) / 64);
  const auto before = kernels;
  round_jointly(taken_up<6>({0, kA, -kA, kB, -kB}), kernels);
  EXPECT_EQ(kernels, before);
}

}  // namespace
}  // namespace rcnn::engine::winograd
