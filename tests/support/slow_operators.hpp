// SPDX-License-Identifier: MIT
#pragma once

// The slow twins: each operator as its definition reads, on row-major values, summed in double.

#include <span>
#include <vector>

#include "engine/model/activation.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::tests {

inline int windowed_extent(int extent, const WindowCase& c) {
  return (extent + 2 * c.padding - c.kernel) / c.stride + 1;
}

/// [1, I, H, W], [O, I / groups, k, k], [O] -> [1, O, H', W']
std::vector<float> slow_conv2d(const WindowCase& c, std::span<const float> source,
                               std::span<const float> weight, std::span<const float> bias);
/// [1, C, H, W] -> [1, C, H', W']
std::vector<float> slow_max_pool2d(const WindowCase& c, std::span<const float> source);
/// [1, C, 2H, 2W] + nearest of [1, C, H, W]
std::vector<float> slow_upsample_add(int channels, int height, int width, std::span<const float> fine,
                                     std::span<const float> coarse);
/// [R, I], [O, I], [O] -> [R, O]
std::vector<float> slow_linear(const LinearCase& c, std::span<const float> source,
                               std::span<const float> weight, std::span<const float> bias);
/// [1, I, H, W], [I, O, k, k], [O] -> [1, O, H', W']
std::vector<float> slow_conv_transpose2d(const WindowCase& c, std::span<const float> source,
                                         std::span<const float> weight, std::span<const float> bias);
/// [1, C, H, W] -> [1, C, 2H, 2W], align_corners=False
std::vector<float> slow_upsample_bilinear(int channels, int height, int width, std::span<const float> source);
/// [1, s * s * C, H, W], the channels of cell (0, 0) first -> [1, C, s * H, s * W]
std::vector<float> slow_depth_to_space(int channels, int height, int width, int scale,
                                       std::span<const float> source);
/// [1, C, H, W], [K, C], [K] -> [H, W] probabilities of class `label`
std::vector<float> slow_mask_predictor(int channels, std::size_t label, std::span<const float> source,
                                       std::span<const float> weight, std::span<const float> bias);
std::vector<float> slow_relu(std::vector<float> values);
std::vector<float> slow_activation(engine::Activation activation, std::vector<float> values);

}  // namespace rcnn::tests
