// SPDX-License-Identifier: MIT
#include "engine/ops/format.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"

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

}  // namespace
}  // namespace rcnn::engine
