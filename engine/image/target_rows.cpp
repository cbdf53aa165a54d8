// SPDX-License-Identifier: MIT
#include "engine/image/target_rows.hpp"

#include <algorithm>
#include <vector>

#include "engine/image/column_pass.hpp"
#include "engine/image/pixel_rows.hpp"
#include "engine/image/row_kernels.hpp"

namespace rcnn::engine {
namespace {

/// The most recent rows of a pass, all scratch.
class RowRing {
 public:
  RowRing(std::size_t rows, std::size_t row_bytes)
      : rows_(rows), row_bytes_(row_bytes), bytes_(rows * (row_bytes + kRowSlack)) {}
  std::uint8_t* row(int y) { return &bytes_[static_cast<std::size_t>(y) % rows_ * (row_bytes_ + kRowSlack)]; }
  std::size_t row_bytes() const { return row_bytes_; }

 private:
  std::size_t rows_;
  std::size_t row_bytes_;
  std::vector<std::uint8_t> bytes_;
};

/// The first source row that any target row from `first_row` on reads. A later one may reach further up than
/// `first_row` itself, of which a filter leaves outer weights of zero out.
int first_source_row(const AxisFilter& rows, int first_row) {
  int first = rows.first(first_row);
  for (int y = first_row + 1; y < rows.target_size(); ++y) first = std::min(first, rows.first(y));
  return first;
}

/// The vertical pass for one row: `source(y)` gives the rows, all of `bytes`.
/// \returns `target`, or the source row itself where all the weight is on one.
template <typename Source>
const std::uint8_t* blend(const AxisFilter& rows, int y, std::size_t bytes,
                          std::vector<const std::uint8_t*>& sources, std::uint8_t* target,
                          const Source& source) {
  sources.clear();
  for (int row = rows.first(y); row < rows.end(y); ++row) sources.push_back(source(row));
  if (sources.size() == 1) return sources[0];
  filter_rows(sources, rows.coefficients(y), bytes, target);
  return target;
}

class WidthFirst : public TargetRows {
 public:
  WidthFirst(const ImageView& image, const ResizeFilters& filters, int first_row)
      : height_(image.height),
        pixels_(image),
        rows_(filters.rows),
        pass_(filters.columns, static_cast<std::size_t>(image.width)),
        narrow_(rows_.longest() + pass_.batch() - 1, pass_.row_bytes()),
        line_(pass_.row_bytes() + kRowSlack),
        next_(first_source_row(rows_, first_row)) {}

  std::size_t pitch() const override { return pass_.pitch(); }
  const std::uint8_t* row(int y) override {
    return blend(rows_, y, narrow_.row_bytes(), sources_, line_.data(), [this](int source) {
      while (next_ <= source) make_next_rows();
      return narrow_.row(source);
    });
  }

 private:
  void make_next_rows() {
    planes_.clear();
    for (std::size_t i = 0; i < pass_.batch(); ++i, ++next_) {
      // The last batch may reach below the image; what it makes there is never asked for.
      pixels_.read(std::min(next_, height_ - 1), pass_.input(i));
      planes_.push_back(narrow_.row(next_));
    }
    pass_.run(planes_);
  }

  int height_;  ///< Of the source
  PixelRows pixels_;
  const AxisFilter& rows_;
  ColumnPass pass_;
  RowRing narrow_;
  std::vector<std::uint8_t> line_;
  std::vector<const std::uint8_t*> sources_;
  std::vector<std::uint8_t*> planes_;
  int next_;  ///< First source row not made yet
};

class HeightFirst : public TargetRows {
 public:
  HeightFirst(const ImageView& image, const ResizeFilters& filters, int first_row)
      : pixels_(image),
        rows_(filters.rows),
        pass_(filters.columns, static_cast<std::size_t>(image.width)),
        wide_(rows_.longest(), 4 * static_cast<std::size_t>(image.width)),
        made_(pass_.batch(), pass_.row_bytes()),
        next_source_(first_source_row(rows_, first_row)),
        next_(first_row) {}

  std::size_t pitch() const override { return pass_.pitch(); }
  const std::uint8_t* row(int y) override {
    while (next_ <= y) make_next_rows();
    return made_.row(y);
  }

 private:
  void make_next_rows() {
    planes_.clear();
    for (std::size_t i = 0; i < pass_.batch(); ++i, ++next_) {
      const int y = std::min(next_, rows_.target_size() - 1);
      auto* input = pass_.input(i);
      const auto* blended = blend(rows_, y, wide_.row_bytes(), sources_, input, [this](int source) {
        for (; next_source_ <= source; ++next_source_) pixels_.read(next_source_, wide_.row(next_source_));
        return wide_.row(source);
      });
      if (blended != input) std::copy_n(blended, wide_.row_bytes(), input);
      planes_.push_back(made_.row(next_));
    }
    pass_.run(planes_);
  }

  PixelRows pixels_;
  const AxisFilter& rows_;
  ColumnPass pass_;
  RowRing wide_;
  RowRing made_;
  std::vector<const std::uint8_t*> sources_;
  std::vector<std::uint8_t*> planes_;
  int next_source_;
  int next_;  ///< First target row not made yet
};

}  // namespace

bool vertical_pass_first(Size source, Size target) {
  return source.height - target.height > 2 * std::max(source.width - target.width, 0);
}

std::unique_ptr<TargetRows> make_target_rows(const ImageView& image, const ResizeFilters& filters,
                                             int first_row) {
  if (vertical_pass_first({image.width, image.height}, filters.target)) {
    return std::make_unique<HeightFirst>(image, filters, first_row);
  }
  return std::make_unique<WidthFirst>(image, filters, first_row);
}

}  // namespace rcnn::engine
