// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "engine/image/resize.hpp"

namespace rcnn::engine {

/// Size that torchvision's Resize(shorter) gives an image: the shorter side becomes `shorter`, the other
/// floor(shorter * longer / shorter side). (640x427, 256) -> 383x256.
/// Thread safety: reentrant.
Size shorter_side_size(Size image, int shorter);

/// One image as a classifier's input: resized as Pillow does, the middle kept, normalised.
///   resized  what the whole image is resized to
///   crop     what is kept of it, no larger; its place is torchvision's CenterCrop's: round((resized - crop)
///   / 2),
///            halves to even
///   output   [3, crop.height, crop.width]
/// Thread safety: reentrant. \throws ShapeError if the crop does not fit or output is too small.
void classifier_input(const ImageView& image, Size resized, Size crop, Interpolation interpolation,
                      const Normalization& normalization, std::span<float> output);

}  // namespace rcnn::engine
