// SPDX-License-Identifier: MIT
#include "engine/model/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "engine/model/config_tree.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder of config files that lives as long as the test.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("configs" + std::to_string(getpid()) + "_" + std::to_string(next_++))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }

 private:
  static inline std::atomic<int> next_{0};
  std::filesystem::path path_;
};

/// A config that changes one thing of the base.
std::string with_base(const std::string& text) { return "_BASE_: Base-RCNN-FPN\n" + text; }

ModelConfig load_text(const std::string& text) {
  const Folder folder;
  return load_config(folder.write("c.yaml", text));
}
std::string refused(const std::string& text) {
  return tests::refusal([&] { load_text(text); });
}
std::string refused_by_name(const std::string& name) {
  return tests::refusal([&] { load_config(name); });
}

TEST(Config, ZooModelsAreWhatDetectron2Says) {
  const auto names = zoo_names();
  EXPECT_EQ(names.size(), 26U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, ::testing::IsSupersetOf({"COCO-Detection/faster_rcnn_R_101_FPN_3x",
                                              "COCO-Detection/faster_rcnn_R_50_FPN_1x",
                                              "COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x",
                                              "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_1x_giou",
                                              "COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x",
                                              "LVISv1-InstanceSegmentation/mask_rcnn_R_50_FPN_1x"}));
  const auto config = load_config("COCO-Detection/faster_rcnn_R_50_FPN_3x");
  EXPECT_EQ(config.name, "COCO-Detection/faster_rcnn_R_50_FPN_3x");
  EXPECT_EQ(config.resnet, ModelConfig::ResNet{});
  EXPECT_EQ(config.fpn, ModelConfig::Fpn{});
  EXPECT_EQ(config.rpn, ModelConfig::Rpn{});
  EXPECT_EQ(config.box_head, ModelConfig::BoxHead{});
  EXPECT_EQ(config.input, ModelConfig::Input{});
  EXPECT_FALSE(config.mask_on);
  EXPECT_EQ(config.anchors.sizes, (std::vector<std::vector<float>>{{32}, {64}, {128}, {256}, {512}}));
  EXPECT_EQ(config.anchors.aspect_ratios, std::vector<std::vector<float>>(5, {0.5F, 1, 2}));
  EXPECT_EQ(load_config("COCO-Detection/faster_rcnn_R_101_FPN_3x.yaml").resnet.depth, 101);
}

TEST(Config, X101HasItsOwnStrideGroupsAndDeviation) {
  const auto config = load_config("COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x");
  EXPECT_EQ(config.resnet.depth, 101);
  EXPECT_EQ(config.resnet.num_groups, 32);
  EXPECT_EQ(config.resnet.width_per_group, 8);
  EXPECT_FALSE(config.resnet.stride_in_1x1);
  EXPECT_THAT(config.input.pixel_std, ElementsAre(57.375F, 57.12F, 58.395F));
}

TEST(Config, MaskModelsAreFasterModelsWithAMaskHead) {
  for (const std::string model : {"R_50_FPN_1x", "R_50_FPN_3x", "R_101_FPN_3x", "X_101_32x8d_FPN_3x"}) {
    auto mask = load_config("COCO-InstanceSegmentation/mask_rcnn_" + model);
    const auto faster = load_config("COCO-Detection/faster_rcnn_" + model);
    EXPECT_TRUE(mask.mask_on);
    EXPECT_EQ(mask.mask_head, ModelConfig::MaskHead{});
    mask.mask_on = false;
    mask.name = faster.name;
    EXPECT_EQ(mask, faster) << model;
  }
}

TEST(Config, KeypointModelsFindPeople) {
  const auto config = load_config("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x");
  EXPECT_TRUE(config.keypoint_on);
  EXPECT_EQ(config.keypoint_head, ModelConfig::KeypointHead{});
  EXPECT_THAT(config.class_names, ElementsAre("person"));
  EXPECT_THAT(config.category_ids, ElementsAre(1));
  EXPECT_THAT(refused(with_base("MODEL: {KEYPOINT_ON: true, ROI_KEYPOINT_HEAD: {NAME: Other}}")),
              AllOf(HasSubstr("MODEL.ROI_KEYPOINT_HEAD.NAME"), HasSubstr("KRCNNConvDeconvUpsampleHead")));
  EXPECT_THAT(refused(with_base("MODEL: {KEYPOINT_ON: true, ROI_KEYPOINT_HEAD: {CONV_DIMS: [0]}}")),
              HasSubstr("MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS"));
  EXPECT_THAT(refused(with_base("MODEL: {KEYPOINT_ON: true, MASK_ON: true}")),
              HasSubstr("false with MODEL.MASK_ON: true"));
}

