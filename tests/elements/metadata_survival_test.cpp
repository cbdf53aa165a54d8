// SPDX-License-Identifier: MIT
// What stock elements behind the detector do to its detections: kept and right, or lost with a warning.
#include <gmock/gmock.h>

#include "elements/rcnn_meta.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::Pipeline;

struct Survival {
  const char* behind;     // Between the detector and the sink
  float scale;            // Of the boxes at the sink; 0: they are lost
  const char* warned_of;  // Element that a warning names; "" for none
};

std::ostream& operator<<(std::ostream& out, const Survival& row) { return out << row.behind; }

// x0, y0, x1, y1, score of every detection.
using Boxes = std::vector<std::array<float, 5>>;

Boxes boxes_of(GstBuffer* buffer) {
  Boxes boxes;
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnDetection& d = meta->detections[i];
    boxes.push_back({d.x0, d.y0, d.x1, d.y1, d.score});
  }
  return boxes;
}

class MetadataSurvival : public tests::GstTest, public testing::WithParamInterface<Survival> {
 protected:
  // Every frame shows the same picture, so any of them may be compared with any.
  tests::Outcome play(const std::string& behind, std::vector<Boxes>& seen) {
    Pipeline pipeline(
        "videotestsrc pattern=circular num-buffers=12 ! "
        "video/x-raw,format=BGR,width=96,height=64,framerate=30/1 ! neuronrcnn overlay=false" +
        tests::with_model() + " ! " + behind + " ! fakesink name=out");
    EXPECT_EQ(pipeline.link_error(), "");
    pipeline.on_buffer = [&](GstBuffer* buffer) { seen.push_back(boxes_of(buffer)); };
    return pipeline.run();
  }
};

TEST_P(MetadataSurvival, IsAsTheTableSays) {
  const Survival& row = GetParam();
  std::vector<Boxes> plain;
  play("identity", plain);
  ASSERT_FALSE(plain.at(0).empty());
  std::vector<Boxes> seen;
  const auto outcome = play(row.behind, seen);
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  if (std::string(row.warned_of).empty()) {
    EXPECT_THAT(outcome.warnings, IsEmpty());
  } else {
    EXPECT_THAT(outcome.warnings, Contains(AllOf(HasSubstr(row.warned_of), HasSubstr("drops the detections"),
                                                 HasSubstr("Put it in front of the detector"))));
  }
  ASSERT_FALSE(seen.empty());
  for (const Boxes& boxes : seen) {
    ASSERT_EQ(boxes.size(), row.scale == 0 ? 0 : plain[0].size());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      for (std::size_t side = 0; side < 4; ++side) {
        EXPECT_FLOAT_EQ(boxes[i][side], row.scale * plain[0][i][side]);
      }
      EXPECT_EQ(boxes[i][4], plain[0][i][4]) << "the score stays";
    }
  }
}

constexpr Survival kTable[] = {
    {"queue", 1, ""},
    {"tee", 1, ""},
    {"videoconvert ! video/x-raw,format=BGR", 1, ""},
    {"videoconvert ! video/x-raw,format=I420", 1, ""},
    {"videoscale ! video/x-raw,width=192,height=128", 2, ""},
    {"videorate ! video/x-raw,framerate=15/1", 1, ""},
    {"videorate ! video/x-raw,framerate=60/1", 1, ""},
    {"capsfilter caps=video/x-raw,format=BGR", 1, ""},
    {"videoconvert ! x264enc tune=zerolatency", 1, ""},
    {"videoconvert ! compositor name=mixer", 0, "mixer"},
    {"videoflip name=turner video-direction=horiz", 0, "turner"},
    {"videocrop name=cutter left=8", 0, "cutter"},
};
INSTANTIATE_TEST_SUITE_P(Elements, MetadataSurvival, testing::ValuesIn(kTable));

}  // namespace
}  // namespace rcnn::elements
