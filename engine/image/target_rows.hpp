// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/image/axis_filter.hpp"
#include "engine/image/resize.hpp"

namespace rcnn::engine {

/// The filters of both axes, borrowed, of all that is made of a picture or of a part.
struct ResizeFilters {
  const AxisFilter* columns;  ///< Null where the width stays
  const AxisFilter& rows;
  Size target;  ///< Of all: a part of it has the same order of passes
};

/// Whether Pillow resizes the height before the width, which shows in the rounding between the passes. Since
/// Pillow 13 it does where the height loses more than twice the pixels that the width loses (a 1080x1920
/// portrait to 800x800, but no landscape); before, never. Thread safety: reentrant.
bool vertical_pass_first(Size source, Size target);

/// Rows of a resized image, as the filters number them, made in rising order. Of the rows between the passes
/// only those are kept that the next row may want: a few, so that both passes stay in the cache.
///
/// Thread safety: reentrant.
class TargetRows {
 public:
  virtual ~TargetRows() = default;
  /// Three planes in the memory order of the image's channels, pitch() bytes apart; valid until the next
  /// call.
  virtual const std::uint8_t* row(int y) = 0;
  virtual std::size_t pitch() const = 0;
};

/// No row above `first_row` will be asked for. Borrows image and filters. Thread safety: reentrant.
std::unique_ptr<TargetRows> make_target_rows(const ImageView& image, const ResizeFilters& filters,
                                             int first_row);

}  // namespace rcnn::engine