TEST(Config, MaskHeadsThatAreNotSupportedAreRefusedWhereTheyAreOn) {
  EXPECT_THAT(refused(with_base("MODEL: {MASK_ON: true, ROI_MASK_HEAD: {NAME: PointRendMaskHead}}")),
              AllOf(HasSubstr("MODEL.ROI_MASK_HEAD.NAME"), HasSubstr("MaskRCNNConvUpsampleHead")));
  EXPECT_THAT(refused(with_base("MODEL: {MASK_ON: true, ROI_MASK_HEAD: {NORM: GN}}")),
              HasSubstr("MODEL.ROI_MASK_HEAD.NORM"));
  EXPECT_THAT(refused(with_base("MODEL: {MASK_ON: true, ROI_MASK_HEAD: {CONV_DIM: 0}}")),
              HasSubstr("MODEL.ROI_MASK_HEAD.CONV_DIM"));
  EXPECT_THAT(refused(with_base("MODEL: {MASK_ON: true, ROI_MASK_HEAD: {POINT_HEAD_ON: true}}")),
              HasSubstr("MODEL.ROI_MASK_HEAD.POINT_HEAD_ON does not exist"));
  EXPECT_THAT(refused(with_base("MODEL: {MASK_ON: true, ROI_MASK_HEAD: {POOLER_TYP: ROIAlign}}")),
              HasSubstr("did you mean MODEL.ROI_MASK_HEAD.POOLER_TYPE?"));
  EXPECT_NO_THROW(load_text(with_base("MODEL: {ROI_MASK_HEAD: {NAME: PointRendMaskHead, FC_DIM: 1024}}")));
}

TEST(Config, FastRcnnIsAFasterModelWithoutRpn) {
  auto fast = load_config("COCO-Detection/fast_rcnn_R_50_FPN_1x");
  const auto faster = load_config("COCO-Detection/faster_rcnn_R_50_FPN_1x");
  EXPECT_TRUE(fast.load_proposals);
  EXPECT_EQ(fast.max_proposals(), 1000);
  fast.load_proposals = false;
  fast.name = faster.name;
  EXPECT_EQ(fast, faster);
  const auto fewer = load_text(
      "_BASE_: COCO-Detection/fast_rcnn_R_50_FPN_1x\nDATASETS: {PRECOMPUTED_PROPOSAL_TOPK_TEST: 300}");
  EXPECT_EQ(fewer.max_proposals(), 300);
  EXPECT_EQ(faster.max_proposals(), faster.rpn.post_nms_topk);
}

TEST(Config, ProposalsComeFromAnRpnOrFromAFile) {
  EXPECT_THAT(refused(with_base("MODEL: {LOAD_PROPOSALS: true}")),
              AllOf(HasSubstr("MODEL.LOAD_PROPOSALS"), HasSubstr("false with"), HasSubstr("NAME: RPN")));
  EXPECT_THAT(refused(with_base("MODEL: {PROPOSAL_GENERATOR: {NAME: PrecomputedProposals}}")),
              AllOf(HasSubstr("MODEL.LOAD_PROPOSALS"), HasSubstr("true with")));
  EXPECT_THAT(refused(with_base("MODEL: {PROPOSAL_GENERATOR: {NAME: RRPN}}")),
              HasSubstr("PrecomputedProposals"));
  EXPECT_THAT(refused("_BASE_: COCO-Detection/fast_rcnn_R_50_FPN_1x\n"
                      "DATASETS: {PRECOMPUTED_PROPOSAL_TOPK_TEST: 0}"),
              HasSubstr("DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST"));
}

