// SPDX-License-Identifier: MIT
#include "engine/model/labels_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/errors.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LabelsFile : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  template <typename Exception>
  std::string refusal(const std::filesystem::path& path) const {
    try {
      read_labels(path);
    } catch (const Exception& error) {
      return error.what();
    }
    return "taken";
  }
  const tests::TempFolder folder_;
};

ModelConfig coco_like() {
  ModelConfig config;
  config.box_head.num_classes = 2;
  config.class_names = {"person", "traffic light"};
  config.category_ids = {1, 10};
  return config;
}

TEST_F(LabelsFile, LinesAreNamesAlone) {
  const auto labels = read_labels(file("names.txt", "red cell\r\n\nwhite cell\nplatelet"));
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[0].name, "red cell");
  EXPECT_EQ(labels[2].name, "platelet");
  EXPECT_FALSE(labels[2].id);
}

// COCO's in another language are COCO's still: results would be scored as if nothing had been found.
TEST_F(LabelsFile, NamesWithoutIdsLeaveTheDataSets) {
  auto config = coco_like();
  const auto path = file("names.txt", "Mensch\nAmpel\n");
  name_classes(read_labels(path), path, config);
  EXPECT_THAT(config.class_names, ElementsAre("Mensch", "Ampel"));
  EXPECT_THAT(config.category_ids, ElementsAre(1, 10));
}

TEST_F(LabelsFile, YamlHasIdsOfItsOwn) {
  auto config = coco_like();
  const auto path = file("names.yaml", "classes:\n  - [3, car]\n  - [10, 'traffic light']\n");
  name_classes(read_labels(path), path, config);
  EXPECT_THAT(config.category_ids, ElementsAre(3, 10));
  EXPECT_THAT(config.class_names, ElementsAre("car", "traffic light"));
}

TEST_F(LabelsFile, YamlsNamesMayBeInQuotes) {
  const auto labels = read_labels(
      file("names.yaml", "classes: [[1, \"0\"], [2, 'None'], [3, \"('a', 'b')\"], [4, None], [5, 'no']]"));
  std::vector<std::string> names;
  for (const auto& label : labels) names.push_back(label.name);
  EXPECT_THAT(names, ElementsAre("0", "None", "('a', 'b')", "None", "no"));
}

TEST_F(LabelsFile, IdsThatAreNoneAreRefused) {
  for (const char* id : {"4294967297", "2147483648", "-2147483649", "99999999999999999999", "1.5", "'1'"}) {
    const auto text = "classes: [[" + std::string(id) + ", person]]";
    EXPECT_THAT(refusal<ModelError>(file("ids.yaml", text)), HasSubstr("up to 2147483647")) << id;
  }
  EXPECT_EQ(read_labels(file("ids.yaml", "classes: [[2147483647, person]]")).front().id, 2147483647);
}

TEST_F(LabelsFile, ImagenetsClassIndexHasSynsets) {
  nlohmann::json index;
  for (int i = 0; i < 11; ++i)
    index[std::to_string(i)] = {"n0" + std::to_string(i), "kind " + std::to_string(i)};
  const auto labels = read_labels(file("imagenet_class_index.json", index.dump()));
  ASSERT_EQ(labels.size(), 11U);
  EXPECT_EQ(labels[2].name, "kind 2");  // Keys are sorted as text: "10" comes before "2"
  EXPECT_EQ(labels[10].synset, "n010");
  index.erase("3");
  EXPECT_THAT(refusal<ModelError>(file("gap.json", index.dump())), HasSubstr("\"3\""));
  EXPECT_THAT(refusal<ModelError>(file("kind.json", R"({"0": "tench"})")), HasSubstr("\"0\""));
  EXPECT_THAT(refusal<ModelError>(file("broken.json", "{")), HasSubstr("no JSON object"));
}

TEST_F(LabelsFile, ByteOrderMarksAreNoPartOfAName) {
  EXPECT_EQ(read_labels(file("names.txt",
                             "\xef\xbb\xbfhuman\nk\xc3\xa4"
                             "fer\n"))
                .front()
                .name,
            "human");
  EXPECT_EQ(read_labels(file("names.yaml",
                             "\xef\xbb\xbf"
                             "classes: [[1, car]]\n"))
                .front()
                .id,
            1);
}

TEST_F(LabelsFile, WhatIsNoTextIsRefusedByItsLine) {
  using namespace std::string_literals;
  for (const auto& text : {"one\nK\xe4"
                           "fer\n"s,
                           "one\ntw\0o\n"s, "one\n\xc3"s, "one\n\xc0\x80\n"s, "one\n\xed\xa0\x80"s}) {
    EXPECT_THAT(refusal<ModelError>(file("names.txt", text)),
                AllOf(HasSubstr("names.txt"), HasSubstr("line 2")));
  }
  EXPECT_THAT(refusal<ModelError>(file("names.yaml",
                                       "classes: [[1, K\xe4"
                                       "fer]]")),
              HasSubstr("line 1"));
  EXPECT_THAT(refusal<ModelError>(file("names.json", R"({"0": ["n0", "te\u0000nch"]})")), HasSubstr("NUL"));
}

TEST_F(LabelsFile, NeitherPipesNorDevicesNorHeapsAreRead) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(refusal<SettingError>(folder_ / "pipe"), HasSubstr("Cannot read the labels"));
  EXPECT_THAT(refusal<SettingError>("/dev/zero"), HasSubstr("Cannot read the labels"));
  std::filesystem::resize_file(file("heap.txt", "x"), 17 << 20);
  EXPECT_THAT(refusal<SettingError>(folder_ / "heap.txt"), HasSubstr("16 MiB"));
}

TEST_F(LabelsFile, OneNameAClassIsNeeded) {
  ModelConfig config;
  config.box_head.num_classes = 3;
  const auto path = file("names.txt", "one\ntwo\n");
  try {
    name_classes(read_labels(path), path, config);
    FAIL() << "taken";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(path.string()), HasSubstr("name 2 classes"), HasSubstr("has 3")));
  }
}

TEST_F(LabelsFile, WhatIsNoSuchFileIsRefused) {
  EXPECT_THAT(refusal<SettingError>(folder_ / "none.txt"), HasSubstr("Cannot read the labels"));
  EXPECT_THAT(refusal<SettingError>(folder_ / "."), HasSubstr("Cannot read the labels"));
  for (const char* text :
       {"a: 1", "- 1", "classes: 3", "classes: [[1]]", "classes: [[one, person]]", "classes: [[1, 2]]"}) {
    EXPECT_THAT(refusal<ModelError>(file("bad.yaml", text)), HasSubstr("classes: [[ID, NAME], ...]")) << text;
  }
}

}  // namespace
}  // namespace rcnn::engine
