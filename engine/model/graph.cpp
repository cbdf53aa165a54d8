// SPDX-License-Identifier: MIT
#include "engine/model/graph.hpp"

#include <array>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/graph_builder.hpp"

namespace rcnn::engine {
namespace {

constexpr std::array<const char*, 21> kOpNames{"Conv2d",        "BatchNorm",
                                               "Relu",          "Silu",
                                               "Sigmoid",       "Add",
                                               "Scale",         "MaxPool2d",
                                               "GlobalAvgPool", "UpsampleAdd",
                                               "Linear",        "ConvTranspose2d",
                                               "MaskPredictor", "UpsampleBilinear",
                                               "Preprocess",    "Proposals",
                                               "RoiAlign",      "Detections",
                                               "TopClasses",    "Masks",
                                               "Keypoints"};

/// FPN levels are p2..p6: res2..res5 and the pooled last one.
constexpr int kFirstLevel = 2;
constexpr int kLastLevel = 6;

std::string level_name(const std::string& stem, int level) { return stem + std::to_string(level); }

int cell_anchors(const ModelConfig& config) {
  const auto& anchors = config.anchors;
  constexpr std::size_t kLevels = kLastLevel - kFirstLevel + 1;
  if (anchors.sizes.size() != kLevels || anchors.aspect_ratios.size() != kLevels) {
    throw ModelError("the config has anchor sizes for " + std::to_string(anchors.sizes.size()) +
                     " levels and aspect ratios for " + std::to_string(anchors.aspect_ratios.size()) +
                     "; supported are the 5 levels p2..p6 of FPN");
  }
  const auto count = anchors.sizes[0].size() * anchors.aspect_ratios[0].size();
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (const auto here = anchors.sizes[level].size() * anchors.aspect_ratios[level].size();
        here != count || count == 0) {
      throw ModelError(
          "the config has " + std::to_string(here) + " anchors a cell on p" +
          std::to_string(kFirstLevel + static_cast<int>(level)) + " and " + std::to_string(count) +
          " on p2; the RPN head is shared by all levels, so the counts must be equal and at least 1");
    }
  }
  return static_cast<int>(count);
}

/// conv1 3x3 (strided), conv2 3x3, sum, ReLU: ResNet-18 and 34.
std::string basic_block(GraphBuilder& build, const std::string& name, const std::string& input,
                        const BlockShape& shape) {
  auto shortcut = input;
  if (shape.in_channels != shape.out_channels) {
    shortcut = build.conv_norm(name + ".shortcut", input,
                               {.out_channels = shape.out_channels, .stride = shape.stride});
  }
  auto value = build.conv_norm(
      name + ".conv1", input,
      {.out_channels = shape.out_channels, .kernel = 3, .stride = shape.stride, .padding = 1});
  value = build.relu(name + ".conv1.relu", value);
  value = build.conv_norm(name + ".conv2", value,
                          {.out_channels = shape.out_channels, .kernel = 3, .padding = 1});
  return build.relu(name + ".relu", build.add(name + ".add", value, shortcut));
}

/// conv1 1x1, conv2 3x3 (grouped), conv3 1x1, sum, ReLU. The stride is in conv1 (STRIDE_IN_1X1) or in conv2.
std::string bottleneck(GraphBuilder& build, const std::string& name, const std::string& input,
                       const BlockShape& shape, const ModelConfig::ResNet& resnet) {
  const int stride_1x1 = resnet.stride_in_1x1 ? shape.stride : 1;
  const int stride_3x3 = resnet.stride_in_1x1 ? 1 : shape.stride;
  auto shortcut = input;
  if (shape.in_channels != shape.out_channels) {
    shortcut = build.conv_norm(name + ".shortcut", input,
                               {.out_channels = shape.out_channels, .stride = shape.stride});
  }
  auto value = build.conv_norm(name + ".conv1", input,
                               {.out_channels = shape.bottleneck_channels, .stride = stride_1x1});
  value = build.relu(name + ".conv1.relu", value);
  value = build.conv_norm(name + ".conv2", value,
                          {.out_channels = shape.bottleneck_channels,
                           .kernel = 3,
                           .stride = stride_3x3,
                           .padding = 1,
                           .groups = resnet.num_groups});
  value = build.relu(name + ".conv2.relu", value);
  value = build.conv_norm(name + ".conv3", value, {.out_channels = shape.out_channels});
  return build.relu(name + ".relu", build.add(name + ".add", value, shortcut));
}

/// \returns res2..res5.
std::vector<std::string> resnet(GraphBuilder& build, const ModelConfig::ResNet& config) {
  const auto blocks = resnet_blocks(config);
  const std::string name = "backbone.bottom_up";
  auto value =
      build.conv_norm(name + ".stem.conv1", "image",
                      {.out_channels = config.stem_out_channels, .kernel = 7, .stride = 2, .padding = 3});
  value = build.relu(name + ".stem.relu", value);
  value = build.max_pool(name + ".stem.pool", value, {.kernel = 3, .stride = 2, .padding = 1});

  std::vector<std::string> stages;
  BlockShape shape{.in_channels = config.stem_out_channels,
                   .bottleneck_channels = config.num_groups * config.width_per_group,
                   .out_channels = config.res2_out_channels};
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    for (int block = 0; block < blocks[stage]; ++block) {
      const auto path = name + ".res" + std::to_string(stage + 2) + "." + std::to_string(block);
      shape.stride = block == 0 && stage > 0 ? 2 : 1;
      value = is_basic(config) ? basic_block(build, path, value, shape)
                               : bottleneck(build, path, value, shape, config);
      shape.in_channels = shape.out_channels;
    }
    stages.push_back(value);
    shape.bottleneck_channels *= 2;
    shape.out_channels *= 2;
  }
  return stages;
}

