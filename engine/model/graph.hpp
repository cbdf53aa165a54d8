// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/model/activation.hpp"
#include "engine/model/checkpoint.hpp"
#include "engine/model/config.hpp"
#include "engine/tensor/tensor.hpp"

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// Operators of a network. The first group runs in programs (on a NeuronCore), the second on the host.
enum class OpKind : std::uint8_t {
  kConv2d,     ///< weight [O, I/groups, k, k], optional bias; after fusing: activation and a summed input too
  kBatchNorm,  ///< eps 1e-5; gone after folding
  kRelu,       ///< activations are gone after fusing where a conv or linear precedes them
  kSilu,       ///<
  kSigmoid,    ///<
  kAdd,        ///< elementwise sum; gone after fusing
  kScale,      ///< the first input [N, C, H, W] times the second [N, C, 1, 1] (squeeze and excitation)
  kMaxPool2d,  ///< stem 3x3/2 pad 1; p6 is 1x1/2
  kGlobalAvgPool,    ///< mean over H and W: [N, C, H, W] -> [N, C, 1, 1]
  kUpsampleAdd,      ///< nearest x2 of the second input added to the first (FPN's top-down step)
  kLinear,           ///< weight [O, I], bias; input [R, ...] flattened
  kConvTranspose2d,  ///< weight [I, O, k, k], bias; k = stride + 2 * padding; gone after lowering
  kMaskPredictor,    ///< weight [classes, I, 1, 1], bias: the second input's class of each map, then sigmoid;
                     ///< stride s: its input's cells hold the channels of s x s cells (see passes.hpp)
  kUpsampleBilinear,  ///< x2; stride as with the mask predictor
  kPreprocess,        ///< host from here on: resize, normalise, pad
  kProposals,
  kRoiAlign,
  kDetections,
  kTopClasses,  ///< softmax over the logits, best first
  kMasks,       ///< paste into the image
  kKeypoints
};

std::string to_string(OpKind kind);

/// One operator. Values are named strings; each value is written by exactly one node.
struct Node {
  std::string name;  ///< Detectron2 module path: "backbone.bottom_up.res2.0.conv1"
  OpKind kind = OpKind::kConv2d;
  std::vector<std::string> inputs;   ///< Value names; a fused sum is the last one
  std::vector<std::string> outputs;  ///< Value names (one, but for host operators)
  std::string weight;                ///< Parameter name, "" if none
  std::string bias;                  ///< Parameter name, "" if none (after folding: "<name>.bias")
  int out_channels = 0;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  int groups = 1;
  Activation activation = Activation::kNone;  ///< Fused: comes last
  bool fused_sum = false;                     ///< Adds inputs.back() before the activation
};

/// A network, or one program cut from it: nodes in an order in which they can run.
struct Graph {
  std::string name;
  std::vector<Node> nodes;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

/// The whole R-CNN as Detectron2 builds it, unfused, host operators included.
/// Values at the borders: "image"; "p2".."p6"; "rpn_logits_pN", "rpn_deltas_pN" (no RPN head, and "proposals"
/// is an input, where config.load_proposals); "proposals"; "pooled"; "class_logits", "box_deltas";
/// "detections"; with masks "mask_pooled", "mask_classes", "mask_probabilities", "masks"; with keypoints
/// "keypoint_pooled", "keypoint_heatmaps", "keypoints". \throws ModelError for anchors or a box head that no
/// such network has.
Graph build_network(const ModelConfig& config);

/// Parameters that the network's nodes name, with their shapes, batch norms included. \throws ModelError as
/// infer_shapes()
std::vector<ParameterSpec> network_parameters(const Graph& network, const ModelConfig& config);
/// The same for any network.
///   inputs               shapes of the values that no operator of a program writes, by name
///   optional_statistics  true where a batch norm's running mean and variance may be missing (0 and 1)
std::vector<ParameterSpec> network_parameters(const Graph& network,
                                              const std::map<std::string, Shape>& inputs,
                                              bool optional_statistics);

void to_json(nlohmann::json& json, const Node& node);
/// \throws ModelError, nlohmann::json::exception for what to_json() has not written, as that of a Graph
void from_json(const nlohmann::json& json, Node& node);
void to_json(nlohmann::json& json, const Graph& graph);
void from_json(const nlohmann::json& json, Graph& graph);

}  // namespace rcnn::engine
