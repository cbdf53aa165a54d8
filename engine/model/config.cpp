// SPDX-License-Identifier: MIT
#include "engine/model/config.hpp"

#include <algorithm>
#include <limits>

#include "engine/errors.hpp"
#include "engine/model/class_names.hpp"
#include "engine/model/config_tree.hpp"
#include "engine/model/config_values.hpp"
#include "engine/model/data_files.hpp"
#include "engine/model/yaml_tree.hpp"

namespace rcnn::engine {
namespace {

// Far above any real model; they keep products of sizes from overflowing and typing slips from allocating.
constexpr int kMaxChannels = ModelConfig::kMaxChannels;
constexpr int kMaxCount = ModelConfig::kMaxCount;
constexpr double kMaxWeight = 1e6;
constexpr std::size_t kLevels = 5;  // p2..p6

// Detectron2 samples adaptively for anything below 1.
int read_sampling_ratio(const ConfigValues& values, const std::string& key) {
  return std::max(0, values.integer(key, -1, 64));
}

bool has_basic_blocks(int depth) { return depth == 18 || depth == 34; }

ModelConfig::ResNet read_resnet(const ConfigValues& values) {
  ModelConfig::ResNet resnet;
  resnet.depth = values.integer("MODEL.RESNETS.DEPTH", 18, 152);
  resnet.num_groups = values.integer("MODEL.RESNETS.NUM_GROUPS", 1, kMaxChannels);
  resnet.width_per_group = values.integer("MODEL.RESNETS.WIDTH_PER_GROUP", 1, kMaxChannels);
  resnet.stem_out_channels = values.integer("MODEL.RESNETS.STEM_OUT_CHANNELS", 1, kMaxChannels);
  resnet.res2_out_channels = values.integer("MODEL.RESNETS.RES2_OUT_CHANNELS", 1, kMaxChannels);
  resnet.stride_in_1x1 = values.boolean("MODEL.RESNETS.STRIDE_IN_1X1");
  resnet.res5_dilation = values.integer("MODEL.RESNETS.RES5_DILATION", 1, 1);
  resnet.norm = values.text("MODEL.RESNETS.NORM");
  // However a batch norm gathered its statistics, at inference it is one and the same.
  if (resnet.norm.find("SyncBN") != std::string::npos) resnet.norm = "SyncBN";
  if (resnet.num_groups * std::int64_t{resnet.width_per_group} > kMaxChannels) {
    values.refuse("MODEL.RESNETS.WIDTH_PER_GROUP",
                  "NUM_GROUPS * WIDTH_PER_GROUP up to " + std::to_string(kMaxChannels));
  }
  if (has_basic_blocks(resnet.depth)) {
    const auto depth = std::to_string(resnet.depth);
    if (resnet.num_groups != 1) values.refuse("MODEL.RESNETS.NUM_GROUPS", "1 with DEPTH " + depth);
    // Detectron2 insists on 64. Other widths are as well defined, but the default of 256 is never meant.
    if (!values.is_given("MODEL.RESNETS.RES2_OUT_CHANNELS")) {
      values.refuse("MODEL.RESNETS.RES2_OUT_CHANNELS", "64 with DEPTH " + depth + "; set it in the config");
    }
  }
  return resnet;
}

ModelConfig::Anchors read_anchors(const ConfigValues& values) {
  ModelConfig::Anchors anchors;
  anchors.sizes = values.per_level("MODEL.ANCHOR_GENERATOR.SIZES", kLevels);
  anchors.aspect_ratios = values.per_level("MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS", kLevels);
  const std::string offset = "MODEL.ANCHOR_GENERATOR.OFFSET";
  anchors.offset = values.number(offset, -kMaxWeight, kMaxWeight);
  if (!(anchors.offset >= 0 && anchors.offset < 1)) values.refuse(offset, "0 to below 1");
  for (std::size_t level = 1; level < kLevels; ++level) {
    if (anchors.sizes[level].size() * anchors.aspect_ratios[level].size() !=
        anchors.sizes[0].size() * anchors.aspect_ratios[0].size()) {
      values.refuse("MODEL.ANCHOR_GENERATOR.SIZES",
                    "as many anchors on each level: the RPN head is shared by all");
    }
  }
  return anchors;
}

ModelConfig::Rpn read_rpn(const ConfigValues& values) {
  ModelConfig::Rpn rpn;
  rpn.pre_nms_topk = values.integer("MODEL.RPN.PRE_NMS_TOPK_TEST", 1, kMaxCount);
  rpn.post_nms_topk = values.integer("MODEL.RPN.POST_NMS_TOPK_TEST", 1, kMaxCount);
  rpn.nms_threshold = values.number("MODEL.RPN.NMS_THRESH", 0, 1);
  rpn.min_box_size = values.number("MODEL.PROPOSAL_GENERATOR.MIN_SIZE", 0, kMaxCount);
  rpn.delta_weights = values.numbers<4>("MODEL.RPN.BBOX_REG_WEIGHTS", 1 / kMaxWeight, kMaxWeight);
  return rpn;
}

/// Whether the boxes come from outside. Detectron2 has two keys for it, which make sense together alone.
bool read_load_proposals(const ConfigValues& values) {
  const bool load = values.boolean("MODEL.LOAD_PROPOSALS");
  const auto generator = values.text("MODEL.PROPOSAL_GENERATOR.NAME");
  if (load != (generator == "PrecomputedProposals")) {
    values.refuse("MODEL.LOAD_PROPOSALS",
                  std::string(load ? "false" : "true") + " with MODEL.PROPOSAL_GENERATOR.NAME: " + generator);
  }
  return load;
}

ModelConfig::BoxHead read_box_head(const ConfigValues& values) {
  ModelConfig::BoxHead head;
  head.num_classes = values.integer("MODEL.ROI_HEADS.NUM_CLASSES", 1, kMaxCount);
  head.num_fc = values.integer("MODEL.ROI_BOX_HEAD.NUM_FC", 1, 64);
  head.fc_dim = values.integer("MODEL.ROI_BOX_HEAD.FC_DIM", 1, kMaxChannels);
  head.pooler_resolution = values.integer("MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", 1, 64);
  head.pooler_sampling_ratio = read_sampling_ratio(values, "MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO");
  head.pooler_type = values.text("MODEL.ROI_BOX_HEAD.POOLER_TYPE");
  head.class_agnostic = values.boolean("MODEL.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG");
  head.delta_weights = values.numbers<4>("MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS", 1 / kMaxWeight, kMaxWeight);
  head.score_threshold = values.number("MODEL.ROI_HEADS.SCORE_THRESH_TEST", 0, 1);
  head.nms_threshold = values.number("MODEL.ROI_HEADS.NMS_THRESH_TEST", 0, 1);
  const std::string detections = "TEST.DETECTIONS_PER_IMAGE";  // Below 0 Detectron2 keeps all
  head.max_detections =
      values.any_integer(detections) < 0 ? kMaxCount : values.integer(detections, 1, kMaxCount);
  return head;
}

ModelConfig::MaskHead read_mask_head(const ConfigValues& values) {
  ModelConfig::MaskHead head;
  head.num_conv = values.integer("MODEL.ROI_MASK_HEAD.NUM_CONV", 0, 64);
  head.conv_dim = values.integer("MODEL.ROI_MASK_HEAD.CONV_DIM", 1, kMaxChannels);
  head.pooler_resolution = values.integer("MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION", 1, 64);
  head.pooler_sampling_ratio = read_sampling_ratio(values, "MODEL.ROI_MASK_HEAD.POOLER_SAMPLING_RATIO");
  head.pooler_type = values.text("MODEL.ROI_MASK_HEAD.POOLER_TYPE");
  head.class_agnostic = values.boolean("MODEL.ROI_MASK_HEAD.CLS_AGNOSTIC_MASK");
  return head;
}

ModelConfig::KeypointHead read_keypoint_head(const ConfigValues& values) {
  ModelConfig::KeypointHead head;
  head.conv_dims = values.integers("MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS", 1, kMaxChannels);
  head.num_keypoints = values.integer("MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS", 1, 1000);
  head.pooler_resolution = values.integer("MODEL.ROI_KEYPOINT_HEAD.POOLER_RESOLUTION", 1, 64);
  head.pooler_sampling_ratio = read_sampling_ratio(values, "MODEL.ROI_KEYPOINT_HEAD.POOLER_SAMPLING_RATIO");
  head.pooler_type = values.text("MODEL.ROI_KEYPOINT_HEAD.POOLER_TYPE");
  return head;
}

ModelConfig::Input read_input(const ConfigValues& values) {
  ModelConfig::Input input;
  input.pixel_mean = values.numbers<3>("MODEL.PIXEL_MEAN", -kMaxWeight, kMaxWeight);
  input.pixel_std = values.numbers<3>("MODEL.PIXEL_STD", 1 / kMaxWeight, kMaxWeight);
  input.format = values.text("INPUT.FORMAT");
  // compile's --input says how pictures are resized, whatever these are.
  input.min_size = values.integer("INPUT.MIN_SIZE_TEST", 0, std::numeric_limits<int>::max());
  const std::string max_size = "INPUT.MAX_SIZE_TEST";  // sys.maxsize where there should be no limit
  input.max_size = values.any_integer(max_size);
  if (input.max_size < 0) values.refuse(max_size, "0 or more");
  return input;
}

}  // namespace

ModelConfig load_config(const std::string& name_or_path) {
  const auto tree = read_config_tree(name_or_path);
  const ConfigValues values(tree);
  ModelConfig config;
  config.name = tree.name;
  config.resnet = read_resnet(values);
  config.fpn.out_channels = values.integer("MODEL.FPN.OUT_CHANNELS", 1, kMaxChannels);
  config.anchors = read_anchors(values);
  config.rpn = read_rpn(values);
  config.load_proposals = read_load_proposals(values);
  if (config.load_proposals) {
    config.precomputed_topk = values.integer("DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST", 1, kMaxCount);
  }
  config.box_head = read_box_head(values);
  config.mask_on = values.boolean("MODEL.MASK_ON");
  if (config.mask_on) config.mask_head = read_mask_head(values);
  config.keypoint_on = values.boolean("MODEL.KEYPOINT_ON");
  if (config.mask_on && config.keypoint_on)
    values.refuse("MODEL.KEYPOINT_ON", "false with MODEL.MASK_ON: true");
  if (config.keypoint_on) config.keypoint_head = read_keypoint_head(values);
  config.input = read_input(values);
  // The data set it is tested on before the one it was trained on, as in Detectron2.
  auto datasets = values.texts("DATASETS.TEST");
  if (datasets.empty()) datasets = values.texts("DATASETS.TRAIN");
  name_classes(datasets.empty() ? "" : datasets[0], config);
  return config;
}

std::vector<std::string> zoo_names() {
  std::vector<std::string> names;
  for (const auto& [name, config] : model_zoo("zoo").items()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace rcnn::engine
