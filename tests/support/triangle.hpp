// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace rcnn::tests {

using Matrix = std::vector<std::vector<double>>;

/// The upper triangle R of a positive definite matrix R^T R.
inline Matrix triangle(const Matrix& matrix) {
  Matrix r(matrix.size(), std::vector<double>(matrix.size()));
  for (std::size_t i = 0; i < r.size(); ++i) {
    for (std::size_t j = i; j < r.size(); ++j) {
      double rest = matrix[i][j];
      for (std::size_t k = 0; k < i; ++k) rest -= r[k][i] * r[k][j];
      r[i][j] = i == j ? std::sqrt(rest) : rest / r[i][i];
    }
  }
  return r;
}

}  // namespace rcnn::tests
