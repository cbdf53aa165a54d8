// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/ops.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/operator_runner.hpp"

namespace rcnn::engine {
namespace {

// The positions are those that tensor.hpp documents, computed here from the layout's own definition.
TEST(Reorder, PutsEveryValueWhereTheLayoutSays) {
  constexpr std::size_t kChannels = 12, kHeight = 5, kWidth = 7;
  const Shape shape{1, kChannels, kHeight, kWidth};
  const auto values = tests::random_values(kChannels * kHeight * kWidth, 1);
  const Format plain(shape, Layout::kRowMajor);
  auto source = tests::filled_with_nan(plain.bytes());
  std::copy(values.begin(), values.end(), source.values<float>().begin());
  for (const auto layout : {Layout::kNhwc, Layout::kBlocked8, Layout::kBlocked16}) {
    const auto block = layout == Layout::kNhwc ? kChannels : static_cast<std::size_t>(channel_block(layout));
    const auto moved = tests::convert(source, plain, Format(shape, layout));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto c = i / (kHeight * kWidth), cell = i % (kHeight * kWidth);
      ASSERT_EQ(moved.values<float>()[(c / block * kHeight * kWidth + cell) * block + c % block], values[i])
          << to_string(layout);
    }
    const auto back = tests::convert(moved, Format(shape, layout), plain);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), back.values<float>().begin()));
  }
}

TEST(Reorder, RefusesOtherShapes) {
  EXPECT_THROW(make_reorder("r", Format({2, 3}, Layout::kRowMajor), Format({3, 2}, Layout::kRowMajor)),
               ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
