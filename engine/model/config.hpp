// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace rcnn::engine {

// Thread safety: all functions are reentrant.

/// What a Detectron2 config says about a model, under Detectron2's own key names (in comments), validated.
/// Everything downstream reads this and nothing reads YAML again.
struct ModelConfig {
  static constexpr int kMaxChannels = 1 << 14;  ///< Of any layer
  static constexpr int kMaxCount = 100'000;     ///< Of classes, proposals, detections

  struct ResNet {
    int depth = 50;                 ///< RESNETS.DEPTH: 18, 34, 50, 101, 152
    int num_groups = 1;             ///< RESNETS.NUM_GROUPS
    int width_per_group = 64;       ///< RESNETS.WIDTH_PER_GROUP
    int stem_out_channels = 64;     ///< RESNETS.STEM_OUT_CHANNELS
    int res2_out_channels = 256;    ///< RESNETS.RES2_OUT_CHANNELS
    bool stride_in_1x1 = true;      ///< RESNETS.STRIDE_IN_1X1
    int res5_dilation = 1;          ///< RESNETS.RES5_DILATION: only 1 is supported
    std::string norm = "FrozenBN";  ///< RESNETS.NORM: FrozenBN, BN, SyncBN or ""
    bool operator==(const ResNet&) const = default;
  };
  struct Fpn {
    int out_channels = 256;  ///< FPN.OUT_CHANNELS
    bool average = false;    ///< FPN.FUSE_TYPE: only "sum" is supported
    std::string norm;        ///< FPN.NORM: only ""
    bool operator==(const Fpn&) const = default;
  };
  struct Anchors {
    std::vector<std::vector<float>> sizes;  ///< ANCHOR_GENERATOR.SIZES, one list a level (broadcast done)
    std::vector<std::vector<float>> aspect_ratios;  ///< ANCHOR_GENERATOR.ASPECT_RATIOS, one list a level
    float offset = 0.f;                             ///< ANCHOR_GENERATOR.OFFSET
    bool operator==(const Anchors&) const = default;
  };
  struct Rpn {
    int pre_nms_topk = 1000;                         ///< RPN.PRE_NMS_TOPK_TEST
    int post_nms_topk = 1000;                        ///< RPN.POST_NMS_TOPK_TEST
    float nms_threshold = 0.7f;                      ///< RPN.NMS_THRESH
    float min_box_size = 0.f;                        ///< PROPOSAL_GENERATOR.MIN_SIZE
    std::array<float, 4> delta_weights{1, 1, 1, 1};  ///< RPN.BBOX_REG_WEIGHTS
    int conv_count = 1;                              ///< RPN.CONV_DIMS: only [-1]
    bool operator==(const Rpn&) const = default;
  };
  struct BoxHead {
    int num_classes = 80;           ///< ROI_HEADS.NUM_CLASSES
    int num_fc = 2;                 ///< ROI_BOX_HEAD.NUM_FC (at least 1)
    int fc_dim = 1024;              ///< ROI_BOX_HEAD.FC_DIM
    int pooler_resolution = 7;      ///< ROI_BOX_HEAD.POOLER_RESOLUTION
    int pooler_sampling_ratio = 0;  ///< ROI_BOX_HEAD.POOLER_SAMPLING_RATIO
    std::string pooler_type =
        "ROIAlignV2";             ///< ROI_BOX_HEAD.POOLER_TYPE: ROIAlignV2 or ROIAlign (not aligned)
    bool class_agnostic = false;  ///< ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG
    std::array<float, 4> delta_weights{10, 10, 5, 5};  ///< ROI_BOX_HEAD.BBOX_REG_WEIGHTS
    float score_threshold = 0.05f;                     ///< ROI_HEADS.SCORE_THRESH_TEST
    float nms_threshold = 0.5f;                        ///< ROI_HEADS.NMS_THRESH_TEST
    int max_detections = 100;  ///< TEST.DETECTIONS_PER_IMAGE; for -1, all, the most that is accepted
    bool operator==(const BoxHead&) const = default;
  };
  struct MaskHead {                 ///< Read where MODEL.MASK_ON
    int num_conv = 4;               ///< ROI_MASK_HEAD.NUM_CONV
    int conv_dim = 256;             ///< ROI_MASK_HEAD.CONV_DIM
    int pooler_resolution = 14;     ///< ROI_MASK_HEAD.POOLER_RESOLUTION; masks are twice as wide and high
    int pooler_sampling_ratio = 0;  ///< ROI_MASK_HEAD.POOLER_SAMPLING_RATIO
    std::string pooler_type = "ROIAlignV2";  ///< ROI_MASK_HEAD.POOLER_TYPE: ROIAlignV2 or ROIAlign
    bool class_agnostic = false;             ///< ROI_MASK_HEAD.CLS_AGNOSTIC_MASK
    bool operator==(const MaskHead&) const = default;
  };
  struct KeypointHead {                                    ///< Read where MODEL.KEYPOINT_ON
    std::vector<int> conv_dims{std::vector<int>(8, 512)};  ///< ROI_KEYPOINT_HEAD.CONV_DIMS
    int num_keypoints = 17;                                ///< ROI_KEYPOINT_HEAD.NUM_KEYPOINTS
    int pooler_resolution = 14;     ///< ROI_KEYPOINT_HEAD.POOLER_RESOLUTION; heatmaps are four times as wide
    int pooler_sampling_ratio = 0;  ///< ROI_KEYPOINT_HEAD.POOLER_SAMPLING_RATIO
    std::string pooler_type = "ROIAlignV2";  ///< ROI_KEYPOINT_HEAD.POOLER_TYPE: ROIAlignV2 or ROIAlign
    bool operator==(const KeypointHead&) const = default;
  };
  struct Input {
    std::array<float, 3> pixel_mean{103.53f, 116.28f,
                                    123.675f};  ///< MODEL.PIXEL_MEAN, in the order of `format`
    std::array<float, 3> pixel_std{1, 1, 1};    ///< MODEL.PIXEL_STD
    std::string format = "BGR";                 ///< INPUT.FORMAT: BGR or RGB
    int min_size = 800;                         ///< INPUT.MIN_SIZE_TEST; 0: pictures stay as they are
    std::int64_t max_size = 1333;               ///< INPUT.MAX_SIZE_TEST
    bool operator==(const Input&) const = default;
  };

