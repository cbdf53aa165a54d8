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

TEST(FeatureView, ShowsTypeAndStep) {
  const Tensor tensor({"p3", {1, 8, 2, 3}, DType::kU8, Layout::kNhwc, 0.5F});
  EXPECT_EQ(tensor.spec().bytes(), 48U);
  const auto view = feature_view(tensor);
  EXPECT_EQ(view.data, tensor.data());
  EXPECT_EQ(view.dtype, DType::kU8);
  EXPECT_EQ(view.step, 0.5F);
  EXPECT_EQ(view.width, 3);
}

TEST(FeatureView, RefusesOtherTypesAndSeveralImages) {
  const Tensor half({"p3", {1, 8, 2, 2}, DType::kF16, Layout::kRowMajor});
  EXPECT_THROW(feature_view(half), ShapeError);
  const Tensor batch({"p3", {2, 8, 2, 2}, DType::kF32, Layout::kRowMajor});
  EXPECT_THROW(feature_view(batch), ShapeError);
}

}  // namespace
}  // namespace rcnn::engine
