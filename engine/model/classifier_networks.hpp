// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/model/graph_builder.hpp"

namespace rcnn::engine {

/// An architecture up to its last map of features.
struct ClassifierNetwork {
  std::string name;        ///< torchvision's
  std::string last_layer;  ///< Module of the linear layer that gives the logits
  /// Appends the network and returns the value of its last map, [N, C, H / 32, W / 32].
  std::function<std::string(GraphBuilder& build, const std::string& image)> build;
};

/// All there are; borrowed, for good. Thread safety: thread-safe.
const std::vector<ClassifierNetwork>& classifier_networks();
/// One of these. Thread safety: thread-safe. \throws ModelError naming those there are.
const ClassifierNetwork& find_classifier_network(const std::string& name);

}  // namespace rcnn::engine