TEST(Config, CocoClassesHaveGapsInTheirIds) {
  const auto config = load_config("COCO-Detection/faster_rcnn_R_50_FPN_1x");
  ASSERT_EQ(config.class_names.size(), 80U);
  ASSERT_EQ(config.category_ids.size(), 80U);
  EXPECT_EQ(config.class_names[0], "person");
  EXPECT_EQ(config.category_ids[0], 1);
  EXPECT_EQ(config.class_names[11], "stop sign");
  EXPECT_EQ(config.category_ids[11], 13);  // 12 is one of the gaps.
  EXPECT_EQ(config.class_names[79], "toothbrush");
  EXPECT_EQ(config.category_ids[79], 90);
  EXPECT_TRUE(std::is_sorted(config.category_ids.begin(), config.category_ids.end()));
}

TEST(Config, ClassesOfAnUnknownDataSetAreNumbered) {
  for (const auto* text :
       {"MODEL: {ROI_HEADS: {NUM_CLASSES: 3}}\n",
        "MODEL: {ROI_HEADS: {NUM_CLASSES: 3}}\nDATASETS: {TRAIN: (\"mine\",), TEST: ()}\n"}) {
    const auto config = load_text(with_base(text));
    EXPECT_THAT(config.class_names, ElementsAre("class 0", "class 1", "class 2"));
    EXPECT_THAT(config.category_ids, ElementsAre(0, 1, 2));
  }
  EXPECT_EQ(load_text(with_base("DATASETS: {TEST: (\"mine\",)}")).class_names[0], "class 0");
}

TEST(Config, BaseIsAFileOrABuiltInName) {
  const Folder folder;
  folder.write("bases/mine.yaml",
               "_BASE_: ../../Base-RCNN-FPN.yaml\nMODEL: {RESNETS: {DEPTH: 101}, RPN: {NMS_THRESH: 0.6}}");
  const auto leaf = folder.write("leaf.yaml", "_BASE_: bases/mine.yaml\nMODEL: {RPN: {NMS_THRESH: 0.5}}\n");
  const auto config = load_config(leaf);
  EXPECT_EQ(config.name, "leaf.yaml");
  EXPECT_EQ(config.resnet.depth, 101);
  EXPECT_EQ(config.rpn.nms_threshold, 0.5F);
  EXPECT_EQ(config.rpn.pre_nms_topk, 1000);
  EXPECT_EQ(load_text("_BASE_: \"../COCO-Detection/faster_rcnn_R_101_FPN_3x.yaml\"").resnet.depth, 101);
  EXPECT_EQ(load_text("_BASE_: COCO-Detection/faster_rcnn_X_101_32x8d_FPN_3x").resnet.num_groups, 32);
}

TEST(Config, WhatABaseDoesWrongIsSaidOfTheBase) {
  const Folder folder;
  folder.write("base.yaml", "_BASE_: Base-RCNN-FPN\nMODEL: {RPN: {NMS_TRESH: 0.5}}\n");
  const auto unknown = folder.write("unknown.yaml", "_BASE_: base.yaml\n");
  EXPECT_THAT(tests::refusal([&] { load_config(unknown); }),
              AllOf(HasSubstr("unknown.yaml"), HasSubstr("base.yaml: key MODEL.RPN.NMS_TRESH")));
  folder.write("type.yaml", "_BASE_: Base-RCNN-FPN\nMODEL: {RPN: {NMS_THRESH: high}}\n");
  const auto wrong = folder.write("wrong.yaml", "_BASE_: type.yaml\n");
  EXPECT_THAT(tests::refusal([&] { load_config(wrong); }),
              AllOf(HasSubstr("wrong.yaml"), HasSubstr("type.yaml: MODEL.RPN.NMS_THRESH is \"high\"")));
}

