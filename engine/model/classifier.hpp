// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/model/checkpoint.hpp"
#include "engine/model/graph.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// An image classifier as torchvision builds it, under torchvision's parameter names.
struct ClassifierConfig {
  std::string arch;                                             ///< A name of classifier_names()
  std::array<float, 3> pixel_mean{123.675f, 116.28f, 103.53f};  ///< R, G, B, of values 0..255
  std::array<float, 3> pixel_std{58.395f, 57.12f, 57.375f};
  std::vector<std::string> class_names;  ///< In the order of the logits
  bool labelled = false;                 ///< Labels gave them; a checkpoint's own are not asked for then

  bool operator==(const ClassifierConfig&) const = default;
};

/// "efficientnet_b0", "resnet18", ..., sorted.
std::vector<std::string> classifier_names();

/// The classifier that a checkpoint holds: its classes are counted there. Without `labels`, 1000 classes get
/// ImageNet's names and any other number "class 0", "class 1", ...
/// \throws ModelError for an unknown architecture, a checkpoint of another one, or labels of another count.
ClassifierConfig classifier_config(const std::string& arch, const Checkpoint& checkpoint,
                                   std::vector<std::string> labels = {});

/// As torchvision trained it: ImageNet's 1000 classes. \throws ModelError for an unknown architecture.
ClassifierConfig classifier_config(const std::string& arch);

/// The whole network, unfused, host operators included. Values at the borders: "image" [N, 3, H, W], any H
/// and W that its strides leave something of; "logits" [N, classes]; "classes". Source: He et al. 2015 with
/// the stride in the 3x3 convolution (torchvision's ResNet); Tan and Le 2019 (EfficientNet-B0).
/// \throws ModelError for an unknown architecture.
Graph build_classifier(const ClassifierConfig& config);

/// The network's parameters out of the checkpoint. \throws ModelError as select_parameters() does.
std::map<std::string, CheckpointTensor> classifier_parameters(const Graph& network,
                                                              const ClassifierConfig& config,
                                                              const Checkpoint& checkpoint);

void to_json(nlohmann::json& json, const ClassifierConfig& config);
/// \throws ModelError for what to_json() has not written, or an unknown architecture.
void from_json(const nlohmann::json& json, ClassifierConfig& config);

}  // namespace rcnn::engine
