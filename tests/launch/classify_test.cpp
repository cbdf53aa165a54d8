// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/commands.hpp"
#include "tests/launch/tiny_files.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string model() { return "-m " + tests::tiny_classifier().string() + " "; }

class Classify : public ::testing::Test {
 protected:
  void SetUp() override {
    cv::imwrite((folder_ / "a.png").string(), cv::Mat(90, 120, CV_8UC3, cv::Scalar(30, 90, 200)));
    cv::imwrite((folder_ / "b.png").string(), cv::Mat(70, 66, CV_8UC3, cv::Scalar(200, 90, 30)));
  }
  std::string images() const { return (folder_ / "*.png").string(); }

  TempFolder folder_;
};

TEST_F(Classify, WritesTheBestClassesOfEachImage) {
  const auto outcome = run_neuron_rcnn("classify " + model() + "--top 3 --json " +
                                       (folder_ / "o.json").string() + " '" + images() + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "2 images, results: " + (folder_ / "o.json").string() + "\n");
  const auto result = json::parse(read_text(folder_ / "o.json")).at("images");
  ASSERT_EQ(result.size(), 2U);
  EXPECT_EQ(result[0].at("file"), "a.png");
  EXPECT_EQ(result[1].at("file"), "b.png");
  for (const auto& image : result) {
    const auto& top = image.at("top");
    ASSERT_EQ(top.size(), 3U);
    EXPECT_EQ(top[0].at("label"), "class " + std::to_string(top[0].at("class").get<int>()));
    EXPECT_GE(top[0].at("score"), top[1].at("score"));
    EXPECT_GT(top[2].at("score").get<double>(), 0);
  }
  EXPECT_NE(result[0].at("top"), result[1].at("top"));
}

TEST_F(Classify, LabelsOfAFileBringTheirSynsets) {
  json index;
  for (int i = 0; i < 7; ++i) {
    const auto number = std::to_string(i);
    index[number] = {"n0" + number, "kind " + number};
  }
  write_text(folder_ / "index.json", index.dump());
  const auto with = "classify --top 1 --json - --labels " + (folder_ / "index.json").string() + " " + model();
  const auto outcome = run_neuron_rcnn(with + (folder_ / "a.png").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto best = json::parse(outcome.out).at("images")[0].at("top")[0];
  const auto number = std::to_string(best.at("class").get<int>());
  EXPECT_EQ(best.at("label"), "kind " + number);
  EXPECT_EQ(best.at("synset"), "n0" + number);
  index.erase("6");
  write_text(folder_ / "index.json", index.dump());
  const auto fewer = run_neuron_rcnn(with + (folder_ / "a.png").string());
  EXPECT_EQ(fewer.code, 2);
  EXPECT_THAT(fewer.err, AllOf(HasSubstr("6 labels"), HasSubstr("7 classes")));
}

TEST_F(Classify, PrintsTablesWithoutJson) {
  const auto outcome = run_neuron_rcnn("classify " + model() + (folder_ / "a.png").string());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("a.png"), HasSubstr("class "), HasSubstr("%")));
}

TEST_F(Classify, OutputHasCopiesWithTitles) {
  const auto large = make_picture(400, 300);
  cv::imwrite((folder_ / "c.png").string(), large);
  const auto outcome = run_neuron_rcnn("classify " + model() + "--output " + (folder_ / "out").string() +
                                       " '" + images() + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(lines_of(outcome.out), ::testing::ElementsAre(HasSubstr("3 images, annotated: ")));
  const auto copy = cv::imread((folder_ / "out/c.png").string());
  ASSERT_EQ(copy.size(), large.size());
  const auto differs = [&](const cv::Rect& part) {
    return cv::norm(copy(part), large(part), cv::NORM_INF) > 0;
  };
  EXPECT_TRUE(differs({0, 0, 40, 10}));
  EXPECT_FALSE(differs({0, 150, 400, 150})) << "five short lines end above the middle";
  const auto small = cv::imread((folder_ / "out/b.png").string());  // 66x70, too small to be written on
  EXPECT_EQ(small.size(), cv::Size(264, 280));
  EXPECT_EQ(small.at<cv::Vec3b>(279, 263), cv::Vec3b(200, 90, 30));
}

TEST_F(Classify, CopyThatCannotBeWrittenCostsNoResult) {
  write_text(folder_ / "out", "no folder");
  const auto outcome = run_neuron_rcnn("classify --json - " + model() + "--output " +
                                       (folder_ / "out/").string() + " '" + images() + "'");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ::testing::ElementsAre(HasSubstr("'a.png'"), HasSubstr("'b.png'")));
  EXPECT_EQ(json::parse(outcome.out).at("images").size(), 2U);
}