TEST(Config, BasesThatLeadNowhereAreRefused) {
  const Folder folder;
  const auto a = folder.write("a.yaml", "_BASE_: b.yaml\n");
  folder.write("b.yaml", "_BASE_: a.yaml\n");
  EXPECT_THAT(tests::refusal([&] { load_config(a); }), AllOf(HasSubstr("circle"), HasSubstr("a.yaml -> ")));
  EXPECT_THAT(refused("_BASE_: nowhere.yaml\n"),
              AllOf(HasSubstr("nowhere.yaml"), HasSubstr("Base-RCNN-FPN")));
  // A folder that is not the zoo's is a file's: no stock config steps in for an edited one that is missing.
  EXPECT_THAT(refused("_BASE_: mine/Base-RCNN-FPN.yaml\n"), HasSubstr("neither a file"));
  EXPECT_THAT(refused("_BASE_: ../Base-RCNN-C4.yaml\n"), HasSubstr("Res5ROIHeads"));
  EXPECT_THAT(refused("_BASE_: ../COCO-Detection/retinanet_R_50_FPN_1x.yaml\n"), HasSubstr("RetinaNet"));
  EXPECT_THAT(refused("_BASE_: https://example.org/x.yaml\n"), HasSubstr("not fetched"));
  EXPECT_THAT(refused("_BASE_: 7\n"), HasSubstr("_BASE_ must name"));
  EXPECT_THAT(tests::refusal([] { load_config("COCO-Detection/faster_rcnn_R_18"); }),
              HasSubstr("faster_rcnn_R_101_FPN_3x"));
  const auto python = folder.write("lazy.py", "model = 1\n");
  EXPECT_THAT(tests::refusal([&] { load_config(python); }), HasSubstr("LazyConfig"));
  EXPECT_THAT(refused("- 1\n"), HasSubstr("expected keys such as MODEL"));
}

// Keys of training change nothing here, whatever they say.
TEST(Config, FullDumpsLoad) {
  const auto config = load_config(tests::fixture("full_dump.yaml").string());
  EXPECT_EQ(config.resnet.depth, 50);
  EXPECT_EQ(config.box_head.num_classes, 80);
  EXPECT_EQ(config.class_names[2], "car");
  auto expected = load_config("COCO-Detection/faster_rcnn_R_50_FPN_3x");
  expected.name = "full_dump.yaml";
  EXPECT_EQ(config, expected);
}

TEST(Config, UnsupportedValuesAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"META_ARCHITECTURE: RetinaNet", "MODEL.META_ARCHITECTURE is \"RetinaNet\""},
      {"BACKBONE: {NAME: build_vit_fpn_backbone}", "build_resnet_fpn_backbone"},
      {"LOAD_PROPOSALS: true", "MODEL.LOAD_PROPOSALS"},
      {"RESNETS: {DEPTH: 77}", "18 or 34 or 50 or 101 or 152"},
      {"RESNETS: {NORM: GN}", "MODEL.RESNETS.NORM is \"GN\""},
      {"RESNETS: {RES5_DILATION: 2}", "MODEL.RESNETS.RES5_DILATION is 2"},
      {"RESNETS: {DEFORM_ON_PER_STAGE: [False, True, True, True]}", "DEFORM_ON_PER_STAGE"},
      {"RESNETS: {OUT_FEATURES: [res4]}", "MODEL.RESNETS.OUT_FEATURES"},
      {"FPN: {NORM: GN}", "MODEL.FPN.NORM"},
      {"FPN: {FUSE_TYPE: avg}", "MODEL.FPN.FUSE_TYPE is \"avg\""},
      {"FPN: {IN_FEATURES: [res3, res4, res5]}", "MODEL.FPN.IN_FEATURES"},
      {"PROPOSAL_GENERATOR: {NAME: RRPN}", "MODEL.PROPOSAL_GENERATOR.NAME"},
      {"ANCHOR_GENERATOR: {NAME: RotatedAnchorGenerator}", "RotatedAnchorGenerator"},
      {"RPN: {HEAD_NAME: Mine}", "MODEL.RPN.HEAD_NAME"},
      {"RPN: {CONV_DIMS: [-1, -1]}", "MODEL.RPN.CONV_DIMS"},
      {"RPN: {IN_FEATURES: [p3, p4, p5]}", "MODEL.RPN.IN_FEATURES"},
      {"ROI_HEADS: {NAME: CascadeROIHeads}", "CascadeROIHeads"},
      {"ROI_HEADS: {IN_FEATURES: [p2]}", "MODEL.ROI_HEADS.IN_FEATURES"},
      {"ROI_BOX_HEAD: {NAME: Mine}", "MODEL.ROI_BOX_HEAD.NAME"},
      {"ROI_BOX_HEAD: {NUM_CONV: 4}", "MODEL.ROI_BOX_HEAD.NUM_CONV is 4"},
      {"ROI_BOX_HEAD: {POOLER_TYPE: ROIPool}", "MODEL.ROI_BOX_HEAD.POOLER_TYPE is \"ROIPool\""},
      {"ROI_BOX_HEAD: {USE_SIGMOID_CE: true}", "USE_SIGMOID_CE"},
      {"ROI_BOX_HEAD: {NUM_FC: 0}", "MODEL.ROI_BOX_HEAD.NUM_FC is 0"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(refused(with_base("MODEL: {" + text + "}")), AllOf(HasSubstr(expected), HasSubstr("c.yaml")))
        << text;
  }
  EXPECT_THAT(refused(with_base("INPUT: {FORMAT: L}")), HasSubstr("\"BGR\" or \"RGB\""));
  EXPECT_THAT(refused(with_base("INPUT: {MIN_SIZE_TEST: -1}")), HasSubstr("INPUT.MIN_SIZE_TEST is -1"));
  EXPECT_THAT(refused(with_base("VERSION: 1")), HasSubstr("VERSION is 1"));
}

