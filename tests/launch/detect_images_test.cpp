// SPDX-License-Identifier: MIT
#include "launch/detect_images.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "engine/errors.hpp"
#include "launch/interrupt.hpp"
#include "tests/launch/recording_sink.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

class DetectImages : public ::testing::Test {
 protected:
  /// `count` images of which every `broken`-th cannot be read.
  std::vector<Input> make_inputs(int count, int broken) {
    std::vector<Input> inputs;
    for (int i = 0; i < count; ++i) {
      const std::string name = std::to_string(i) + ".png";
      if (i % broken == broken - 1) {
        write_text(folder_ / name, "x");
      } else {
        cv::imwrite((folder_ / name).string(), make_picture(60 + i, 50, i));
      }
      inputs.push_back({(folder_ / name).string(), InputKind::kImage, name});
    }
    return inputs;
  }

  const TempFolder folder_;
  const std::shared_ptr<const pipeline::Session> session_ =
      pipeline::Session::create({tests::tiny_model(), "", {}});
  RecordingSink sink_;
};

TEST_F(DetectImages, OrderHoldsWhileUnreadableImagesKeepTheirPlace) {
  const auto inputs = make_inputs(40, 7);
  detect_images(inputs, {}, session_, {.max_in_flight = 3}, sink_);
  ASSERT_EQ(sink_.events.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_THAT(sink_.events[i], HasSubstr(i % 7 == 6 ? "Cannot read" : "found " + inputs[i].name)) << i;
  }
}

// More unreadable images in a row than the graph holds items: nothing may wait for frames that never come.
TEST_F(DetectImages, ManyUnreadableImagesInARowDoNotBlock) {
  const auto inputs = make_inputs(150, 1);
  detect_images(inputs, {}, session_, {.max_in_flight = 1}, sink_);
  EXPECT_EQ(sink_.events.size(), 150U);
  EXPECT_TRUE(sink_.results.empty());
}

TEST_F(DetectImages, ThresholdIsStrictlyKept) {
  const auto inputs = make_inputs(4, 100);
  detect_images(inputs, {}, session_, {.threshold = 0.7F}, sink_);
  for (const auto& result : sink_.results) {
    for (const auto& object : result.objects) EXPECT_GT(object.score, 0.7F);
  }
  RecordingSink low;
  detect_images(inputs, {}, session_, {.threshold = 0.1F}, low);
  EXPECT_GT(low.objects(), sink_.objects());
}

// A full disk in the middle, or a name that stands for a folder.
TEST_F(DetectImages, CopyThatCannotBeWrittenIsNamedAndNoResultIsLost) {
  const auto inputs = make_inputs(6, 100);
  std::vector<std::filesystem::path> annotated;
  for (const auto& input : inputs) annotated.push_back(folder_ / ("copy-" + input.name));
  annotated[2] = folder_.path();
  annotated[4] = "/dev/full";
  detect_images(inputs, annotated, session_, {.max_in_flight = 4}, sink_);
  EXPECT_EQ(sink_.results.size(), inputs.size());
  ASSERT_EQ(sink_.events.size(), inputs.size() + 2);
  EXPECT_THAT(sink_.events[2], HasSubstr("failed Cannot write '" + folder_.path().string()));
  EXPECT_THAT(sink_.events[5], HasSubstr("failed Cannot write '/dev/full'"));
  EXPECT_TRUE(std::filesystem::exists(annotated[5]));
}

TEST_F(DetectImages, DamagedImageHasAWarningAndAResult) {
  write_text(folder_ / "a.jpg", damaged_jpeg());
  detect_images(std::vector<Input>{{(folder_ / "a.jpg").string(), InputKind::kImage, "a.jpg"}}, {}, session_,
                {}, sink_);
  EXPECT_THAT(sink_.events,
              ::testing::ElementsAre(HasSubstr("a.jpg' may be damaged: Corrupt JPEG"), "found a.jpg"));
}

/// A sink whose results have no room.
class FullSink final : public RecordingSink {
 public:
  void found(const FrameResult&) override { throw engine::Error("no room"); }
};

// The error comes out, and the frames on their way end without a hang.
TEST_F(DetectImages, FailureToWriteResultsEndsTheRun) {
  FullSink full;
  EXPECT_THROW(detect_images(make_inputs(12, 100), {}, session_, {.max_in_flight = 4}, full), engine::Error);
}

TEST_F(DetectImages, ASignalEndsTheRunAfterTheImagesOnTheirWay) {
  const auto inputs = make_inputs(60, 100);
  const Interrupt interrupt;
  std::raise(SIGTERM);
  const auto done = detect_images(inputs, {}, session_, {.max_in_flight = 2}, sink_);
  EXPECT_LT(done, inputs.size());
  EXPECT_EQ(done, sink_.results.size());
}

}  // namespace
}  // namespace rcnn::launch
