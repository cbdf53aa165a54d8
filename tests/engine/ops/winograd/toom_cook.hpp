// SPDX-License-Identifier: MIT
#pragma once

// Winograd's matrices from their definition: polynomials are multiplied by their values at points.

#include <cstddef>
#include <vector>

#include "engine/ops/winograd/blocking.hpp"
#include "engine/ops/winograd/joint_rounding.hpp"
#include "engine/ops/winograd/points.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/triangle.hpp"

namespace rcnn::tests {

inline std::vector<double> finite_points(engine::winograd::Variant variant) {
  using engine::winograd::kA;
  using engine::winograd::kB;
  if (variant == engine::winograd::Variant::kF2x2) return {0, 1, -1};
  return {0, kA, -kA, kB, -kB};
}

/// Coefficients of prod (x - q), lowest first.
inline std::vector<double> polynomial(const std::vector<double>& roots) {
  std::vector<double> product{1};
  for (const double root : roots) {
    product.push_back(0);
    for (std::size_t i = product.size() - 1; i > 0; --i) product[i] = product[i - 1] - root * product[i];
    product[0] *= -root;
  }
  return product;
}

inline std::vector<double> without(std::vector<double> points, std::size_t index) {
  points.erase(points.begin() + static_cast<std::ptrdiff_t>(index));
  return points;
}

inline double power(double base, std::size_t exponent) {
  double result = 1;
  for (std::size_t i = 0; i < exponent; ++i) result *= base;
  return result;
}

/// B^T, square: a row of prod (x - q) over the other points for every point; infinity has all of them.
inline Matrix input_matrix(engine::winograd::Variant variant) {
  const auto points = finite_points(variant);
  Matrix rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    rows.push_back(polynomial(without(points, i)));
    rows.back().push_back(0);
  }
  rows.push_back(polynomial(points));
  return rows;
}

/// G: rows 1, p, p^2 over the product of the distances to the other points.
inline Matrix weight_matrix(engine::winograd::Variant variant) {
  const auto points = finite_points(variant);
  Matrix rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    double distances = 1;
    for (const double other : without(points, i)) distances *= points[i] - other;
    rows.push_back({1 / distances, points[i] / distances, points[i] * points[i] / distances});
  }
  rows.push_back({0, 0, 1});
  return rows;
}

/// A^T: row i holds the points to the power i.
inline Matrix output_matrix(engine::winograd::Variant variant) {
  const auto points = finite_points(variant);
  Matrix rows;
  for (std::size_t i = 0; i < engine::winograd::tile_size(variant); ++i) {
    rows.emplace_back();
    for (const double point : points) rows.back().push_back(power(point, i));
    rows.back().push_back(i + 1 == engine::winograd::tile_size(variant) ? 1 : 0);
  }
  return rows;
}

/// matrix x matrix^T for a square x.
inline Matrix sandwich(const Matrix& matrix, const Matrix& x) {
  const auto times_transposed = [](const Matrix& a, const Matrix& b) {  // a b^T
    Matrix product(a.size(), std::vector<double>(b.size()));
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j) {
        for (std::size_t k = 0; k < b[j].size(); ++k) product[i][j] += a[i][k] * b[j][k];
      }
    }
    return product;
  };
  return times_transposed(matrix, times_transposed(matrix, x));  // m (m x^T)^T = m x m^T
}

/// Mean product of two of a tile's transformed inputs, over inputs that correlate by kCorrelation^distance in
/// both directions, times that of what results they are in.
inline double together(engine::winograd::Variant variant, std::size_t y, std::size_t x, std::size_t v,
                       std::size_t u) {
  const auto b = input_matrix(variant), a = output_matrix(variant);
  const auto one = [&](std::size_t i, std::size_t k) {
    double inputs = 0, outputs = 0;
    for (std::size_t s = 0; s < b.size(); ++s) {
      for (std::size_t t = 0; t < b.size(); ++t) {
        inputs += b[i][s] * b[k][t] * power(engine::winograd::kCorrelation, s > t ? s - t : t - s);
      }
    }
    for (const auto& row : a) outputs += row[i] * row[k];
    return inputs * outputs;
  };
  return one(y, v) * one(x, u);
}

/// Of together(), over all of a tile's values, row by row.
inline Matrix error_triangle(engine::winograd::Variant variant) {
  const auto size = engine::winograd::patch_size(variant), count = size * size;
  Matrix all(count, std::vector<double>(count));
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < count; ++k) {
      all[i][k] = together(variant, i / size, i % size, k / size, k % size);
    }
  }
  return triangle(all);
}

/// A transformed weight rounded to bf16, each value for what those behind it have erred by.
inline Matrix rounded_jointly(engine::winograd::Variant variant, Matrix weight) {
  static const Matrix triangles[]{error_triangle(engine::winograd::Variant::kF2x2),
                                  error_triangle(engine::winograd::Variant::kF4x4)};
  const auto& r = triangles[variant == engine::winograd::Variant::kF2x2 ? 0 : 1];
  const auto size = weight.size();
  std::vector<double> errors(size * size);
  for (std::size_t i = size * size; i-- > 0;) {
    double& value = weight[i / size][i % size];
    double before = 0;
    for (std::size_t later = i + 1; later < errors.size(); ++later)
      before += r[i][later] / r[i][i] * errors[later];
    const double rounded = engine::nearest_bf16(static_cast<float>(value - before));
    errors[i] = rounded - value;
    value = rounded;
  }
  return weight;
}

}  // namespace rcnn::tests