TEST(Config, OtherModelsOfTheZooAreRefusedByWhatIsNotSupported) {
  for (const auto& [name, expected] : std::vector<std::pair<std::string, std::string>>{
           {"COCO-Detection/retinanet_R_50_FPN_3x",
            "MODEL.META_ARCHITECTURE is \"RetinaNet\" (set by COCO-Detection/retinanet_R_50_FPN_3x); "
            "supported: "
            "\"GeneralizedRCNN\""},
           {"COCO-Detection/rpn_R_50_FPN_1x.yaml", "\"ProposalNetwork\""},
           {"COCO-Detection/faster_rcnn_R_50_C4_3x", "MODEL.ROI_HEADS.NAME is \"Res5ROIHeads\""},
           {"COCO-InstanceSegmentation/mask_rcnn_R_101_DC5_3x", "MODEL.RESNETS.RES5_DILATION is 2"},
           {"Misc/mask_rcnn_R_50_FPN_3x_gn", "MODEL.RESNETS.NORM is \"GN\""},
           {"Misc/mask_rcnn_R_50_FPN_3x_syncbn", "MODEL.FPN.NORM is \"SyncBN\""},
           {"Misc/mask_rcnn_R_50_FPN_1x_dconv_c3-c5", "MODEL.RESNETS.DEFORM_ON_PER_STAGE"},
           {"Misc/cascade_mask_rcnn_R_50_FPN_3x", "\"CascadeROIHeads\""},
           {"COCO-PanopticSegmentation/panoptic_fpn_R_101_3x", "\"PanopticFPN\""},
           {"new_baselines/mask_rcnn_R_50_FPN_100ep_LSJ.py", "Python configs (LazyConfig)"}}) {
    EXPECT_THAT(refused_by_name(name), HasSubstr(expected)) << name;
  }
  for (const auto& [name, config] : model_zoo("elsewhere").items()) {
    EXPECT_THAT(refused_by_name(name), HasSubstr("(set by " + name + "); supported: "));
    EXPECT_THAT(zoo_names(), ::testing::Not(::testing::Contains(name)));
  }
  EXPECT_THAT(refused_by_name("COCO-Detection/faster_rcnn_R_50_FPN_2x"),
              HasSubstr("neither a file nor a model-zoo name; known are:\n  COCO-Detection/fast_rcnn"));
}

TEST(Config, ValueFromDetectron2sDefaultsIsSaidToBe) {
  EXPECT_THAT(
      refused("MODEL: {RESNETS: {DEPTH: 50}}"),
      AllOf(HasSubstr("\"build_resnet_backbone\""), HasSubstr("Detectron2's default"), HasSubstr("_BASE_")));
}

