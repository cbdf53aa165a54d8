// SPDX-License-Identifier: MIT
#include "elements/detections_watch.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using DetectionsWatchTest = tests::GstTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kSource = "videotestsrc num-buffers=20 ! video/x-raw,format=RGB,width=64,height=48 ! ";

// Plays twenty frames with detections attached behind element "from", watched from there on, and `beside`
// them what has none.
tests::Outcome play(const std::string& behind, const std::string& beside = "") {
  tests::Pipeline pipeline(beside + " " + kSource + "identity name=from ! " + behind);
  const ElementPtr from = pipeline.named("from");
  const PadPtr source(gst_element_get_static_pad(from.get(), "src"));
  gst_pad_add_probe(
      source.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        auto* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        engine::Detection object;
        object.box = {4, 4, 20, 30};
        attach_detections(buffer, {&object, 1}, {}, 64, 48);
        GST_PAD_PROBE_INFO_DATA(info) = buffer;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  const DetectionsWatch watch(from.get(), source.get());
  const tests::Outcome outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  return outcome;
}

TEST_F(DetectionsWatchTest, NamesTheFirstElementThatDropsThem) {
  const auto outcome = play(
      "queue ! videoconvert ! videoflip name=turner video-direction=horiz ! videocrop left=2 ! fakesink");
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("turner drops the detections")));
}

TEST_F(DetectionsWatchTest, LooksIntoBinsAndBehindTees) {
  const auto outcome = play(
      "( queue ! videoflip name=turner video-direction=horiz ) ! tee name=t ! queue ! fakesink t. ! queue ! "
      "fakesink");
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("turner")));
}

TEST_F(DetectionsWatchTest, IsSilentWhereTheyPass) {
  EXPECT_THAT(play("queue ! videoconvert ! videoscale ! video/x-raw,width=32 ! tee ! fakesink").warnings,
              IsEmpty());
}

TEST_F(DetectionsWatchTest, ExpectsNothingOfCrops) {
  EXPECT_THAT(play("detection-crop ! videoconvert ! videoflip video-direction=horiz ! fakesink").warnings,
              IsEmpty());
  const auto outcome = play(
      "tee name=t ! queue ! detection-crop ! fakesink t. ! queue ! videoflip name=turner "
      "video-direction=horiz ! fakesink");
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("turner"))) << "beside them it looks on";
}

// Its frames, which nobody looked at, come first.
TEST_F(DetectionsWatchTest, ExpectsNothingOfAStreamMergedWithTheDetectors) {
  for (const char* merger : {"concat", "funnel", "input-selector sync-streams=false"}) {
    EXPECT_THAT(play("merger.", kSource + merger + " name=merger ! videoconvert ! fakesink").warnings,
                IsEmpty())
        << merger;
  }
}

TEST_F(DetectionsWatchTest, ExpectsNothingOfAStreamThatSharesAnElement) {
  const std::string other = kSource + "m.sink_0 multiqueue name=m m.src_0 ! fakesink";
  EXPECT_THAT(play("m.sink_1 m.src_1 ! fakesink", other).warnings, IsEmpty());
  EXPECT_THAT(
      play("m.sink_1 m.src_1 ! videoflip name=turner video-direction=horiz ! fakesink", other).warnings,
      ElementsAre(HasSubstr("turner")));
}

TEST_F(DetectionsWatchTest, NamesWhatMakesAPictureOfSeveral) {
  for (const char* mixer : {"compositor", "videomixer"}) {
    EXPECT_THAT(play("mixer.", kSource + mixer + " name=mixer ! videoconvert ! fakesink").warnings,
                ElementsAre(HasSubstr("mixer drops the detections")));
  }
}

TEST_F(DetectionsWatchTest, ExpectsNothingOfEncodedVideo) {
  EXPECT_THAT(play("videoconvert ! jpegenc ! fakesink").warnings, IsEmpty());
}

}  // namespace
}  // namespace rcnn::elements