  std::string name;  ///< Zoo name or file name, for people
  /// MODEL.LOAD_PROPOSALS: a Fast R-CNN. It has no RPN; every image comes with the boxes to look at.
  bool load_proposals = false;
  int precomputed_topk = 1000;  ///< DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST; read where load_proposals
  ResNet resnet;
  Fpn fpn;
  Anchors anchors;
  Rpn rpn;
  BoxHead box_head;
  bool mask_on = false;  ///< MODEL.MASK_ON
  MaskHead mask_head;
  bool keypoint_on = false;  ///< MODEL.KEYPOINT_ON
  KeypointHead keypoint_head;
  Input input;
  std::vector<std::string>
      class_names;                ///< num_classes names ("class 7" where the config's data set is unknown)
  bool labelled = false;          ///< Labels gave class_names; a checkpoint's own are not asked for then
  std::vector<int> category_ids;  ///< The data set's own id of each class (COCO: 1..90 with gaps)

  /// Most regions of one image that the box head gets.
  int max_proposals() const { return load_proposals ? precomputed_topk : rpn.post_nms_topk; }

  bool operator==(const ModelConfig&) const = default;
};

/// Reads a model-zoo name ("COCO-Detection/faster_rcnn_R_50_FPN_3x", with or without ".yaml") or a YAML file
/// (a fragment with _BASE_, relative to the file, or a full dump of cfg.dump()). Zoo names may stand in
/// _BASE_ too. Keys that change nothing at inference are ignored; keys that matter and name something
/// unsupported are refused. \throws ModelError naming the file, the key, what was given and what is
/// supported.
ModelConfig load_config(const std::string& name_or_path);

/// Zoo names that load_config knows, sorted.
std::vector<std::string> zoo_names();

void to_json(nlohmann::json& json, const ModelConfig& config);
/// \throws ModelError for what to_json() has not written: damaged, or sizes beyond load_config()'s bounds.
void from_json(const nlohmann::json& json, ModelConfig& config);

}  // namespace rcnn::engine