TEST(Config, TypesAndRangesAreChecked) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"RESNETS: {DEPTH: fifty}", "expected a whole number such as 50"},
      {"RESNETS: {DEPTH: 50.0}", "expected a whole number"},
      {"RESNETS: {STRIDE_IN_1X1: 1}", "expected true or false"},
      {"RESNETS: {STEM_OUT_CHANNELS: -64}", "1 to 16384"},
      {"RESNETS: {NUM_GROUPS: 4096, WIDTH_PER_GROUP: 4096}", "NUM_GROUPS * WIDTH_PER_GROUP"},
      {"RESNETS: 5", "expected a group of keys"},
      {"FPN: {OUT_CHANNELS: [256]}", "expected a whole number"},
      {"PIXEL_MEAN: [1.0, 2.0]", "a list of 3 numbers"},
      {"PIXEL_STD: [1.0, 0.0, 1.0]", "a list of 3 numbers"},
      {"PIXEL_MEAN: 103.5", "expected a list"},
      {"PIXEL_MEAN: [.nan, 1.0, 1.0]", "is [.nan,1.0,1.0] (set by"},
      {"RPN: {NMS_THRESH: 7.0}", "MODEL.RPN.NMS_THRESH is 7.0"},
      {"RPN: {NMS_THRESH: .nan}", "MODEL.RPN.NMS_THRESH is .nan"},
      {"RPN: {CONV_DIMS: [128]}", "[-1] or [256], one convolution of FPN.OUT_CHANNELS"},
      {"RPN: {BBOX_REG_WEIGHTS: '(1.0, 1.0)'}", "a list of 4 numbers"},
      {"RPN: {POST_NMS_TOPK_TEST: 99999999999}", "MODEL.RPN.POST_NMS_TOPK_TEST"},
      {"ROI_HEADS: {NUM_CLASSES: 0}", "MODEL.ROI_HEADS.NUM_CLASSES is 0"},
      {"ANCHOR_GENERATOR: {SIZES: [[32], [64]]}", "5 such lists"},
      {"ANCHOR_GENERATOR: {SIZES: []}", "MODEL.ANCHOR_GENERATOR.SIZES"},
      {"ANCHOR_GENERATOR: {SIZES: [[0]]}", "positive"},
      {"ANCHOR_GENERATOR: {SIZES: [[32, 48], [64], [128], [256], [512]]}", "as many anchors"},
      {"ANCHOR_GENERATOR: {OFFSET: 1.0}", "0 to below 1"},
      {"ANCHOR_GENERATOR: {OFFSET: -0.5}", "0 to below 1"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(refused(with_base("MODEL: {" + text + "}")), HasSubstr(expected)) << text;
  }
}

TEST(Config, KeysThatDetectron2DoesNotHaveAreRefused) {
  EXPECT_THAT(refused(with_base("MODEL: {RPN: {NMS_TRESH: 0.5}}")),
              AllOf(HasSubstr("MODEL.RPN.NMS_TRESH"), HasSubstr("did you mean MODEL.RPN.NMS_THRESH?")));
  EXPECT_THAT(refused(with_base("MODEL: {SWIN: {DEPTHS: [2, 2]}}")), HasSubstr("MODEL.SWIN"));
  EXPECT_THAT(refused(with_base("INPUT: {MIN_SIZE: 800}")), HasSubstr("INPUT.MIN_SIZE"));
  EXPECT_THAT(refused(with_base("INPUT: {CROP: {FOO: 5}}")), HasSubstr("INPUT.CROP.FOO"));
  // Where training keeps its own, what looks like one of these is a slip.
  for (const char* slip :
       {"INPUTS: {FORMAT: RGB}", "MODLE: {MASK_ON: true}", "TESTS: {DETECTIONS_PER_IMAGE: 5}",
        "DETECTIONS_PER_IMAGE: 5", "model: {rpn: {nms_thresh: 0.5}}", "DATASETS: {TESTS: [mine]}"}) {
    EXPECT_THAT(refused(with_base(slip)), HasSubstr("does not exist in Detectron2")) << slip;
  }
  EXPECT_THAT(refused(with_base("MODEL.RPN.NMS_THRESH: 0.5")),
              HasSubstr("write each part as a key of its own"));
  EXPECT_NO_THROW(
      load_text(with_base("SOLVER: {WHATEVER: 1}\nMY_PROJECT: {A: 1}\nINPUT: {CROP: {ENABLED: true}}")));
  EXPECT_NO_THROW(load_text(with_base("MODEL:\n  RPN:\nSOLVER:\n")));  // Empty sections are none.
}

