// SPDX-License-Identifier: MIT
#include "elements/classifications_meta.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using ClassificationsMeta = tests::GstTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

RcnnClassification classification(gint object, const char* label, gfloat score) {
  return {object, 3, g_quark_from_string(label), score};
}

/// "OBJECT LABEL SCORE" of each.
std::vector<std::string> said(GstBuffer* buffer) {
  std::vector<std::string> all;
  const auto* meta = rcnn_buffer_get_classifications_meta(buffer);
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const auto& one = meta->classifications[i];
    EXPECT_EQ(one.class_id, 3);
    all.push_back(std::to_string(one.object) + " " + g_quark_to_string(one.label) + " " +
                  std::to_string(one.score).substr(0, 4));
  }
  return all;
}

BufferPtr classified() {
  BufferPtr buffer = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  attach_classification(buffer.get(), classification(1, "tabby", 0.75F));
  attach_classification(buffer.get(), classification(kWholeFrame, "garden", 0.5F));
  return buffer;
}

TEST_F(ClassificationsMeta, CarriesThemInTheirOrder) {
  EXPECT_EQ(rcnn_buffer_get_classifications_meta(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR).get()),
            nullptr);
  EXPECT_THAT(said(classified().get()), ElementsAre("1 tabby 0.75", "-1 garden 0.50"));
}

TEST_F(ClassificationsMeta, CopiesAreTheirOwn) {
  BufferPtr buffer = classified();
  const BufferPtr copy(gst_buffer_copy(buffer.get()));
  attach_classification(buffer.get(), classification(0, "siamese", 0.25F));
  EXPECT_EQ(said(buffer.get()).size(), 3U);
  buffer.reset();
  EXPECT_THAT(said(copy.get()), ElementsAre("1 tabby 0.75", "-1 garden 0.50"));
}

TEST_F(ClassificationsMeta, SurvivesWhereDetectionsDo) {
  const auto behind = [](const char* line) {
    tests::Harness harness(line);
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    EXPECT_EQ(harness.push(classified()), GST_FLOW_OK);
    return said(harness.pull().get());
  };
  for (const char* line : {"videoconvert ! capsfilter caps=video/x-raw,format=I420",
                           "videoscale ! capsfilter caps=video/x-raw,width=128,height=128"}) {
    EXPECT_THAT(behind(line), ElementsAre("1 tabby 0.75", "-1 garden 0.50")) << line;
  }
  EXPECT_THAT(behind("videoflip video-direction=horiz"), IsEmpty());
}

TEST_F(ClassificationsMeta, DescribesARegionAsDlStreamerDoes) {
  const BufferPtr buffer(gst_buffer_new());
  auto* region = gst_buffer_add_video_region_of_interest_meta(buffer.get(), "cat", 0, 0, 8, 8);
  describe_classification(*region, classification(0, "tabby", 0.75F));
  const GstStructure* fields = gst_video_region_of_interest_meta_get_param(region, "classification");
  ASSERT_NE(fields, nullptr);
  int id = 0;
  double confidence = 0;
  EXPECT_TRUE(gst_structure_get(fields, "label_id", G_TYPE_INT, &id, "confidence", G_TYPE_DOUBLE, &confidence,
                                nullptr));
  EXPECT_STREQ(gst_structure_get_string(fields, "label"), "tabby");
  EXPECT_EQ(id, 3);
  EXPECT_EQ(confidence, 0.75);
}

}  // namespace
}  // namespace rcnn::elements
