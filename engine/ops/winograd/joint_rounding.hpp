// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "engine/tensor/bf16.hpp"

namespace rcnn::engine::winograd {

/// A transformed weight's values round to bf16 one after the other, from the last to the first, each for what
/// those before it have erred by: a tile's results are sums over all of them, so their errors can cancel.
/// That leaves three quarters of the error that rounding each to the nearest has, and costs nothing when it
/// is multiplied. (Babai's nearest plane; GPTQ rounds a matrix's rows so.)
///
/// With U = G w G^T, V = B^T x B and an error E of U, a tile errs by A^T (E * V) A, the mean square of which,
/// over inputs whose cells correlate by r^distance in each direction, is sum E_ij P_ik P_jl E_kl with
/// P = (B^T C B) * (A A^T), * cell by cell and C the correlations. Of P = L D L^T, L's columns below the
/// diagonal say by how much a value takes up the errors of those after it.

template <std::size_t kPatch>
using Square = std::array<std::array<double, kPatch>, kPatch>;

/// Of neighbouring cells. With 0.7 an error becomes 0.72 to 0.78 of itself on noise through a ReLU and on
/// maps that are smooth over 9 cells alike; with 0 only 0.70 to 1.1, with 0.9 0.74 to 0.88.
inline constexpr double kCorrelation = 0.7;

/// L^T: row i holds what value i takes up of those after it, 1 on the diagonal, 0 before.
///   points  the finite ones; infinity follows
template <std::size_t kPatch>
constexpr Square<kPatch> taken_up(const std::array<double, kPatch - 1>& points) {
  Square<kPatch> input{}, output{};  // B^T, and A with as many columns as a tile has cells
  constexpr auto kTile = kPatch - 2;
  for (std::size_t i = 0; i < kPatch; ++i) {
    auto& row = input[i];  // Coefficients of prod (x - q) over the other points, lowest first
    row[0] = 1;
    for (std::size_t other = 0; other + 1 < kPatch; ++other) {
      if (other == i) continue;
      for (std::size_t k = kPatch - 1; k > 0; --k) row[k] = row[k - 1] - points[other] * row[k];
      row[0] *= -points[other];
    }
    double power = 1;
    for (std::size_t k = 0; k < kTile; ++k, power *= i + 1 < kPatch ? points[i] : 0) {
      output[i][k] = i + 1 < kPatch ? power : static_cast<double>(k + 1 == kTile);
    }
  }
  std::array<double, kPatch> correlation{1};
  for (std::size_t i = 1; i < kPatch; ++i) correlation[i] = correlation[i - 1] * kCorrelation;
  Square<kPatch> square{};  // P
  for (std::size_t i = 0; i < kPatch; ++i) {
    for (std::size_t k = 0; k < kPatch; ++k) {
      double together = 0, outputs = 0;
      for (std::size_t y = 0; y < kPatch; ++y) {
        for (std::size_t x = 0; x < kPatch; ++x) {
          together += input[i][y] * correlation[y > x ? y - x : x - y] * input[k][x];
        }
      }
      for (std::size_t t = 0; t < kTile; ++t) outputs += output[i][t] * output[k][t];
      square[i][k] = together * outputs;
    }
  }
  Square<kPatch> rows{};
  std::array<double, kPatch> pivots{};
  for (std::size_t i = 0; i < kPatch; ++i) {
    for (std::size_t k = i; k < kPatch; ++k) {
      double rest = square[k][i];
      for (std::size_t s = 0; s < i; ++s) rest -= rows[s][k] * rows[s][i] * pivots[s];
      if (k == i) pivots[i] = rest;
      rows[i][k] = rest / pivots[i];
    }
  }
  return rows;
}

/// Rounds kernels that lie side by side, in place.
///   rows    taken_up()'s
///   values  [kPatch * kPatch][kSide], row by row of a kernel's G w G^T; bf16's values afterwards
/// Thread safety: reentrant.
template <std::size_t kPatch, std::size_t kSide>
void round_jointly(const Square<kPatch>& rows,
                   std::array<std::array<float, kSide>, kPatch * kPatch>& values) {
  using Values = std::array<float, kSide>;
  const auto add = [](Values& sum, double share, const Values& errors) {
    const auto factor = static_cast<float>(share);
    for (std::size_t i = 0; i < kSide; ++i) sum[i] += factor * errors[i];
  };
  std::array<std::array<Values, kPatch>, kPatch>
      taken;  // Sums of a row's errors, as each column takes them up
  for (std::size_t y = kPatch; y-- > 0;) {
    std::array<Values, kPatch> errors;
    for (std::size_t x = kPatch; x-- > 0;) {
      auto& along = taken[y][x];
      along.fill(0);
      for (std::size_t later = x + 1; later < kPatch; ++later) add(along, rows[x][later], errors[later]);
      Values before = along;
      for (std::size_t later = y + 1; later < kPatch; ++later) add(before, rows[y][later], taken[later][x]);
      auto& value = values[y * kPatch + x];
      for (std::size_t i = 0; i < kSide; ++i) {
        const float rounded = nearest_bf16(value[i] - before[i]);
        errors[x][i] = rounded - value[i];
        along[i] += errors[x][i];
        value[i] = rounded;
      }
    }
  }
}

}  // namespace rcnn::engine::winograd
