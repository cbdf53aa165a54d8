// SPDX-License-Identifier: MIT
#include "engine/ops/format.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "engine/ops/element.hpp"

namespace rcnn::engine {
namespace {

TEST(Format, KnowsItsShapeLayoutAndBytes) {
  const Shape shape{1, 20, 3, 5};
  for (const auto layout : {Layout::kRowMajor, Layout::kNhwc, Layout::kBlocked8, Layout::kBlocked16}) {
    const Format format(shape, layout);
    EXPECT_EQ(format.shape(), shape);
    EXPECT_EQ(format.layout(), layout);
    EXPECT_EQ(format.bytes(), (TensorSpec{"x", shape, DType::kF32, layout}.bytes()));
  }
  EXPECT_EQ(Format({7, 9}, Layout::kRowMajor).layout(), Layout::kRowMajor);
}

TEST(Format, DiffersByShapeAndLayout) {
  const Format format({1, 8, 2, 2}, Layout::kBlocked8);
  EXPECT_EQ(format, Format({1, 8, 2, 2}, Layout::kBlocked8));
  EXPECT_FALSE(format == Format({1, 8, 2, 2}, Layout::kNhwc));
  EXPECT_FALSE(format == Format({1, 8, 2, 3}, Layout::kBlocked8));
}

TEST(Format, RefusesBlocksOfWhatHasNoChannels) {
  EXPECT_THROW(Format({7, 9}, Layout::kBlocked8), ShapeError);
  EXPECT_THROW(Format({}, Layout::kRowMajor), ShapeError);
}

TEST(Format, SaysWhereSixteensOfChannelsLie) {
  const auto last = map_strides(Format({2, 32, 5, 7}, Layout::kNhwc, DType::kBf16));
  EXPECT_EQ(last.image, 32U * 35);
  EXPECT_EQ(last.group, 16U);
  EXPECT_EQ(last.row, 7U * 32);
  EXPECT_EQ(last.cell, 32U);
  const auto every_other = map_strides(Format({2, 32, 5, 7}, Layout::kBlocked16, DType::kBf16), 2);
  EXPECT_EQ(every_other.image, 32U * 35);
  EXPECT_EQ(every_other.group, 16U * 35);
  EXPECT_EQ(every_other.row, 2U * 7 * 16);
  EXPECT_EQ(every_other.cell, 2U * 16);
}

TEST(Format, MapsOfOneCellLieAlikeInSeveralLayouts) {
  const Format one({1, 16, 1, 1}, Layout::kNhwc), two({1, 16, 2, 1}, Layout::kNhwc);
  EXPECT_EQ(one.layout(), Layout::kRowMajor) << "the first";
  EXPECT_TRUE(one.lies_as(Layout::kNhwc));
  EXPECT_TRUE(one.lies_as(Layout::kRowMajor));
  EXPECT_TRUE(two.lies_as(Layout::kNhwc));
  EXPECT_FALSE(two.lies_as(Layout::kRowMajor));
}

}  // namespace
}  // namespace rcnn::engine
