// SPDX-License-Identifier: MIT
#include "engine/image/row_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/engine/image/reference/resize.hpp"
#include "tests/support/elements.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine {
namespace {

std::vector<std::uint8_t> scratch(std::size_t bytes, unsigned seed) {
  auto row = tests::noise(static_cast<int>(bytes), 1, 1, seed).bytes;
  row.resize(bytes + kRowSlack);
  return row;
}

class RowKernels : public testing::TestWithParam<std::size_t> {};  // Width

TEST_P(RowKernels, WidenKeepsThreeChannelsAndReadsNoFurther) {
  const auto source =
      tests::noise(static_cast<int>(GetParam()), 1, 3, 1).bytes;  // Exactly as long as its pixels
  std::vector<std::uint8_t> wide(4 * GetParam() + kRowSlack);
  widen_pixels(source.data(), GetParam(), 3, wide.data());
  for (std::size_t i = 0; i < source.size(); ++i) ASSERT_EQ(wide[i / 3 * 4 + i % 3], source[i]) << i;
}

TEST_P(RowKernels, StackAndUnstackAreInverse) {
  std::vector<std::vector<std::uint8_t>> rows;
  std::vector<const std::uint8_t*> sources;
  for (unsigned i = 0; i < stack_rows(); ++i) {
    rows.push_back(scratch(4 * GetParam(), i));
    sources.push_back(rows.back().data());
  }
  std::vector<std::uint8_t> stack(4 * GetParam() * stack_rows() + kRowSlack);
  stack_pixels(sources, GetParam(), stack.data());
  auto found = std::vector<std::vector<std::uint8_t>>(rows.size(), std::vector<std::uint8_t>(rows[0].size()));
  std::vector<std::uint8_t*> targets;
  for (auto& row : found) targets.push_back(row.data());
  unstack_pixels(stack.data(), GetParam(), targets);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(std::equal(rows[i].begin(), rows[i].end() - kRowSlack, found[i].begin())) << i;
    ASSERT_EQ(stack[(GetParam() - 1) * 4 * stack_rows() + 4 * i], rows[i][4 * (GetParam() - 1)]) << i;
  }
}

TEST_P(RowKernels, SplitAndJoinUndoWiden) {
  const auto source = tests::noise(static_cast<int>(GetParam()), 1, 3, 2).bytes;
  std::vector<std::uint8_t> wide(4 * GetParam() + kRowSlack);
  widen_pixels(source.data(), GetParam(), 3, wide.data());
  const auto pitch = (GetParam() + 63) / 64 * 64;
  std::vector<std::uint8_t> planes(3 * pitch + kRowSlack);
  split_channels(wide.data(), GetParam(), pitch, planes.data());
  std::vector<std::uint8_t> joined(source.size());
  join_channels({planes.data(), planes.data() + pitch, planes.data() + 2 * pitch}, GetParam(), joined.data());
  EXPECT_EQ(joined, source);
}

TEST_P(RowKernels, FilterRowsRoundsTheWeightedSum) {
  const std::vector<std::int32_t> coefficients{1 << 20, 3 << 20};  // A quarter and three
  const auto upper = scratch(GetParam(), 3);
  const auto lower = scratch(GetParam(), 4);
  const std::vector<const std::uint8_t*> rows{upper.data(), lower.data()};
  std::vector<std::uint8_t> target(GetParam() + kRowSlack);
  filter_rows(rows, coefficients, GetParam(), target.data());
  for (std::size_t i = 0; i < GetParam(); ++i) ASSERT_EQ(target[i], (upper[i] + 3 * lower[i] + 2) / 4) << i;
}

TEST_P(RowKernels, NormalizeWritesExactlyItsWidth) {
  const auto plane = scratch(GetParam(), 5);
  std::vector<float> target(GetParam() + 1, -1.F);
  normalize_plane(plane.data(), GetParam(), 103.53F, 57.375F, target.data());
  for (std::size_t i = 0; i < GetParam(); ++i) {
    ASSERT_EQ(target[i], (static_cast<float>(plane[i]) - 103.53F) / 57.375F) << i;
  }
  EXPECT_EQ(target[GetParam()], -1.F);
}

// Values near ties, beyond reach and of both signs, by the definition of what elements hold.
TEST_P(RowKernels, JoinAsNarrowElementsKeepsTheNearestAndWritesExactlyItsWidth) {
  const auto width = GetParam();
  auto values = tests::random_values(3 * width, 7);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= i % 5 == 0 ? 300.F : 0.75F;
  values[0] = 1.25F;
  const std::array<const float*, 3> planes{values.data(), values.data() + width, values.data() + 2 * width};
  for (const auto dtype : {DType::kBf16, DType::kS8, DType::kU8}) {
    const float step = dtype == DType::kBf16 ? 1.F : 0.5F;
    Tensor joined({"joined", {static_cast<std::int64_t>(3 * width + 1)}, dtype, Layout::kRowMajor, step});
    Tensor expected({"expected", {static_cast<std::int64_t>(3 * width + 1)}, dtype, Layout::kRowMajor, step});
    for (auto* tensor : {&joined, &expected}) tests::set_element(*tensor, 3 * width, 2.F);
    for (std::size_t i = 0; i < 3 * width; ++i) tests::set_element(expected, i, planes[i % 3][i / 3]);
    if (dtype == DType::kBf16) {
      join_bf16(planes, width, joined.values<std::uint16_t>().data());
    } else {
      const ActivationStep steps{step, dtype == DType::kS8};
      join_8_bits(planes, width, 1 / step, steps.least(), steps.most(),
                  static_cast<std::uint8_t*>(joined.data()));
    }
    EXPECT_EQ(tests::elements(joined), tests::elements(expected)) << to_string(dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(AwkwardWidths, RowKernels, testing::Values(1, 7, 13, 31, 64, 65, 127, 800));

}  // namespace
}  // namespace rcnn::engine