TEST(Config, OwnNetworksKeepTheirNumbers) {
  const auto config = load_text(with_base(R"(
MODEL:
  MASK_ON: True
  PIXEL_STD: (2, 3.5, 4)
  RESNETS: {DEPTH: 18, STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 8, NORM: naiveSyncBN}
  FPN: {OUT_CHANNELS: 16}
  ANCHOR_GENERATOR: {SIZES: [[16, 24]], ASPECT_RATIOS: [1.0], OFFSET: 0.5}
  RPN: {CONV_DIMS: [16], PRE_NMS_TOPK_TEST: 200}
  ROI_HEADS: {NUM_CLASSES: 5, SCORE_THRESH_TEST: 0, NMS_THRESH_TEST: 0.4}
  ROI_BOX_HEAD: {NUM_FC: 1, FC_DIM: 32, POOLER_SAMPLING_RATIO: 2, POOLER_TYPE: ROIAlign, CLS_AGNOSTIC_BBOX_REG: True}
  ROI_MASK_HEAD: {NUM_CONV: 2, CONV_DIM: 8, POOLER_RESOLUTION: 7, POOLER_TYPE: ROIAlign, CLS_AGNOSTIC_MASK: True}
INPUT: {FORMAT: RGB, MIN_SIZE_TEST: 0, MAX_SIZE_TEST: 100000}
TEST: {DETECTIONS_PER_IMAGE: 7}
)"));
  EXPECT_TRUE(config.mask_on);
  EXPECT_EQ(config.mask_head, (ModelConfig::MaskHead{2, 8, 7, 0, "ROIAlign", true}));
  EXPECT_THAT(config.input.pixel_std, ElementsAre(2, 3.5F, 4));
  EXPECT_EQ(config.resnet.stem_out_channels, 8);
  EXPECT_EQ(config.resnet.res2_out_channels, 8);
  EXPECT_EQ(config.resnet.norm, "SyncBN");
  EXPECT_EQ(config.fpn.out_channels, 16);
  EXPECT_EQ(config.anchors.sizes, std::vector<std::vector<float>>(5, {16, 24}));
  EXPECT_EQ(config.anchors.aspect_ratios, std::vector<std::vector<float>>(5, {1}));
  EXPECT_EQ(config.anchors.offset, 0.5F);
  EXPECT_EQ(config.rpn.pre_nms_topk, 200);
  EXPECT_EQ(config.box_head.num_classes, 5);
  EXPECT_EQ(config.box_head.score_threshold, 0);
  EXPECT_EQ(config.box_head.nms_threshold, 0.4F);
  EXPECT_EQ(config.box_head.num_fc, 1);
  EXPECT_EQ(config.box_head.fc_dim, 32);
  EXPECT_EQ(config.box_head.pooler_sampling_ratio, 2);
  EXPECT_EQ(config.box_head.pooler_type, "ROIAlign");
  EXPECT_TRUE(config.box_head.class_agnostic);
  EXPECT_EQ(config.box_head.max_detections, 7);
  EXPECT_EQ(config.input.format, "RGB");
  EXPECT_EQ(config.input.min_size, 0) << "Detectron2's \"do not resize\"";
  EXPECT_EQ(config.input.max_size, 100000);
}

// -1 is Detectron2's "all", sys.maxsize what stands for "no limit".
TEST(Config, NoLimitsAreAccepted) {
  const auto config =
      load_text(with_base("TEST: {DETECTIONS_PER_IMAGE: -1}\nINPUT: {MAX_SIZE_TEST: 9223372036854775807}\n"));
  EXPECT_EQ(config.box_head.max_detections, 100'000);
  EXPECT_EQ(config.input.max_size, std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(refused(with_base("TEST: {DETECTIONS_PER_IMAGE: 0}")), HasSubstr("1 to 100000"));
  EXPECT_THAT(refused(with_base("INPUT: {MAX_SIZE_TEST: -1}")), HasSubstr("0 or more"));
}

TEST(Config, ShallowResNetsNeedTheirWidth) {
  EXPECT_THAT(refused(with_base("MODEL: {RESNETS: {DEPTH: 34}}")), HasSubstr("64 with DEPTH 34"));
  EXPECT_EQ(load_text(with_base("MODEL: {RESNETS: {DEPTH: 34, RES2_OUT_CHANNELS: 64}}")).resnet.depth, 34);
  EXPECT_THAT(refused(with_base("MODEL: {RESNETS: {DEPTH: 18, RES2_OUT_CHANNELS: 64, NUM_GROUPS: 2}}")),
              HasSubstr("MODEL.RESNETS.NUM_GROUPS is 2"));
}

}  // namespace
}  // namespace rcnn::engine
