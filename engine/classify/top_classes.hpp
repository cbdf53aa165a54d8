// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

namespace rcnn::engine {

struct ClassScore {
  int index = 0;    ///< Of the logit
  float score = 0;  ///< Softmax over all classes, 0..1
};

/// The `count` best classes (all, if there are fewer), best first; of equal logits the lower index first.
/// Thread safety: reentrant. \throws ModelError if a logit is not finite: the weights or the precision cannot
/// hold what the network computes.
std::vector<ClassScore> top_classes(std::span<const float> logits, int count);

}  // namespace rcnn::engine
