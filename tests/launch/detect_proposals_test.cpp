// SPDX-License-Identifier: MIT
// `neuron-rcnn detect --proposals`: a model without RPN looks at given boxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/launch/detect_fixture.hpp"
#include "tests/support/pickled_proposals.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using DetectProposals = DetectTest;

/// `detect` with a model without RPN.
Outcome detect_fast(const std::string& arguments) {
  return run_neuron_rcnn("detect -m " + tests::tiny_model({.load_proposals = true}).string() + " " +
                         arguments);
}

std::string pickled_grid(const std::vector<std::string>& ids) {
  std::vector<tests::ImageProposals> images;
  for (const auto& id : ids) {
    auto& image = images.emplace_back();
    image.id = id;
    for (int i = 0; i < 16; ++i) {
      const auto x = static_cast<float>(i % 4 * 15), y = static_cast<float>(i / 4 * 15);
      image.proposals.push_back({{x, y, x + 30, y + 25}, static_cast<float>(i)});
    }
  }
  return tests::pickled_proposals(images);
}

TEST_F(DetectProposals, GivenProposalsTakeTheRpnsPlace) {
  write_text(out_ / "proposals.pkl", pickled_grid({"a.png", "b", "sub/c.bmp"}));
  const auto outcome =
      detect_fast(images() + " --format detectron2 --proposals " + (out_ / "proposals.pkl").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto results = json::parse(outcome.out).at("images");
  EXPECT_THAT(files_of(results), ElementsAre("a.png", "b.jpg", "sub/c.bmp"));
  for (const auto& image : results) EXPECT_FALSE(image.at("scores").empty()) << image.at("file");
}

TEST_F(DetectProposals, ImagesAreFoundByTheirNumberToo) {
  cv::imwrite((out_ / "000000000139.jpg").string(), make_picture(120, 90));
  write_text(out_ / "proposals.pkl", pickled_grid({"139"}));
  const auto outcome = detect_fast((out_ / "000000000139.jpg").string() + " " + (images_ / "a.png").string() +
                                   " --format detectron2 --proposals " + (out_ / "proposals.pkl").string());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err),
              ElementsAre(::testing::AllOf(HasSubstr("no image 'a.png'"), HasSubstr("'139'"))));
  EXPECT_THAT(files_of(json::parse(outcome.out).at("images")), ElementsAre("000000000139.jpg"));
}

TEST_F(DetectProposals, ProposalsAndModelsMustBelongTogether) {
  write_text(out_ / "proposals.pkl", pickled_grid({"a.png"}));
  write_text(out_ / "broken.pkl", "no pickle");
  write_clip(out_ / "clip.mp4", 1);
  const auto with = " --proposals " + (out_ / "proposals.pkl").string();
  const auto needless = detect(images() + with);
  EXPECT_EQ(needless.code, 2);
  EXPECT_THAT(needless.err, HasSubstr("without RPN"));
  const auto missing = detect_fast(images());
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("--proposals"));
  const auto video = detect_fast((out_ / "clip.mp4").string() + with);
  EXPECT_EQ(video.code, 2);
  EXPECT_THAT(video.err, HasSubstr("clip.mp4' is no image"));
  const auto broken = detect_fast(images() + " --proposals " + (out_ / "broken.pkl").string());
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, HasSubstr("broken.pkl"));
}

}  // namespace
}  // namespace rcnn::launch
