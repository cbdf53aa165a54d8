// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "engine/model/checkpoint_formats.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::refusal_of_bytes;

constexpr const char* kScalar =
    "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f4'\ntRS'\\x00\\x00\\x80?'\ntR";

std::string pickle_of(const std::string& items) { return "(" + items + "d."; }
std::string text(const std::string& value) { return "S'" + value + "'\n"; }

NamedTensors read(const std::string& bytes) {
  return parse_checkpoint(tests::bytes_of(bytes), "x.pkl").tensors;
}

TEST(StateDict, ModelIsTakenAndWhatLiesBesideItIsNot) {
  const auto tensors =
      read(pickle_of(text("model") + "(" + text("w") + kScalar + text("n") + "I3\n" + "d" +
                     text("optimizer") + "(" + text("state") + "]d" + text("iteration") + "I9\n"));
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(*tensors.at("w").values, std::vector<float>{1});
  EXPECT_EQ(*tensors.at("n").values, std::vector<float>{3});
}

TEST(StateDict, WithoutModelTheFileIsTheStateDict) {
  const auto tensors =
      read(pickle_of(text("w") + kScalar + text("iteration") + "I9\n" + text("__author__") + text("me")));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_TRUE(tensors.contains("w"));
}

// As PyTorch's ImageNet example, timm and Lightning save them.
TEST(StateDict, StateDictIsTakenAsModelIs) {
  const auto weights = "(" + text("module.w") + kScalar + "d";
  const auto tensors =
      read(pickle_of(text("epoch") + "I90\n" + text("arch") + text("resnet50") + text("state_dict") +
                     weights + text("optimizer") + "(" + text("state") + "]d"));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(*tensors.at("w").values, std::vector<float>{1});
  EXPECT_TRUE(read(pickle_of(text("model") + text("resnet50") + text("state_dict") + weights)).contains("w"))
      << "'model' is its name here";
  EXPECT_TRUE(read(pickle_of(text("model") + "(" + text("a") + kScalar + "d" + text("state_dict") + weights))
                  .contains("a"))
      << "Detectron2's key goes before";
}

// As PyTorch's tutorials save it, and averaged weights where there are no others.
TEST(StateDict, OtherKeysOfModels) {
  const auto weights = "(" + text("w") + kScalar + "d";
  for (const char* key : {"model_state_dict", "model_ema", "state_dict_ema", "ema_state_dict", "ema"}) {
    EXPECT_TRUE(read(pickle_of(text("epoch") + "I90\n" + text(key) + weights)).contains("w")) << key;
  }
  EXPECT_TRUE(read(pickle_of(text("model") + text("resnet50") + text("model_ema") + weights)).contains("w"))
      << "'model' is its name here";
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("model_ema") + weights + text("teacher_ema") + weights)),
              AllOf(HasSubstr("'model_ema', 'teacher_ema': save the one"), HasSubstr("['model_ema']")));
}

// torchvision's references average with torch.optim.swa_utils.AveragedModel.
TEST(StateDict, AveragedModelsCountIsNoParameter) {
  const auto tensors = read(
      pickle_of(text("model_ema") + "(" + text("n_averaged") + kScalar + text("module.w") + kScalar + "d"));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_TRUE(tensors.contains("w"));
}

TEST(StateDict, AveragedWeightsBesideTheOthersAreWarnedAboutOnce) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  const auto tensors = read(pickle_of(text("model_ema") + "(" + text("averaged") + kScalar + "d" +
                                      text("model") + "(" + text("plain") + kScalar + "d"));
  spdlog::set_default_logger(before);
  EXPECT_TRUE(tensors.contains("plain"));
  EXPECT_THAT(log.str(), AllOf(HasSubstr("x.pkl: the weights under 'model' are taken"),
                               HasSubstr("pickle.load(open(FILE, 'rb'))['model_ema']")));
  EXPECT_EQ(log.str().find("EMA"), log.str().rfind("EMA"));
}

TEST(StateDict, DistributedPrefixIsStrippedOnlyWhereAllHaveIt) {
  EXPECT_TRUE(read(pickle_of(text("module.a") + kScalar + text("module.b") + kScalar)).contains("a"));
  EXPECT_TRUE(read(pickle_of(text("module.a") + kScalar + text("b") + kScalar)).contains("module.a"));
}

TEST(StateDict, Caffe2FilesAreRefusedAsWhatTheyAre) {
  const auto imagenet =
      refusal_of_bytes(pickle_of(text("conv1_w") + kScalar + text("res2_0_branch2a_w") + kScalar));
  EXPECT_THAT(imagenet, AllOf(HasSubstr("Caffe2"), HasSubstr("backbone"), HasSubstr("model_final")));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("blobs") + "(" + text("conv1_b") + kScalar + "d")),
              HasSubstr("Caffe2"));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("model") + "(" + text("res4_5_branch2a_bn_s") + kScalar + "d")),
              HasSubstr("res4_5_branch2a_bn_s"));
}

TEST(StateDict, ForeignDictionariesNameTheirKeys) {
  EXPECT_THAT(
      refusal_of_bytes(pickle_of(text("weights") + "}" + text("epoch") + "I1\n")),
      AllOf(HasSubstr("holds no state dict"), HasSubstr("'model', 'state_dict' or 'model_state_dict'"),
            HasSubstr("'epoch', 'weights': save"), HasSubstr("['KEY'], NEW_FILE)")));
  EXPECT_THAT(
      refusal_of_bytes(pickle_of(text("net") + "(" + text("w") + kScalar + "d" + text("best") + kScalar)),
      HasSubstr("'best', 'net': save the one that holds the parameters alone, such as pickle.dump("
                "pickle.load(open(FILE, 'rb'))['net'], open(NEW_FILE, 'wb'))"));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("state_dict") + "}" + text("epoch") + "I1\n")),
              HasSubstr("'state_dict' names no parameters"));
  EXPECT_THAT(refusal_of_bytes("]."), HasSubstr("holds no dictionary"));
  EXPECT_THAT(refusal_of_bytes("}."), HasSubstr("no named entries"));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("model") + "]")), HasSubstr("'model' is no dictionary"));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("model") + "}")), HasSubstr("names no parameters"));
  EXPECT_THAT(refusal_of_bytes(pickle_of(text("model") + "(" + text("w") + "]d")),
              HasSubstr("'w' is neither"));
}

TEST(StateDict, KeysThatAreNoTextAreNoParameters) {
  const auto tensors = read(pickle_of(text("model") + "(I1\n" + kScalar + "]" + kScalar + "(I1\ntI2\n" +
                                      text("w") + kScalar + "d"));
  EXPECT_EQ(tensors.size(), 1U);
}

TEST(StateDict, DictionaryInItselfIsNoParameter) {
  EXPECT_THAT(refusal_of_bytes("(dp1\n" + text("model") + "g1\ns."), HasSubstr("neither an array"));
}

}  // namespace
}  // namespace rcnn::engine
