// SPDX-License-Identifier: MIT
// What stock elements behind the detector do to its detections: kept and right, or lost with a warning.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "elements/rcnn_meta.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::Pipeline;

// What a frame at the sink is known by again.
enum class By {
  kTime,    // When it is shown
  kPicture  // Where the element gives frames other times
};

struct Survival {
  const char* behind;     // Between the detector and the sink
  float scale;            // Of the boxes at the sink; 0: they are lost
  const char* warned_of;  // Element that a warning names; "" for none
  By known_by = By::kTime;
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

struct Seen {
  GstClockTime time =
      GST_CLOCK_TIME_NONE;  // Running time: an encoder shifts its stamps and its segment alike
  std::vector<guint8> picture;
  Boxes boxes;
};

GstClockTime running_time(GstElement* sink, GstBuffer* buffer) {
  const PadPtr pad(gst_element_get_static_pad(sink, "sink"));
  const EventPtr event(gst_pad_get_sticky_event(pad.get(), GST_EVENT_SEGMENT, 0));
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  return gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
}

std::vector<guint8> bytes_of(GstBuffer* buffer) {
  std::vector<guint8> bytes(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
  return bytes;
}

class MetadataSurvival : public tests::GstTest, public testing::WithParamInterface<Survival> {
 protected:
  // Every frame shows another picture.
  tests::Outcome play(const std::string& behind, std::vector<Seen>& seen) {
    Pipeline pipeline(
        "videotestsrc pattern=circular horizontal-speed=7 num-buffers=12 ! "
        "video/x-raw,format=BGR,width=96,height=64,framerate=30/1 ! neuronrcnn overlay=false" +
        tests::with_model() + " ! " + behind + " ! fakesink name=out");
    EXPECT_EQ(pipeline.link_error(), "");
    const ElementPtr out = pipeline.named("out");
    pipeline.on_buffer = [&](GstBuffer* buffer) {
      seen.push_back({running_time(out.get(), buffer), bytes_of(buffer), boxes_of(buffer)});
    };
    return pipeline.run();
  }
};

TEST_P(MetadataSurvival, IsAsTheTableSays) {
  const Survival& row = GetParam();
  std::vector<Seen> plain;
  play("identity", plain);
  ASSERT_EQ(plain.size(), 12u);
  std::set<Boxes> different;
  for (const Seen& frame : plain) {
    ASSERT_FALSE(frame.boxes.empty());
    different.insert(frame.boxes);
  }
  ASSERT_EQ(different.size(), plain.size()) << "so that none passes for another one's";
  std::vector<Seen> seen;
  const auto outcome = play(row.behind, seen);
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  if (std::string(row.warned_of).empty()) {
    EXPECT_THAT(outcome.warnings, IsEmpty());
  } else {
    EXPECT_THAT(outcome.warnings, Contains(AllOf(HasSubstr(row.warned_of), HasSubstr("drops the detections"),
                                                 HasSubstr("Put it in front of the detector"))));
  }
  ASSERT_GE(seen.size(), plain.size() / 2);
  for (const Seen& frame : seen) {
    if (row.scale == 0) {
      EXPECT_THAT(frame.boxes, IsEmpty());
      continue;
    }
    const auto own = std::find_if(plain.begin(), plain.end(), [&](const Seen& other) {
      return row.known_by == By::kTime ? other.time == frame.time : other.picture == frame.picture;
    });
    ASSERT_NE(own, plain.end()) << frame.time;
    ASSERT_EQ(frame.boxes.size(), own->boxes.size());
    for (std::size_t i = 0; i < frame.boxes.size(); ++i) {
      for (std::size_t side = 0; side < 4; ++side) {
        EXPECT_FLOAT_EQ(frame.boxes[i][side], row.scale * own->boxes[i][side]) << frame.time;
      }
      EXPECT_EQ(frame.boxes[i][4], own->boxes[i][4]) << "the score stays";
    }
  }
}

constexpr Survival kTable[] = {
    {"queue", 1, ""},
    {"tee name=t ! queue ! videoscale ! video/x-raw,width=192,height=128 ! fakesink t. ! queue", 1, ""},
    {"tee name=t ! queue ! fakesink t. ! queue ! videoscale ! video/x-raw,width=192,height=128", 2, ""},
    {"videoconvert ! video/x-raw,format=BGR", 1, ""},
    {"videoconvert ! video/x-raw,format=I420", 1, ""},
    {"videoscale ! video/x-raw,width=192,height=128", 2, ""},
    {"videorate ! video/x-raw,framerate=15/1", 1, "", By::kPicture},
    {"videorate ! video/x-raw,framerate=60/1", 1, "", By::kPicture},
    {"capsfilter caps=video/x-raw,format=BGR", 1, ""},
    {"videoconvert ! x264enc tune=zerolatency", 1, ""},
    {"videoconvert ! compositor name=mixer", 0, "mixer"},
    {"videoflip name=turner video-direction=horiz", 0, "turner"},
    {"videocrop name=cutter left=8", 0, "cutter"},
};
INSTANTIATE_TEST_SUITE_P(Elements, MetadataSurvival, testing::ValuesIn(kTable));

}  // namespace
}  // namespace rcnn::elements
