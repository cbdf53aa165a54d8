// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/model/graph.hpp"

namespace rcnn::engine {

/// Geometry of a convolution or pooling.
struct Window {
  int out_channels = 0;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  int groups = 1;
};

/// Channels of one residual block.
struct BlockShape {
  int in_channels = 0;
  int bottleneck_channels = 0;
  int out_channels = 0;
  int stride = 1;
};

/// True for ResNet-18 and 34, whose blocks are two 3x3 convolutions. Thread safety: reentrant, as the next.
bool is_basic(const ModelConfig::ResNet& config);
/// Blocks of res2..res5. \throws ModelError for unsupported depths and combinations.
std::array<int, 4> resnet_blocks(const ModelConfig::ResNet& config);

/// Appends nodes; every method returns the value its node writes, which is `output` or else named like the
/// node. Maps are [N, C, H, W], regions' features [R, C]; their extents are found later, by infer_shapes().
///
/// Thread safety: thread-bound.
class GraphBuilder {
 public:
  /// Convolution without bias, then a batch norm: the module `norm`, or "<name>.norm".
  std::string conv_norm(const std::string& name, const std::string& input, const Window& window,
                        const std::string& norm = {});
  /// Convolution with bias. `node` names the node where that is not the module whose parameters it uses.
  std::string conv_bias(const std::string& module, const std::string& input, const Window& window,
                        std::string output = {}, std::string node = {});
  std::string relu(const std::string& name, const std::string& input);
  std::string silu(const std::string& name, const std::string& input);
  std::string sigmoid(const std::string& name, const std::string& input);
  /// Each plane of `input` times its value in `factors`.
  std::string scale(const std::string& name, const std::string& input, const std::string& factors);
  std::string global_avg_pool(const std::string& name, const std::string& input);
  std::string add(const std::string& name, const std::string& a, const std::string& b);
  std::string max_pool(const std::string& name, const std::string& input, const Window& window,
                       std::string output = {});
  std::string upsample_add(const std::string& name, const std::string& fine, const std::string& coarse);
  std::string linear(const std::string& name, const std::string& input, int out_features,
                     std::string output = {});
  std::string conv_transpose(const std::string& name, const std::string& input, const Window& window);
  std::string upsample_bilinear(const std::string& name, const std::string& input, std::string output);
  /// `classes` is the value that says which of the `rows` each map is predicted for.
  std::string mask_predictor(const std::string& name, const std::string& input, const std::string& classes,
                             int rows, std::string output);
  void host(OpKind kind, const std::string& name, std::vector<std::string> inputs,
            std::vector<std::string> outputs);

  /// With `norm` false, conv_norm() adds the convolution alone (RESNETS.NORM: "").
  explicit GraphBuilder(bool norm = true) : norm_(norm) {}
  std::vector<Node> take();

 private:
  std::string append(Node node, std::string output);

  bool norm_;
  std::vector<Node> nodes_;
};

}  // namespace rcnn::engine
