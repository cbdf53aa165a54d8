// SPDX-License-Identifier: MIT
#include "engine/model/timm_names.hpp"

#include <gtest/gtest.h>

#include "engine/model/classifier.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::engine {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The other way round, written down block by block: timm's name of a torchvision EfficientNet-B0's
/// parameter.
std::string timm_name(const std::string& name) {
  if (name.starts_with("classifier.1.")) return replaced(name, "classifier.1", "classifier");
  const auto stage = name.at(9) - '0';  // "features.N..."
  const auto rest = name.substr(11);
  if (stage == 0) return rest.starts_with("0.") ? "conv_stem." + rest.substr(2) : "bn1." + rest.substr(2);
  if (stage == 8) return rest.starts_with("0.") ? "conv_head." + rest.substr(2) : "bn2." + rest.substr(2);
  auto inside = rest.substr(2 + 6);  // "J.block."
  const bool first = stage == 1;
  const std::string widen = "0", depthwise = first ? "0" : "1", squeeze = first ? "1" : "2",
                    narrow = first ? "2" : "3";
  if (inside.starts_with(squeeze + ".fc1")) {
    inside = replaced(inside, squeeze + ".fc1", "se.conv_reduce");
  } else if (inside.starts_with(squeeze + ".fc2")) {
    inside = replaced(inside, squeeze + ".fc2", "se.conv_expand");
  } else if (inside.starts_with(depthwise + ".0")) {
    inside = replaced(inside, depthwise + ".0", "conv_dw");
  } else if (inside.starts_with(depthwise + ".1")) {
    inside = replaced(inside, depthwise + ".1", first ? "bn1" : "bn2");
  } else if (inside.starts_with(narrow + ".0")) {
    inside = replaced(inside, narrow + ".0", first ? "conv_pw" : "conv_pwl");
  } else if (inside.starts_with(narrow + ".1")) {
    inside = replaced(inside, narrow + ".1", first ? "bn2" : "bn3");
  } else if (inside.starts_with(widen + ".0")) {
    inside = replaced(inside, widen + ".0", "conv_pw");
  } else {
    inside = replaced(inside, widen + ".1", "bn1");
  }
  return "blocks." + std::to_string(stage - 1) + "." + rest.substr(0, 1) + "." + inside;
}

TEST(TimmNames, AnEfficientNetOfTimmIsOneOfTorchvision) {
  const auto ours = tests::random_classifier("efficientnet_b0", 5);
  Checkpoint timm{ours.file, ours.format, {}};
  for (const auto& [name, tensor] : ours.tensors) timm.tensors.emplace(timm_name(name), tensor);
  ASSERT_EQ(timm.tensors.size(), ours.tensors.size()) << "no two of one name";
  for (const char* name :
       {"conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.0.0.se.conv_reduce.bias",
        "blocks.2.1.conv_pwl.weight", "blocks.6.0.bn3.running_var", "conv_head.weight", "classifier.bias"}) {
    EXPECT_TRUE(timm.tensors.contains(name)) << name;
  }

  const auto renamed = with_torchvision_names(timm);
  ASSERT_EQ(renamed.tensors.size(), ours.tensors.size());
  for (const auto& [name, tensor] : ours.tensors) {
    ASSERT_TRUE(renamed.tensors.contains(name)) << name;
    EXPECT_EQ(renamed.tensors.at(name).values, tensor.values) << name;
  }
  const auto config = classifier_config("efficientnet_b0", timm);
  EXPECT_EQ(config.class_names.size(), 5U);
  EXPECT_EQ(classifier_parameters(build_classifier(config), config, timm).size(), ours.tensors.size());
}

TEST(TimmNames, OtherNamesStay) {
  const auto resnet = tests::random_classifier("resnet18", 5);
  EXPECT_EQ(with_torchvision_names(resnet).tensors.size(), resnet.tensors.size());
  EXPECT_TRUE(with_torchvision_names(resnet).tensors.contains("layer1.0.bn1.weight"));
  Checkpoint odd;
  const auto& any = resnet.tensors.begin()->second;
  for (const char* name :
       {"conv_stem.weight", "blocks.7.0.conv_dw.weight", "blocks.1.0.attention.weight", "bn3.bias"})
    odd.tensors.emplace(name, any);
  const auto renamed = with_torchvision_names(odd).tensors;
  EXPECT_TRUE(renamed.contains("blocks.7.0.conv_dw.weight"));
  EXPECT_TRUE(renamed.contains("features.2.0.attention.weight"));
  EXPECT_TRUE(renamed.contains("bn3.bias"));
}

}  // namespace
}  // namespace rcnn::engine
