// SPDX-License-Identifier: MIT
#include "engine/model/checkpoint_class_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/engine/model/zip_archive.hpp"
#include "tests/support/files.hpp"
#include "tests/support/pickled_proposals.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace tests::pickled;

std::vector<std::string> names(const std::string& bytes) {
  const tests::TempFile file(bytes);
  return checkpoint_class_names(file.path());
}

std::string refusal(const std::string& bytes) {
  return tests::refusal([&] { names(bytes); });
}

std::string safetensors(const nlohmann::json& metadata) {
  return tests::safetensors(nlohmann::json{{"__metadata__", metadata}}.dump(), "");
}

TEST(CheckpointClassNames, AreAJsonListInSafetensorsMetadata) {
  EXPECT_THAT(names(safetensors({{"format", "pt"}, {"class_names", R"(["car", "stop sign"])"}})),
              ElementsAre("car", "stop sign"));
  EXPECT_THAT(names(safetensors({{"thing_classes", R"(["Fußgänger"])"}})), ElementsAre("Fußgänger"));
  EXPECT_THAT(names(safetensors({{"format", "pt"}})), IsEmpty());
  EXPECT_THAT(names(safetensors({{"class_names", "null"}})), IsEmpty());
}

TEST(CheckpointClassNames, AreAListBesideThePickledModel) {
  const auto model = dictionary({{"a", array({1}, number(1))}});
  const auto with = [&](const std::string& key, const std::string& value) {
    return dictionary({{"model", list(number(1))}, {key, value}});
  };
  EXPECT_THAT(names(with("class_names", list(text("car") + text("lorry")))), ElementsAre("car", "lorry"));
  EXPECT_THAT(names(with("thing_classes", list(text("car")))), ElementsAre("car"));
  EXPECT_THAT(names(with("trainer", list(text("car")))), IsEmpty());
  EXPECT_THAT(names(model), IsEmpty());
  EXPECT_THAT(names(with("class_names", "N")), IsEmpty()) << "None";
  EXPECT_THAT(names(tests::zip_of({{"w/data.pkl", with("class_names", list(text("car")))}})),
              ElementsAre("car"));
}

TEST(CheckpointClassNames, ThatAreNoNamesAreRefused) {
  for (const char* value : {"car, lorry", R"({"0": "car"})", "[1, 2]"}) {
    EXPECT_THAT(refusal(safetensors({{"class_names", value}})),
                AllOf(HasSubstr(": its 'class_names' is no list of names"), HasSubstr("--labels FILE")))
        << value;
  }
  EXPECT_THAT(refusal(dictionary({{"class_names", list(number(1))}})), HasSubstr("no list of names"));
  EXPECT_THAT(refusal(dictionary({{"thing_classes", number(1)}})), HasSubstr("'thing_classes'"));
  EXPECT_THAT(refusal("no checkpoint"), HasSubstr("is no checkpoint"));
}

TEST(CheckpointClassNames, LeaveTheDataSetsIds) {
  ModelConfig config;
  config.box_head.num_classes = 2;
  config.class_names = {"person", "traffic light"};
  config.category_ids = {1, 10};
  name_classes_by_checkpoint({"human", "traffic light"}, "w.pth", config);
  EXPECT_THAT(config.class_names, ElementsAre("human", "traffic light"));
  EXPECT_THAT(config.category_ids, ElementsAre(1, 10));
  EXPECT_THAT(tests::refusal([&] { name_classes_by_checkpoint({"human"}, "w.pth", config); }),
              AllOf(HasSubstr("w.pth: it names 1 classes, the config has 2"), HasSubstr("--labels FILE")));
  name_classes_by_checkpoint({}, "w.pth", config);
  EXPECT_THAT(config.class_names, ElementsAre("human", "traffic light"));
}

TEST(CheckpointClassNames, NameAClassifiersClasses) {
  ClassifierConfig config;
  config.class_names = {"class 0", "class 1"};
  name_classes_by_checkpoint({"bolt", "nut"}, "w.pth", config);
  EXPECT_THAT(config.class_names, ElementsAre("bolt", "nut"));
  EXPECT_THAT(tests::refusal([&] { name_classes_by_checkpoint({"bolt"}, "w.pth", config); }),
              AllOf(HasSubstr("w.pth: it names 1 classes, the classifier has 2"), HasSubstr("for --bind")));
}

}  // namespace
}  // namespace rcnn::engine
