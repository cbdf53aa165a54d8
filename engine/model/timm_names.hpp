// SPDX-License-Identifier: MIT
#pragma once

#include "engine/model/checkpoint.hpp"

namespace rcnn::engine {

/// The checkpoint under torchvision's parameter names. timm calls a ResNet's parameters the same and an
/// EfficientNet's otherwise: "blocks.1.0.conv_dw.weight" is torchvision's "features.2.0.block.1.0.weight".
/// Values are shared, not copied; names that neither has stay as they are. What is
/// renamed has no checksum. Thread safety: reentrant.
Checkpoint with_torchvision_names(const Checkpoint& checkpoint);

}  // namespace rcnn::engine
