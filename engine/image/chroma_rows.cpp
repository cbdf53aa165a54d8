// SPDX-License-Identifier: MIT
#include "engine/image/chroma_rows.hpp"

#include <algorithm>
#include <cstring>

#include "engine/image/row_kernels.hpp"
#include "engine/image/yuv_kernels.hpp"

namespace rcnn::engine {
namespace {

/// The other row of pixels whose chroma has a share in a row's, and how many eighths are its own.
struct Neighbour {
  int line;
  int eighths;
};

// A row of chroma lies halfway between its two lines; of two fields, a quarter of the way from the upper
// field's first line to its second, and three quarters of the lower's.
Neighbour neighbour_of(int line, bool interlaced) {
  if (!interlaced) return {line % 2 == 0 ? line - 1 : line + 1, 6};
  constexpr std::array<Neighbour, 4> kShift{{{-2, 7}, {-2, 5}, {+2, 5}, {+2, 7}}};
  const auto& shift = kShift[static_cast<std::size_t>(line % 4)];
  return {line + shift.line, shift.eighths};
}

}  // namespace

ChromaRows::ChromaRows(const ImageView& image)
    : chroma_(image.chroma),
      first_(chroma_.left / 2),
      count_(static_cast<std::size_t>((chroma_.left + image.width - 1) / 2 - first_ + 1)),
      pitch_(2 * count_ + kRowSlack),
      wide_(std::size_t{2 * kKept} * pitch_),
      blended_(2 * pitch_) {
  kept_.fill(-1);
  for (auto& samples : samples_) samples.resize(count_ + 2 + kRowSlack);
}

ChromaRows::Row ChromaRows::row(int y) {
  const int line = chroma_.top + y;
  const auto skip = static_cast<std::size_t>(chroma_.left % 2);
  const int own_row = chroma_row(line, chroma_.interlaced);
  const std::uint8_t* own = &wide_[wide(own_row) + skip];
  if (chroma_.vertical == ChromaSite::kNearest) return {own, own + pitch_};
  const auto neighbour = neighbour_of(line, chroma_.interlaced);
  const int other_row =
      chroma_row(std::clamp(neighbour.line, 0, chroma_.picture.height - 1), chroma_.interlaced);
  if (other_row == own_row) return {own, own + pitch_};
  const std::uint8_t* other = &wide_[wide(other_row) + skip];
  for (const std::size_t plane : {std::size_t{0}, pitch_}) {
    blend_chroma(own + plane, other + plane, neighbour.eighths, 2 * count_ - skip, &blended_[plane]);
  }
  return {blended_.data(), &blended_[pitch_]};
}

std::size_t ChromaRows::wide(int row) {
  const auto place = static_cast<std::size_t>(row % kKept);
  const std::size_t at = 2 * place * pitch_;
  if (kept_[place] == row) return at;
  gather(row);
  for (std::size_t plane = 0; plane < 2; ++plane) {
    upsample_chroma(samples_[plane].data() + 1, count_, chroma_.horizontal, &wide_[at + plane * pitch_]);
  }
  kept_[place] = row;
  return at;
}

// The samples of one row side by side, with one more before and behind: the picture's, or its last one again.
void ChromaRows::gather(int row) {
  const int last_sample = (chroma_.picture.width + 1) / 2 - 1;
  const int begin = std::max(first_ - 1, 0);
  const int end = std::min(first_ + static_cast<int>(count_), last_sample) + 1;
  const auto present = static_cast<std::size_t>(end - begin);
  const auto before = static_cast<std::size_t>(begin - (first_ - 1));
  const auto* u = chroma_.u + row * chroma_.u_stride + begin * chroma_.step;
  const auto* v = chroma_.v + row * chroma_.v_stride + begin * chroma_.step;
  if (chroma_.step == 2) {
    split_pairs(u, present, &samples_[0][before], &samples_[1][before]);
  } else {
    std::memcpy(&samples_[0][before], u, present);
    std::memcpy(&samples_[1][before], v, present);
  }
  for (auto& samples : samples_) {
    if (before > 0) samples[0] = samples[1];
    if (before + present < count_ + 2) samples[count_ + 1] = samples[count_];
  }
}

}  // namespace rcnn::engine
