// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>

#include "engine/ops/winograd/bf16.hpp"
#include "engine/ops/winograd/weight_transform.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/engine/ops/winograd/bf16_problems.hpp"
#include "tests/engine/ops/winograd/toom_cook.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::engine::winograd {
namespace {

std::size_t at(const MapStrides& strides, std::size_t image, std::size_t channel, std::size_t y,
               std::size_t x) {
  return image * strides.image + channel / 16 * strides.group + channel % 16 + y * strides.row +
         x * strides.cell;
}

tests::Matrix rounded(tests::Matrix values) {
  for (auto& row : values) {
    for (double& value : row) value = nearest_bf16(static_cast<float>(value));
  }
  return values;
}

/// matrix x matrix^T for an x that need not be square.
tests::Matrix sandwich(const tests::Matrix& matrix, const tests::Matrix& x) {
  const std::size_t rows = matrix.size(), inner = x.size();
  tests::Matrix half(rows, std::vector<double>(inner)), result(rows, std::vector<double>(rows));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < inner; ++j) {
      for (std::size_t k = 0; k < inner; ++k) half[i][j] += matrix[i][k] * x[k][j];
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < rows; ++j) {
      for (std::size_t k = 0; k < inner; ++k) result[i][j] += half[i][k] * matrix[j][k];
    }
  }
  return result;
}

/// A problem with made-up values and its slow twin: Winograd's method in double from the definition of its
/// matrices, rounded where the kernels round.
struct Twin {
  explicit Twin(const Bf16Problem& of) : problem(of) {
    const auto cells = problem.batch * problem.height * problem.width;
    source = tests::random_values(cells * problem.in_channels, 1);
    for (float& value : source) value = nearest_bf16(value);
    weights = tests::random_values(problem.out_channels * problem.in_channels * 9, 2);
    bias = tests::random_values(problem.out_channels, 3);
    size = patch_size(problem.variant);
  }

  std::vector<tests::Matrix> patches_at(std::size_t image, std::size_t top, std::size_t left) const {
    std::vector<tests::Matrix> patches;
    for (std::size_t c = 0; c < problem.in_channels; ++c) {
      tests::Matrix patch(size, std::vector<double>(size));
      for (std::size_t y = 0; y < size; ++y) {
        for (std::size_t x = 0; x < size; ++x) {
          const auto row = top + y, column = left + x;  // Plus one
          if (row < 1 || column < 1 || row > problem.height || column > problem.width) continue;
          patch[y][x] = source[at(problem.source_strides, image, c, row - 1, column - 1)];
        }
      }
      patches.push_back(rounded(sandwich(tests::input_matrix(problem.variant), patch)));
    }
    return patches;
  }

  tests::Matrix weight(std::size_t out, std::size_t in) const {
    const float* w = &weights[(out * problem.in_channels + in) * 9];
    const tests::Matrix kernel{{w[0], w[1], w[2]}, {w[3], w[4], w[5]}, {w[6], w[7], w[8]}};
    return tests::rounded_jointly(problem.variant, sandwich(tests::weight_matrix(problem.variant), kernel));
  }

  /// The tile of one output channel.
  tests::Matrix tile(const std::vector<tests::Matrix>& patches, std::size_t out) const {
    tests::Matrix sums(size, std::vector<double>(size));
    for (std::size_t c = 0; c < problem.in_channels; ++c) {
      const auto w = weight(out, c);
      for (std::size_t y = 0; y < size; ++y) {
        for (std::size_t x = 0; x < size; ++x) sums[y][x] += patches[c][y][x] * w[y][x];
      }
    }
    return sandwich(tests::output_matrix(problem.variant), sums);
  }

  Bf16Problem problem;
  std::vector<float> source, weights, bias;
  std::size_t size = 0;
};

struct Aligned {
  explicit Aligned(std::size_t bytes) : data(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) {}
  struct Free {
    void operator()(void* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<void, Free> data;
};

TEST(WinogradBf16Kernels, AreTheirDefinition) {
  if (!can_run_bf16()) GTEST_SKIP() << "this processor does not multiply bf16";
  for (auto problem : tests::bf16_problems()) {
    SCOPED_TRACE(tests::describe(problem));
    problem.destination = problem.summand = Element::kF32;
    const Twin twin(problem);
    const Bf16Blocking blocking(problem);
    const Aligned weights(blocking.weight_count() * 2), scratch(blocking.scratch_bytes());
    auto* transformed = static_cast<std::uint16_t*>(weights.data.get());
    transform_weights_bf16(problem, blocking, twin.weights, {transformed, blocking.weight_count()});
    std::vector<std::uint16_t> source;
    for (const float value : twin.source) source.push_back(to_bf16(value));
    std::vector<float> found(problem.batch * problem.out_channels * problem.height * problem.width, NAN);
    for (std::size_t block = 0; block < blocking.blocks; ++block) {
      run_bf16(problem, blocking, block, source.data(), transformed, twin.bias.data(), found.data(),
               scratch.data.get());
    }
    const auto tile = tile_size(problem.variant);
    for (std::size_t image = 0; image < problem.batch; ++image) {
      // Some tiles, the ragged last ones among them.
      for (std::size_t top = 0; top<problem.height; top += problem.height> 16 ? 8 * tile : tile) {
        for (std::size_t left = 0; left < problem.width; left += tile) {
          const auto patches = twin.patches_at(image, top, left);
          for (std::size_t out = 0; out < problem.out_channels; out += 13) {
            const auto expected = twin.tile(patches, out);
            for (std::size_t y = top; y < std::min(top + tile, problem.height); ++y) {
              for (std::size_t x = left; x < std::min(left + tile, problem.width); ++x) {
                // A transformed value between two of bf16 may be rounded the other way: 2^-9 of it.
                ASSERT_NEAR(found[at(problem.destination_strides, image, out, y, x)],
                            expected[y - top][x - left] + twin.bias[out], 0.03)
                    << "channel " << out << " at " << y << ", " << x;
              }
            }
          }
        }
      }
    }
    for (const float value : found) ASSERT_FALSE(std::isnan(value)) << "a cell was not written";
  }
}

}  // namespace
}  // namespace rcnn::engine::winograd