/// Coarse to fine, so that each level's RPN head could follow while the level is warm in the cache.
void fpn(GraphBuilder& build, const std::vector<std::string>& stages, const ModelConfig& config) {
  const int channels = config.fpn.out_channels;
  std::string coarser;
  for (int level = kLastLevel - 1; level >= kFirstLevel; --level) {
    auto lateral =
        build.conv_bias(level_name("backbone.fpn_lateral", level),
                        stages[static_cast<std::size_t>(level - kFirstLevel)], {.out_channels = channels});
    if (!coarser.empty())
      lateral = build.upsample_add(level_name("backbone.top_down", level), lateral, coarser);
    build.conv_bias(level_name("backbone.fpn_output", level), lateral,
                    {.out_channels = channels, .kernel = 3, .padding = 1}, level_name("p", level));
    if (level == kLastLevel - 1) {
      build.max_pool("backbone.top_block", level_name("p", level), {.kernel = 1, .stride = 2},
                     level_name("p", kLastLevel));
    }
    coarser = lateral;
  }
}

/// The same weights on every level; node names carry the level, parameter names do not.
void rpn_head(GraphBuilder& build, int channels, int anchors) {
  const std::string name = "proposal_generator.rpn_head.";
  for (int level = kFirstLevel; level <= kLastLevel; ++level) {
    const auto suffix = level_name(".p", level);
    const auto shared = [&](const std::string& module, const std::string& input, Window window,
                            std::string output) {
      return build.conv_bias(name + module, input, window, std::move(output), name + module + suffix);
    };
    auto hidden = shared("conv", level_name("p", level),
                         {.out_channels = channels, .kernel = 3, .padding = 1}, name + "conv" + suffix);
    hidden = build.relu(name + "conv.relu" + suffix, hidden);
    shared("objectness_logits", hidden, {.out_channels = anchors}, level_name("rpn_logits_p", level));
    shared("anchor_deltas", hidden, {.out_channels = 4 * anchors}, level_name("rpn_deltas_p", level));
  }
}

void box_head(GraphBuilder& build, const ModelConfig::BoxHead& config) {
  if (config.num_fc < 1) {
    throw ModelError("ROI_BOX_HEAD.NUM_FC is " + std::to_string(config.num_fc) + "; at least 1 is supported");
  }
  std::string value = "pooled";
  for (int i = 1; i <= config.num_fc; ++i) {
    const auto name = level_name("roi_heads.box_head.fc", i);
    value = build.relu(name + ".relu", build.linear(name, value, config.fc_dim));
  }
  build.linear("roi_heads.box_predictor.cls_score", value, config.num_classes + 1, "class_logits");
  build.linear("roi_heads.box_predictor.bbox_pred", value,
               4 * (config.class_agnostic ? 1 : config.num_classes), "box_deltas");
}

