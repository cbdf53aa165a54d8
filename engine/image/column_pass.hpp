// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/image/axis_filter.hpp"

namespace rcnn::engine {

/// The horizontal pass, a few rows at a time: pixels of 4 bytes in, three planes out.
///
/// Thread safety: reentrant.
class ColumnPass {
 public:
  /// `filter` null: the width stays. Otherwise it is borrowed.
  ColumnPass(const AxisFilter* filter, std::size_t source_width);

  /// Rows that one run() makes.
  std::size_t batch() const { return batch_; }
  /// Fill rows 0 .. batch() - 1 before run(): [source width, 4], with kRowSlack bytes to spare.
  std::uint8_t* input(std::size_t i) { return wide_.data() + i * wide_bytes_; }
  /// Writes the three planes of every row, pitch() bytes apart; `planes` are scratch.
  void run(std::span<std::uint8_t* const> planes);

  std::size_t pitch() const { return pitch_; }
  /// Bytes of a row's three planes.
  std::size_t row_bytes() const { return 3 * pitch_; }

 private:
  static constexpr std::size_t kMostRows = 4;

  const AxisFilter* filter_;
  std::size_t source_width_;
  std::size_t width_;
  std::size_t pitch_;
  std::size_t batch_;
  std::size_t wide_bytes_;
  std::vector<std::uint8_t> wide_;      ///< [batch, wider of both widths, 4]
  std::vector<std::uint8_t> stack_;     ///< [source width, batch, 4]
  std::vector<std::uint8_t> filtered_;  ///< [target width, batch, 4]
};

}  // namespace rcnn::engine
