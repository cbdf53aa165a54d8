// SPDX-License-Identifier: MIT
#include "elements/roi_proposals.hpp"

#include <gmock/gmock.h>

#include <array>

#include "elements/payloads.hpp"
#include "pipeline/stage_graph.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using RoiProposals = tests::GstTest;

const tests::TinyModelOptions kFast{.load_proposals = true};
const std::vector<engine::Proposal> kGiven{
    {{4, 6, 40, 38}, 0.5F}, {{30, 10, 90, 60}, 2}, {{50, 2, 62, 30}, -1}};

GstVideoRegionOfInterestMeta* attach(GstBuffer* buffer, const char* type, const engine::Box& box) {
  const auto pixel = [](float value) { return static_cast<guint>(value); };
  return gst_buffer_add_video_region_of_interest_meta(buffer, type, pixel(box.x0), pixel(box.y0),
                                                      pixel(box.width()), pixel(box.height()));
}

void attach_proposals(GstBuffer* buffer) {
  for (const auto& [box, logit] : kGiven) {
    gst_video_region_of_interest_meta_add_param(
        attach(buffer, "proposal", box),
        gst_structure_new("proposal", "objectness", G_TYPE_DOUBLE, static_cast<double>(logit), nullptr));
  }
}

BufferPtr picture() { return tests::picture(96, 64, GST_VIDEO_FORMAT_BGR); }

/// What the stages find in the picture when the boxes are given to the frame itself, as `detect --proposals`
/// gives them.
std::vector<engine::Detection> expected_detections() {
  class Pixels : public pipeline::Payload {
   public:
    explicit Pixels(MappedVideo& video) : video_(video) {}
    std::optional<engine::ImageView> pixels() override { return video_.view(); }

   private:
    MappedVideo& video_;
  };
  const auto buffer = picture();
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGR, 96, 64);
  MappedVideo video(info, buffer.get(), GST_MAP_READ);
  pipeline::FramePool pool(1);
  pipeline::StageGraph graph({});
  auto item = std::make_unique<pipeline::Item>();
  item->payload = std::make_unique<Pixels>(video);
  item->frame = pool.acquire();
  pipeline::SessionOptions options;
  options.model = tests::tiny_model(kFast);
  item->frame->session = pipeline::Session::create(options);
  item->frame->given_proposals = kGiven;
  graph.push(std::move(item));
  const auto done = graph.pop();
  graph.popped();
  EXPECT_EQ(done->error, nullptr);
  return done->frame->detections;
}

TEST_F(RoiProposals, AreThoseOfTheirTypeWithOrWithoutObjectness) {
  const BufferPtr buffer(gst_buffer_new());
  EXPECT_FALSE(attached_proposals(buffer.get()));
  attach(buffer.get(), "face", {1, 2, 3, 4});
  EXPECT_FALSE(attached_proposals(buffer.get()));
  attach(buffer.get(), "proposal", {10, 20, 40, 60});
  attach_proposals(buffer.get());
  EXPECT_THAT(*attached_proposals(buffer.get()),
              ElementsAre(engine::Proposal{{10, 20, 40, 60}, 0}, kGiven[0], kGiven[1], kGiven[2]));
}

// In one element and in six.
TEST_F(RoiProposals, FindWhatBoxesGivenToTheFrameFind) {
  const auto expected = expected_detections();
  ASSERT_FALSE(expected.empty());
  for (const auto& elements : {"neuronrcnn" + tests::with_model(kFast), tests::six(" ! ", "", "", kFast)}) {
    tests::Harness harness(elements);
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    auto buffer = picture();
    attach_proposals(buffer.get());
    ASSERT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
    const auto out = harness.pull();
    const auto* found = rcnn_buffer_get_detections_meta(out.get());
    ASSERT_NE(found, nullptr) << harness.message(GST_MESSAGE_ERROR, 0);
    ASSERT_EQ(found->count, expected.size());
    for (guint i = 0; i < found->count; ++i) {
      const auto& [x0, y0, x1, y1] = expected[i].box;
      const auto& ours = found->detections[i];
      EXPECT_THAT((std::array{ours.x0, ours.y0, ours.x1, ours.y1, ours.score}),
                  ElementsAre(x0, y0, x1, y1, expected[i].score));
      EXPECT_EQ(ours.class_id, expected[i].label);
    }
  }
}

TEST_F(RoiProposals, AFrameWithoutAnyFailsAsOnErrorSays) {
  const auto line = "neuronrcnn" + tests::with_model(kFast);
  {
    tests::Harness harness(line);
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    harness.push(picture());
    EXPECT_THAT(harness.message(GST_MESSAGE_ERROR),
                testing::AllOf(HasSubstr("no RPN"), HasSubstr("regions of interest of type \"proposal\"")));
  }
  tests::Harness harness(line + "on-error=pass");
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  harness.push(picture());
  auto second = picture();
  attach_proposals(second.get());
  harness.push(std::move(second));
  EXPECT_EQ(rcnn_buffer_get_detections_meta(harness.pull().get()), nullptr);
  EXPECT_NE(rcnn_buffer_get_detections_meta(harness.pull().get()), nullptr);
}

}  // namespace
}  // namespace rcnn::elements