/// From the detections' boxes, pooled again, to one probability map a detection.
void mask_head(GraphBuilder& build, const ModelConfig& config) {
  const auto& head = config.mask_head;
  const std::string name = "roi_heads.mask_head.";
  std::string value = "mask_pooled";
  for (int i = 1; i <= head.num_conv; ++i) {
    const auto conv = level_name(name + "mask_fcn", i);
    value =
        build.relu(conv + ".relu",
                   build.conv_bias(conv, value, {.out_channels = head.conv_dim, .kernel = 3, .padding = 1}));
  }
  value =
      build.conv_transpose(name + "deconv", value, {.out_channels = head.conv_dim, .kernel = 2, .stride = 2});
  value = build.relu(name + "deconv.relu", value);
  build.mask_predictor(name + "predictor", value, "mask_classes",
                       head.class_agnostic ? 1 : config.box_head.num_classes, "mask_probabilities");
}

/// Likewise, to heatmaps of four times the pooled side, one a keypoint.
void keypoint_head(GraphBuilder& build, const ModelConfig::KeypointHead& head) {
  const std::string name = "roi_heads.keypoint_head.";
  std::string value = "keypoint_pooled";
  for (std::size_t i = 0; i < head.conv_dims.size(); ++i) {
    const auto conv = level_name(name + "conv_fcn", static_cast<int>(i) + 1);
    value = build.relu(
        conv + ".relu",
        build.conv_bias(conv, value, {.out_channels = head.conv_dims[i], .kernel = 3, .padding = 1}));
  }
  value = build.conv_transpose(name + "score_lowres", value,
                               {.out_channels = head.num_keypoints, .kernel = 4, .stride = 2, .padding = 1});
  build.upsample_bilinear(name + "upsample", value, "keypoint_heatmaps");
}

}  // namespace

std::string to_string(OpKind kind) { return kOpNames.at(static_cast<std::size_t>(kind)); }

Graph build_network(const ModelConfig& config) {
  GraphBuilder build(!config.resnet.norm.empty());
  build.host(OpKind::kPreprocess, "preprocess", {"frame"}, {"image"});
  fpn(build, resnet(build, config.resnet), config);

  Graph network;
  network.name = "network";
  network.inputs = {"frame"};
  std::vector<std::string> features, rpn;
  for (int level = kFirstLevel; level <= kLastLevel; ++level) features.push_back(level_name("p", level));
  if (config.load_proposals) {
    network.inputs.emplace_back("proposals");
  } else {
    rpn_head(build, config.fpn.out_channels, cell_anchors(config));
    for (const char* stem : {"rpn_logits_p", "rpn_deltas_p"}) {
      for (int level = kFirstLevel; level <= kLastLevel; ++level) rpn.push_back(level_name(stem, level));
    }
    build.host(OpKind::kProposals, "proposal_generator", rpn, {"proposals"});
  }
  auto pooler_inputs = features;
  pooler_inputs.back() = "proposals";  // p6 serves the RPN alone
  build.host(OpKind::kRoiAlign, "roi_heads.box_pooler", pooler_inputs, {"pooled"});
  box_head(build, config.box_head);
  build.host(OpKind::kDetections, "roi_heads.inference", {"class_logits", "box_deltas", "proposals"},
             {"detections"});
  if (config.mask_on) {
    pooler_inputs.back() = "detections";
    build.host(OpKind::kRoiAlign, "roi_heads.mask_pooler", pooler_inputs, {"mask_pooled", "mask_classes"});
    mask_head(build, config);
    build.host(OpKind::kMasks, "roi_heads.mask_inference", {"mask_probabilities", "detections"}, {"masks"});
  }
  if (config.keypoint_on) {
    pooler_inputs.back() = "detections";
    build.host(OpKind::kRoiAlign, "roi_heads.keypoint_pooler", pooler_inputs, {"keypoint_pooled"});
    keypoint_head(build, config.keypoint_head);
    build.host(OpKind::kKeypoints, "roi_heads.keypoint_inference", {"keypoint_heatmaps", "detections"},
               {"keypoints"});
  }

  network.outputs = features;
  network.outputs.insert(network.outputs.end(), rpn.begin(), rpn.end());
  for (const char* value : {"class_logits", "box_deltas", "detections"}) network.outputs.emplace_back(value);
  if (config.mask_on) network.outputs.insert(network.outputs.end(), {"mask_probabilities", "masks"});
  if (config.keypoint_on) network.outputs.insert(network.outputs.end(), {"keypoint_heatmaps", "keypoints"});
  network.nodes = build.take();
  return network;
}

}  // namespace rcnn::engine
