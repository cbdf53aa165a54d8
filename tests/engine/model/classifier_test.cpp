// SPDX-License-Identifier: MIT
#include "engine/model/classifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Body>
std::string refusal_of(Body&& body) {
  try {
    body();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

class ClassifierParameters : public ::testing::TestWithParam<const char*> {};

TEST_P(ClassifierParameters, AreTorchvisions) {
  const auto file = tests::shared_file(std::string("golden/shapes/") + GetParam() + ".json");
  RCNN_SKIP_WITHOUT(file);
  const auto expected = nlohmann::json::parse(std::ifstream(file)).get<std::map<std::string, Shape>>();
  std::map<std::string, Shape> ours;
  for (const auto& [name, tensor] : tests::random_classifier(GetParam(), 1000).tensors)
    ours[name] = tensor.shape;
  EXPECT_EQ(ours, expected);
}

INSTANTIATE_TEST_SUITE_P(Recorded, ClassifierParameters, ::testing::Values("resnet50", "efficientnet_b0"));

TEST(ClassifierConfig, CountsTheClassesAndNamesThem) {
  const auto imagenet = classifier_config("resnet18", tests::random_classifier("resnet18", 1000));
  ASSERT_EQ(imagenet.class_names.size(), 1000U);
  EXPECT_EQ(imagenet.class_names.front(), "tench");
  EXPECT_EQ(imagenet.class_names[207], "golden retriever");
  EXPECT_EQ(imagenet.class_names.back(), "toilet tissue");
  const auto few = tests::random_classifier("resnet18", 3);
  EXPECT_EQ(classifier_config("resnet18", few).class_names[2], "class 2");
  EXPECT_EQ(classifier_config("resnet18", few, {"a", "b", "c"}).class_names[1], "b");
  EXPECT_THAT(refusal_of([&] {
                classifier_config("resnet18", few, {"a", "b"});
              }),
              AllOf(HasSubstr("2 names"), HasSubstr("3 classes"), HasSubstr("--labels FILE")));
}

TEST(ClassifierConfig, RefusesUnknownArchitecturesAndOtherCheckpoints) {
  const auto checkpoint = tests::random_classifier("resnet18", 3);
  EXPECT_THAT(refusal_of([&] { classifier_config("vit_b_16", checkpoint); }),
              AllOf(HasSubstr("'vit_b_16'"), HasSubstr("efficientnet_b0, resnet18")));
  EXPECT_THAT(refusal_of([&] { classifier_config("efficientnet_b0", checkpoint); }),
              HasSubstr("classifier.1.weight"));
  const auto config = classifier_config("resnet34", checkpoint);
  EXPECT_THAT(refusal_of([&] { classifier_parameters(build_classifier(config), config, checkpoint); }),
              AllOf(HasSubstr("resnet34"), HasSubstr("layer1.2.bn1.running_var"), HasSubstr("missing")));
}

// As `compile --bind` may: the graph was made for another number.
TEST(ClassifierConfig, SaysThatACheckpointHasOtherClasses) {
  const auto config = classifier_config("resnet18", tests::random_classifier("resnet18", 5));
  const auto network = build_classifier(config);
  EXPECT_THAT(
      refusal_of([&] { classifier_parameters(network, config, tests::random_classifier("resnet18", 3)); }),
      AllOf(HasSubstr("has 3 classes, the graph 5: make the graph with --labels FILE of 3 names"),
            ::testing::Not(HasSubstr("name the architecture"))));
}

TEST(ClassifierConfig, IgnoresBatchCountersAndNothingElse) {
  auto checkpoint = tests::random_classifier("resnet18", 3);
  const auto config = classifier_config("resnet18", checkpoint);
  const auto network = build_classifier(config);
  checkpoint.tensors["bn1.num_batches_tracked"] = checkpoint.tensors.at("fc.bias");
  EXPECT_NO_THROW(classifier_parameters(network, config, checkpoint));
  checkpoint.tensors["fc2.bias"] = checkpoint.tensors.at("fc.bias");
  EXPECT_THAT(refusal_of([&] { classifier_parameters(network, config, checkpoint); }), HasSubstr("fc2.bias"));
}

TEST(ClassifierConfig, SurvivesJsonAndRefusesDamage) {
  const auto config = classifier_config("resnet18", tests::random_classifier("resnet18", 3));
  nlohmann::json json = config;
  auto labelled = config;
  labelled.labelled = true;
  EXPECT_EQ(nlohmann::json(labelled).get<ClassifierConfig>(), labelled);
  EXPECT_EQ(json.get<ClassifierConfig>(), config);
  auto flat = json;
  flat["pixel_std"] = {1, 0, 1};
  EXPECT_THROW(flat.get<ClassifierConfig>(), ModelError);
  json["arch"] = "resnet19";
  EXPECT_THROW(json.get<ClassifierConfig>(), ModelError);
  json.erase("arch");
  EXPECT_THROW(json.get<ClassifierConfig>(), ModelError);
}

}  // namespace
}  // namespace rcnn::engine
