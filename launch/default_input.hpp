// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace rcnn::launch {

/// How pictures become the network's input where nobody says: the note's square for detectors; for
/// classifiers what torchvision says of their weights. An engine::parse_input_spec() text.
/// Thread safety: reentrant.
/// \param arch  of the classifier; empty for a detector
constexpr const char* default_input(std::string_view arch) {
  if (arch.empty()) return "stretch:800x800";
  return arch == "efficientnet_b0" ? "centre-crop:256:224:bicubic" : "centre-crop:256:224";
}

}  // namespace rcnn::launch
