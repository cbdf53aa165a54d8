// SPDX-License-Identifier: MIT
#pragma once

namespace rcnn::launch {

/// How pictures become the network's input where nobody says: the note's square for detectors, torchvision's
/// crop for classifiers. An engine::parse_input_spec() text.
constexpr const char* default_input(bool classifier) {
  return classifier ? "centre-crop:256:224" : "stretch:800x800";
}

}  // namespace rcnn::launch
