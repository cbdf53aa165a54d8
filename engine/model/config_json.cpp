// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "engine/model/config.hpp"

namespace rcnn::engine {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::ResNet, depth, num_groups, width_per_group, stem_out_channels,
                                   res2_out_channels, stride_in_1x1, res5_dilation, norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::Fpn, out_channels, average, norm)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::Anchors, sizes, aspect_ratios, offset)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::Rpn, pre_nms_topk, post_nms_topk, nms_threshold, min_box_size,
                                   delta_weights, conv_count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::BoxHead, num_classes, num_fc, fc_dim, pooler_resolution,
                                   pooler_sampling_ratio, pooler_type, class_agnostic, delta_weights,
                                   score_threshold, nms_threshold, max_detections)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::MaskHead, num_conv, conv_dim, pooler_resolution,
                                   pooler_sampling_ratio, pooler_type, class_agnostic)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::KeypointHead, conv_dims, num_keypoints, pooler_resolution,
                                   pooler_sampling_ratio, pooler_type)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelConfig::Input, pixel_mean, pixel_std, format, min_size, max_size)

void to_json(nlohmann::json& json, const ModelConfig& config) {
  json = {{"name", config.name},
          {"resnet", config.resnet},
          {"fpn", config.fpn},
          {"anchors", config.anchors},
          {"rpn", config.rpn},
          {"box_head", config.box_head},
          {"input", config.input},
          {"mask_on", config.mask_on},
          {"class_names", config.class_names},
          {"category_ids", config.category_ids}};
  if (config.labelled) json["labelled"] = true;
  if (config.load_proposals) json["precomputed_topk"] = config.precomputed_topk;
  if (config.mask_on) json["mask_head"] = config.mask_head;
  if (config.keypoint_on) json["keypoint_head"] = config.keypoint_head;
}

namespace {

/// What would ask for memory that no honest model needs: load_config() has the same bounds.
void check_sizes(const ModelConfig& config) {
  std::vector<std::pair<const char*, int>> channels{{"stem's channels", config.resnet.stem_out_channels},
                                                    {"res2's channels", config.resnet.res2_out_channels},
                                                    {"a group's channels", config.resnet.width_per_group},
                                                    {"FPN's channels", config.fpn.out_channels},
                                                    {"box head's width", config.box_head.fc_dim}};
  std::vector<std::pair<const char*, int>> counts{{"candidates of a level", config.rpn.pre_nms_topk},
                                                  {"proposals", config.rpn.post_nms_topk},
                                                  {"detections", config.box_head.max_detections}};
  if (config.load_proposals) counts.emplace_back("proposals", config.precomputed_topk);
  if (config.mask_on) channels.emplace_back("mask head's channels", config.mask_head.conv_dim);
  for (const int dim : config.keypoint_on ? config.keypoint_head.conv_dims : std::vector<int>()) {
    channels.emplace_back("keypoint head's channels", dim);
  }
  const auto check = [](const auto& sizes, int most) {
    for (const auto& [what, size] : sizes) {
      if (size >= 1 && size <= most) continue;
      throw ModelError("the stored model config is damaged: " + std::string(what) + " are " +
                       std::to_string(size) + "; accepted: 1 to " + std::to_string(most));
    }
  };
  check(channels, ModelConfig::kMaxChannels);
  check(counts, ModelConfig::kMaxCount);
}

}  // namespace

void from_json(const nlohmann::json& json, ModelConfig& config) {
  try {
    json.at("name").get_to(config.name);
    json.at("resnet").get_to(config.resnet);
    json.at("fpn").get_to(config.fpn);
    json.at("anchors").get_to(config.anchors);
    json.at("rpn").get_to(config.rpn);
    json.at("box_head").get_to(config.box_head);
    json.at("input").get_to(config.input);
    config.load_proposals = json.contains("precomputed_topk");
    if (config.load_proposals) json.at("precomputed_topk").get_to(config.precomputed_topk);
    json.at("mask_on").get_to(config.mask_on);
    if (config.mask_on) json.at("mask_head").get_to(config.mask_head);
    config.keypoint_on = json.contains("keypoint_head");
    if (config.keypoint_on) json.at("keypoint_head").get_to(config.keypoint_head);
    json.at("class_names").get_to(config.class_names);
    config.labelled = json.value("labelled", false);  // Versions before did not say it
    json.at("category_ids").get_to(config.category_ids);
  } catch (const nlohmann::json::exception& error) {
    throw ModelError(std::string("the stored model config is damaged: ") + error.what());
  }
  const auto classes = static_cast<std::size_t>(config.box_head.num_classes);
  if (config.box_head.num_classes < 1 || config.class_names.size() != classes ||
      config.category_ids.size() != classes) {
    throw ModelError("the stored model config is damaged: it has " +
                     std::to_string(config.box_head.num_classes) + " classes, " +
                     std::to_string(config.class_names.size()) + " names and " +
                     std::to_string(config.category_ids.size()) + " category ids");
  }
  check_sizes(config);
  if (config.anchors.sizes.empty() || config.anchors.sizes.size() != config.anchors.aspect_ratios.size()) {
    throw ModelError("the stored model config is damaged: its anchors do not match in number of levels");
  }
}

}  // namespace rcnn::engine
