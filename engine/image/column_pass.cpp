// SPDX-License-Identifier: MIT
#include "engine/image/column_pass.hpp"

#include <algorithm>

#include "engine/image/row_kernels.hpp"

namespace rcnn::engine {

ColumnPass::ColumnPass(const AxisFilter* filter, std::size_t source_width)
    : filter_(filter),
      source_width_(source_width),
      width_(filter != nullptr ? static_cast<std::size_t>(filter->target_size()) : source_width),
      pitch_((width_ + 63) / 64 * 64),  // Whole registers
      batch_(filter != nullptr ? std::min(stack_rows(), kMostRows) : 1),
      wide_bytes_(4 * std::max(source_width, width_) + kRowSlack),
      wide_(batch_ * wide_bytes_) {
  if (filter == nullptr) return;
  stack_.resize(batch_ * 4 * source_width + kRowSlack);
  filtered_.resize(batch_ * 4 * width_ + kRowSlack);
}

void ColumnPass::run(std::span<std::uint8_t* const> planes) {
  if (filter_ != nullptr) {
    std::array<std::uint8_t*, kMostRows> wide{};
    std::array<const std::uint8_t*, kMostRows> sources{};
    for (std::size_t i = 0; i < batch_; ++i) sources[i] = wide[i] = input(i);
    stack_pixels(std::span(sources).first(batch_), source_width_, stack_.data());
    filter_columns(*filter_, stack_.data(), filtered_.data());
    unstack_pixels(filtered_.data(), width_, std::span(wide).first(batch_));
  }
  for (std::size_t i = 0; i < batch_; ++i) split_channels(input(i), width_, pitch_, planes[i]);
}

}  // namespace rcnn::engine
