// SPDX-License-Identifier: MIT
#include "engine/classify/top_classes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/errors.hpp"

namespace rcnn::engine {

std::vector<ClassScore> top_classes(std::span<const float> logits, int count) {
  const auto finite = [](float logit) { return std::isfinite(logit); };
  if (logits.empty() || !std::all_of(logits.begin(), logits.end(), finite)) {
    throw ModelError("the classifier gave logits that are not finite; its weights overflow or are damaged");
  }
  const double best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const auto logit : logits) sum += std::exp(logit - best);
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto value = [&](int index) { return logits[static_cast<std::size_t>(index)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return value(a) > value(b); });
  order.resize(std::min(order.size(), static_cast<std::size_t>(std::max(count, 0))));
  std::vector<ClassScore> classes;
  for (const auto index : order) {
    classes.push_back({index, static_cast<float>(std::exp(value(index) - best) / sum)});
  }
  return classes;
}

}  // namespace rcnn::engine