TEST_F(Classify, OutputLeavesInputsAlone) {
  const auto outcome =
      run_neuron_rcnn("classify " + model() + "--output " + folder_.path().string() + " '" + images() + "'");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("would overwrite the input"));
}

TEST_F(Classify, AnUnreadableImageTakesNoOtherWithIt) {
  write_text(folder_ / "ab.png", "not an image");
  const auto outcome = run_neuron_rcnn("classify --batch 3 --json - " + model() + "'" + images() + "'");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("ab.png"));
  EXPECT_EQ(json::parse(outcome.out).at("images").size(), 2U);
}

// Every second execution fails: that of the first batch, then that of its second image by itself.
TEST_F(Classify, WhatIsNotThereAndWhatIsNoImageAreToldApart) {
  write_text(folder_ / "note.txt", "not an image");
  const auto outcome = run_neuron_rcnn("classify " + model() + (folder_ / "nosuch").string() + " " +
                                       (folder_ / "note.txt").string());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err),
              ::testing::ElementsAre(HasSubstr("nosuch': there is no such file"),
                                     HasSubstr("note.txt' is not an image; accepted are")));
}

TEST_F(Classify, ResultsThatAreThereStayWhereNoImageCanBeRead) {
  const auto kept = (folder_ / "keep.json").string();
  write_text(kept, "earlier results");
  EXPECT_EQ(
      run_neuron_rcnn("classify " + model() + "--json " + kept + " '" + folder_.path().string() + "/*.jpg'")
          .code,
      1);
  EXPECT_EQ(read_text(kept), "earlier results");
}

TEST_F(Classify, FailingCoreCostsOnlyTheImageThatWasOnIt) {
  for (const char* name : {"c.png", "d.png", "e.png", "f.png"}) {
    fs::copy_file(folder_ / "a.png", folder_ / name);
  }
  const auto outcome = run_neuron_rcnn("classify --batch 2 --json - " + model() + "'" + images() + "'",
                                       "NEURON_RT_NUM_CORES=1 NEURON_EMU_FAULT=0:fail:2");
  EXPECT_EQ(outcome.code, 1);
  std::size_t failed = 0;
  for (const auto& line : lines_of(outcome.err)) {
    failed += line.starts_with("neuron-rcnn: No result for '") ? 1 : 0;
  }
  EXPECT_GE(failed, 1U) << outcome.err;
  const auto found = json::parse(outcome.out).at("images").size();
  EXPECT_GE(found, 3U) << outcome.err;
  EXPECT_EQ(found + failed, 6U) << outcome.err;
}

TEST_F(Classify, DamagedImageIsNamedInAWarning) {
  write_text(folder_ / "a.jpg", damaged_jpeg());
  const auto outcome = run_neuron_rcnn("classify --json - " + model() + (folder_ / "a.jpg").string());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines_of(outcome.err),
              ::testing::ElementsAre(AllOf(HasSubstr("warning: '"), HasSubstr("a.jpg' may be damaged: "))));
}

TEST_F(Classify, DetectorsAndClassifiersAreToldApart) {
  const auto image = (folder_ / "a.png").string();
  auto outcome = run_neuron_rcnn("classify -m " + tests::tiny_model().string() + " " + image);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("holds the detector"), HasSubstr("neuron-rcnn detect")));
  outcome = run_neuron_rcnn("detect " + model() + image);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("holds the classifier resnet18"), HasSubstr("neuron-rcnn classify")));
  outcome = run_neuron_rcnn("inspect " + model());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("classifier, 7 classes"), HasSubstr("centre-crop:72:64")));
}

TEST_F(Classify, CompilesWhatNamesItsArchitecture) {
  write_tiny_checkpoint(folder_ / "tiny.safetensors");
  const auto weights =
      " --weights " + (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / "m.rcnn").string();
  auto outcome = run_neuron_rcnn("compile --arch resnet50" + weights);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("is no resnet50"), HasSubstr("fc.weight")));
  outcome = run_neuron_rcnn("compile" + weights);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--config"), HasSubstr("--arch")));
}

}  // namespace
}  // namespace rcnn::launch
