// SPDX-License-Identifier: MIT
#include "engine/tensor/tensor.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

TEST(TensorSpec, BlockedLayoutCountsThePaddingChannels) {
  const TensorSpec spec{"p2", {1, 20, 3, 5}, DType::kF32, Layout::kBlocked8};
  EXPECT_EQ(spec.bytes(), 24U * 3 * 5 * 4);
  const TensorSpec plain{"p2", {1, 20, 3, 5}, DType::kF32, Layout::kNhwc};
  EXPECT_EQ(plain.bytes(), 20U * 3 * 5 * 4);
}

TEST(Tensor, MemoryIsAlignedForWholeRegisters) {
  Tensor tensor({"x", {3, 7}, DType::kF32, Layout::kRowMajor});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0U);
  EXPECT_EQ(tensor.values<float>().size(), 21U);
}

TEST(FeatureView, RefusesAnythingButOneF32Image) {
  const Tensor half({"p3", {1, 8, 2, 2}, DType::kBf16, Layout::kRowMajor});
  EXPECT_THROW(feature_view(half), ShapeError);
  const Tensor batch({"p3", {2, 8, 2, 2}, DType::kF32, Layout::kRowMajor});
  EXPECT_THROW(feature_view(batch), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
