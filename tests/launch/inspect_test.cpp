// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/commands.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Inspect, ShowsProgramsInputAndClasses) {
  const auto outcome = run_neuron_rcnn("inspect " + tests::tiny_model().string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text :
       {"stretch:160x128", "backbone-rpn", "box-head", "class 2", "score threshold", "checksums"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST(Inspect, CountsClasses) {
  EXPECT_THAT(run_neuron_rcnn("inspect " + tests::tiny_model({.num_classes = 1}).string()).out,
              HasSubstr("FPN 16, 1 class\n"));
  EXPECT_THAT(run_neuron_rcnn("inspect " + tests::tiny_model().string()).out,
              HasSubstr("FPN 16, 3 classes\n"));
}

TEST(Inspect, SaysWhereProposalsComeFrom) {
  const auto of = [](const tests::TinyModelOptions& options) {
    return run_neuron_rcnn("inspect " + tests::tiny_model(options).string()).out;
  };
  EXPECT_THAT(of({}), HasSubstr("the RPN's, the best 1000, NMS threshold 0.7"));
  EXPECT_THAT(of({.load_proposals = true}), HasSubstr("given with each image, the best 1000"));
}

TEST(Inspect, ShowsAMaskHead) {
  const auto outcome = run_neuron_rcnn("inspect " + tests::tiny_model({.masks = true}).string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text : {"mask-head", "12x12", "Masks"}) EXPECT_THAT(outcome.out, HasSubstr(text));
}

TEST(Inspect, JsonHasEverything) {
  const auto outcome = run_neuron_rcnn("inspect --json -m " + tests::tiny_model().string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto model = json::parse(outcome.out);
  EXPECT_EQ(model.at("checksums"), "ok");
  EXPECT_EQ(model.at("class_names").size(), 3U);
  EXPECT_NE(model.at("producer"), "not recorded");
  double parameters = 0;
  for (const auto& tensor : model.at("tensors")) {
    double count = 1;
    for (const auto& side : tensor.at("shape")) count *= side.get<double>();
    parameters += count;
  }
  EXPECT_EQ(model.at("parameters").get<double>(), parameters);
}

TEST(Inspect, TensorsAreListedOnDemand) {
  EXPECT_THAT(run_neuron_rcnn("inspect --tensors " + tests::tiny_model().string()).out,
              HasSubstr("backbone.bottom_up.stem.conv1.weight"));
}

TEST(Inspect, DamageIsFoundWhereverItIs) {
  const TempFolder folder;
  auto bytes = read_text(tests::tiny_model());
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  write_text(folder / "damaged.rcnn", bytes);
  const auto outcome = run_neuron_rcnn("inspect " + (folder / "damaged.rcnn").string());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("damaged.rcnn"));
}

}  // namespace
}  // namespace rcnn::launch
