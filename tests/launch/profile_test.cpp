// SPDX-License-Identifier: MIT
// `neuron-rcnn profile`: what is added up and said, not how fast this machine is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "launch/image_file.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Outcome profile(const std::filesystem::path& model, const std::string& arguments) {
  return run_neuron_rcnn(
      "profile -m " + model.string() + " --size 96x64 --frames 4 --warm-ups 1 " + arguments,
      "NEURON_RT_NUM_CORES=2");
}

json profiled(const std::filesystem::path& model, const std::string& arguments = "") {
  const auto outcome = profile(model, "--json - " + arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.code == 0 ? json::parse(outcome.out) : json();
}

std::set<std::string> values_of(const json& lines, const char* key) {
  std::set<std::string> values;
  for (const auto& line : lines) values.insert(line.at(key).get<std::string>());
  return values;
}

TEST(Profile, OperatorsOfProgramsAndHostAddUpToTheWhole) {
  const auto model = profiled(tests::tiny_model()).at("models").at(0);
  EXPECT_EQ(model.at("partition"), "fused+box-head");
  EXPECT_EQ(model.at("cores"), 2);
  EXPECT_GT(model.at("ms_per_frame"), 0);
  const auto& operators = model.at("operators");
  double share = 0, last = 1e300;
  for (const auto& line : operators) {
    share += line.at("share").get<double>();
    EXPECT_LE(line.at("total_ms"), last) << "longest first";
    last = line.at("total_ms");
    EXPECT_EQ(line.at("calls").get<int>() % 4, 0) << line;
  }
  EXPECT_NEAR(share, 1, 1e-9);
  const auto names = values_of(operators, "name");
  for (const char* name : {"backbone.bottom_up.stem.conv1", "roi_heads.box_head.fc1", "roi-align",
                           "cpu-rpn-proposals", "preprocess-resize-800", "postprocess-overlay"}) {
    EXPECT_THAT(names, Contains(name));
  }
  EXPECT_THAT(values_of(operators, "where"), Contains("host"));
  EXPECT_THAT(values_of(operators, "operator"), Contains("RoIAlign"));
}

TEST(Profile, StagesAreThoseOfTheModel) {
  const auto parts = [](const tests::TinyModelOptions& options) {
    return values_of(profiled(tests::tiny_model(options)).at("models").at(0).at("stages"), "part");
  };
  EXPECT_THAT(parts({}), ::testing::ElementsAre("RoIAlign", "backbone and RPN", "box head", "detections",
                                                "proposals", "resize"));
  EXPECT_THAT(parts({.masks = true}), ::testing::IsSupersetOf({"detail head", "details"}));
}

TEST(Profile, SeveralPartitionsAreComparedWithTheFirst) {
  const auto host = tests::tiny_model({.partition = "host"});
  const auto outcome = profile(host, "-m " + tests::tiny_model().string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("gain"));
  EXPECT_THAT(outcome.out, HasSubstr("fused+box-head"));
  const auto models = profiled(host, "-m " + tests::tiny_model().string()).at("models");
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].at("share_on_cores"), 0);  // Shares of time: of others a busy machine decides
  EXPECT_GT(models[1].at("share_on_cores"), 0);
  EXPECT_THAT(profile(tests::tiny_model(), "").out, Not(HasSubstr("gain")));
}

TEST(Profile, TimelineHasRowsPerCoreAndStage) {
  const TempFolder folder;
  const auto file = folder / "trace.json";
  const auto outcome = profile(tests::tiny_model(), "--trace " + file.string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(file.string()));
  const auto trace = json::parse(read_text(file));
  std::set<std::string> rows, frames;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.at("name") == "thread_name") rows.insert(event.at("args").at("name"));
    if (event.value("cat", "") == "stage" && event.at("name") == "RoIAlign") {
      frames.insert(event.at("args").at("frame").dump());
    }
  }
  for (const char* row : {"NeuronCore 0", "NeuronCore 1", "preprocess-resize-800", "neuron-backbone-rpn",
                          "cpu-rpn-proposals", "roi-align", "neuron-box-head", "postprocess-overlay"}) {
    EXPECT_THAT(rows, Contains(row));
  }
  EXPECT_EQ(frames.size(), 4U) << "warm-ups are left out";
}

TEST(Profile, ClassifiersAreProfiledToo) {
  const auto model = profiled(tests::tiny_classifier()).at("models").at(0);
  EXPECT_FALSE(model.contains("partition"));
  EXPECT_FALSE(model.at("operators").empty());
  EXPECT_TRUE(model.at("stages").empty());
}

TEST(Profile, APictureCanBeGiven) {
  const TempFolder folder;
  write_image(make_picture(80, 60), folder / "picture.png");
  const auto outcome = run_neuron_rcnn("profile -m " + tests::tiny_model().string() +
                                       " --frames 2 --top 3 --image " + (folder / "picture.png").string());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("--top 0 shows all"));
}

TEST(Profile, WrongUseIsNamed) {
  EXPECT_THAT(profile(tests::tiny_model({.load_proposals = true}), "").err, HasSubstr("Fast R-CNN"));
  EXPECT_EQ(profile(tests::tiny_model(), "--frames 0").code, 2);
  EXPECT_EQ(profile("missing.rcnn", "").code, 1);
  EXPECT_EQ(run_neuron_rcnn("profile").code, 2);
  EXPECT_THAT(run_neuron_rcnn("profile -m " + tests::tiny_model().string() + " --image none.png").err,
              HasSubstr("none.png"));
}

}  // namespace
}  // namespace rcnn::launch
