// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace rcnn::tests {

/// One convolution or pooling. The tables hold what goes wrong easily: primes, one row, channels that fill no
/// block, strides that leave rows unread, windows that touch every border.
struct WindowCase {
  int channels, out_channels, height, width, kernel, stride, padding, groups;
};

inline std::ostream& operator<<(std::ostream& out, const WindowCase& c) {
  return out << c.channels << "->" << c.out_channels << " " << c.height << "x" << c.width << " k" << c.kernel
             << " s" << c.stride << " p" << c.padding << " g" << c.groups;
}

inline const std::vector<WindowCase>& convolution_cases() {
  static const std::vector<WindowCase> kCases{
      {3, 8, 64, 96, 7, 2, 3, 1},      // A narrow stem
      {3, 64, 37, 53, 7, 2, 3, 1},     // The stem on primes
      {8, 8, 13, 127, 3, 1, 1, 1},     // One block
      {16, 16, 13, 7, 3, 1, 1, 1},     //
      {64, 64, 13, 13, 3, 1, 1, 1},    //
      {24, 40, 11, 9, 3, 2, 1, 1},     // Strided, an odd number of blocks
      {20, 12, 5, 6, 3, 1, 1, 1},      // Padded blocks
      {256, 3, 7, 5, 1, 1, 0, 1},      // RPN logits
      {256, 12, 13, 13, 1, 1, 0, 1},   // RPN deltas
      {64, 128, 11, 13, 1, 1, 0, 1},   // Whole panels of 64
      {64, 128, 13, 11, 1, 2, 0, 1},   // Strided 1x1, rows left unread
      {17, 19, 1, 31, 1, 1, 0, 1},     // One row
      {32, 64, 1, 1, 3, 1, 1, 1},      // One cell: all but the centre is padding
      {64, 64, 9, 10, 3, 1, 1, 8},     // Grouped, blocks of 8
      {256, 256, 10, 9, 3, 2, 1, 32},  // As in X-101
      {12, 18, 6, 7, 3, 1, 1, 3},      // Grouped, no block fits
  };
  return kCases;
}

inline const std::vector<WindowCase>& pooling_cases() {
  static const std::vector<WindowCase> kCases{
      {64, 64, 40, 48, 3, 2, 1, 1},    // The stem's
      {8, 8, 13, 127, 3, 2, 1, 1},     //
      {20, 20, 7, 5, 3, 2, 1, 1},      // Padded blocks
      {256, 256, 25, 25, 1, 2, 0, 1},  // p6: 25 -> 13
      {16, 16, 2, 1, 1, 2, 0, 1},      //
      {3, 3, 6, 8, 3, 2, 1, 1},        // Even: the last row of padding is not used
  };
  return kCases;
}

/// Rows, columns, outputs of a linear layer.
struct LinearCase {
  int rows, in, out;
};

inline const std::vector<LinearCase>& linear_cases() {
  static const std::vector<LinearCase> kCases{{1, 8, 4},    {7, 13, 127}, {16, 784, 32},  {16, 32, 4},
                                              {33, 32, 12}, {64, 49, 81}, {1000, 64, 81}, {5, 1024, 321}};
  return kCases;
}

/// Seeded values in [-1, 1).
inline std::vector<float> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(engine() >> 8) / 8388608.f - 1.f;
  return values;
}

}  // namespace rcnn::tests
