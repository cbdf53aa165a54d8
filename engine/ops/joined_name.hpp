// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace rcnn::engine {

/// What an operator is called that computes two of a network's: what both have in common, and between its
/// parts the two, as in "rpn_head.objectness_logits+anchor_deltas.p2". Module paths, parts divided by dots.
/// Thread safety: reentrant.
std::string joined_name(const std::string& first, const std::string& second);

}  // namespace rcnn::engine
