// SPDX-License-Identifier: MIT
#include "engine/model/classifier_networks.hpp"

#include <algorithm>
#include <array>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

std::string conv_relu(GraphBuilder& build, const std::string& conv, const std::string& norm,
                      const std::string& input, const Window& window) {
  return build.relu(norm + ".relu", build.conv_norm(conv, input, window, norm));
}

/// torchvision's BasicBlock and Bottleneck (v1.5: the stride is in the 3x3 convolution).
std::string residual_block(GraphBuilder& build, const std::string& path, const std::string& input,
                           int in_channels, int width, int stride, bool basic) {
  const int out_channels = basic ? width : 4 * width;
  auto shortcut = input;
  if (stride != 1 || in_channels != out_channels) {
    shortcut = build.conv_norm(path + ".downsample.0", input,
                               {.out_channels = out_channels, .stride = stride}, path + ".downsample.1");
  }
  auto value = input;
  if (basic) {
    value = conv_relu(build, path + ".conv1", path + ".bn1", value,
                      {.out_channels = width, .kernel = 3, .stride = stride, .padding = 1});
    value = build.conv_norm(path + ".conv2", value, {.out_channels = width, .kernel = 3, .padding = 1},
                            path + ".bn2");
  } else {
    value = conv_relu(build, path + ".conv1", path + ".bn1", value, {.out_channels = width});
    value = conv_relu(build, path + ".conv2", path + ".bn2", value,
                      {.out_channels = width, .kernel = 3, .stride = stride, .padding = 1});
    value = build.conv_norm(path + ".conv3", value, {.out_channels = out_channels}, path + ".bn3");
  }
  return build.relu(path + ".relu", build.add(path + ".add", value, shortcut));
}

ClassifierNetwork resnet(int depth, std::array<int, 4> blocks, bool basic) {
  return {"resnet" + std::to_string(depth), "fc",
          [blocks, basic](GraphBuilder& build, const std::string& image) {
            constexpr int kStem = 64;
            auto value = conv_relu(build, "conv1", "bn1", image,
                                   {.out_channels = kStem, .kernel = 7, .stride = 2, .padding = 3});
            value = build.max_pool("maxpool", value, {.kernel = 3, .stride = 2, .padding = 1});
            int channels = kStem, width = kStem;
            for (std::size_t stage = 0; stage < blocks.size(); ++stage, width *= 2) {
              for (int block = 0; block < blocks[stage]; ++block) {
                const auto path = "layer" + std::to_string(stage + 1) + "." + std::to_string(block);
                const int stride = stage > 0 && block == 0 ? 2 : 1;
                value = residual_block(build, path, value, channels, width, stride, basic);
                channels = basic ? width : 4 * width;
              }
            }
            return value;
          }};
}

/// One inverted bottleneck: widen, convolve each channel alone, weigh the channels, narrow.
struct InvertedBlock {
  int expansion, kernel, stride, in_channels, out_channels;
};

/// torchvision's Conv2dNormActivation: convolution ".0", norm ".1".
std::string conv_silu(GraphBuilder& build, const std::string& path, const std::string& input, Window window) {
  window.padding = (window.kernel - 1) / 2;
  return build.silu(path + ".2", build.conv_norm(path + ".0", input, window, path + ".1"));
}

std::string squeeze_and_excite(GraphBuilder& build, const std::string& path, const std::string& input,
                               int channels, int squeezed) {
  auto factors = build.global_avg_pool(path + ".avgpool", input);
  factors =
      build.silu(path + ".activation", build.conv_bias(path + ".fc1", factors, {.out_channels = squeezed}));
  factors = build.sigmoid(path + ".scale_activation",
                          build.conv_bias(path + ".fc2", factors, {.out_channels = channels}));
  return build.scale(path + ".scale", input, factors);
}

std::string inverted_block(GraphBuilder& build, const std::string& path, const std::string& input,
                           const InvertedBlock& block) {
  const int wide = block.in_channels * block.expansion;
  int next = 0;
  const auto part = [&] { return path + ".block." + std::to_string(next++); };
  auto value = input;
  if (block.expansion != 1) value = conv_silu(build, part(), value, {.out_channels = wide});
  value = conv_silu(build, part(), value,
                    {.out_channels = wide, .kernel = block.kernel, .stride = block.stride, .groups = wide});
  value = squeeze_and_excite(build, part(), value, wide, std::max(1, block.in_channels / 4));
  const auto narrow = part();
  value = build.conv_norm(narrow + ".0", value, {.out_channels = block.out_channels}, narrow + ".1");
  if (block.stride == 1 && block.in_channels == block.out_channels)
    value = build.add(path + ".add", value, input);
  return value;
}

std::string efficientnet_b0(GraphBuilder& build, const std::string& image) {
  struct Stage {
    InvertedBlock first;
    int blocks;
  };
  constexpr std::array<Stage, 7> kStages{{{{1, 3, 1, 32, 16}, 1},
                                          {{6, 3, 2, 16, 24}, 2},
                                          {{6, 5, 2, 24, 40}, 2},
                                          {{6, 3, 2, 40, 80}, 3},
                                          {{6, 5, 1, 80, 112}, 3},
                                          {{6, 5, 2, 112, 192}, 4},
                                          {{6, 3, 1, 192, 320}, 1}}};
  auto value = conv_silu(build, "features.0", image, {.out_channels = 32, .kernel = 3, .stride = 2});
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    auto block = kStages[stage].first;
    for (int i = 0; i < kStages[stage].blocks; ++i) {
      value = inverted_block(build, "features." + std::to_string(stage + 1) + "." + std::to_string(i), value,
                             block);
      block.in_channels = block.out_channels;
      block.stride = 1;
    }
  }
  return conv_silu(build, "features.8", value, {.out_channels = 1280});
}

}  // namespace

const std::vector<ClassifierNetwork>& classifier_networks() {
  static const std::vector<ClassifierNetwork> networks{{"efficientnet_b0", "classifier.1", efficientnet_b0},
                                                       resnet(18, {2, 2, 2, 2}, true),
                                                       resnet(34, {3, 4, 6, 3}, true),
                                                       resnet(50, {3, 4, 6, 3}, false),
                                                       resnet(101, {3, 4, 23, 3}, false),
                                                       resnet(152, {3, 8, 36, 3}, false)};
  return networks;
}

const ClassifierNetwork& find_classifier_network(const std::string& name) {
  std::string known;
  for (const auto& network : classifier_networks()) {
    if (network.name == name) return network;
    known += (known.empty() ? "" : ", ") + network.name;
  }
  throw ModelError("architecture '" + name + "' is not supported; accepted are " + known);
}

}  // namespace rcnn::engine
