// SPDX-License-Identifier: MIT
#include "elements/stage_caps.hpp"  // First: proves the header is self-contained.

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using StageCaps = tests::GstTest;
using pipeline::StageId;

bool meet(const GstCaps* a, const GstCaps* b) { return gst_caps_can_intersect(a, b) != FALSE; }

TEST_F(StageCaps, ChainsFeaturesSoThatOnlyTheRightOrderMeets) {
  for (int a = 0; a < pipeline::kStageCount; ++a) {
    for (int b = 0; b < pipeline::kStageCount; ++b) {
      const CapsPtr after = video_caps(feature_after(static_cast<StageId>(a)));
      const CapsPtr before = video_caps(feature_before(static_cast<StageId>(b)));
      const bool plain =
          a == pipeline::kStageCount - 1 && b == 0;  // Video out of the last stage is video again.
      EXPECT_EQ(meet(after.get(), before.get()), b == a + 1 || plain) << a << " ! " << b;
    }
  }
}

TEST_F(StageCaps, KeepsPlainVideoAndStageVideoApart) {
  const CapsPtr plain(gst_caps_from_string("video/x-raw"));
  EXPECT_TRUE(meet(plain.get(), video_caps(nullptr).get()));
  EXPECT_FALSE(meet(plain.get(), video_caps("meta:RcnnImage").get()));
}

TEST_F(StageCaps, SwapsFeaturesAndNothingElse) {
  const CapsPtr caps(gst_caps_from_string(
      "video/x-raw, format=BGR, width=7; video/x-raw(memory:SystemMemory, meta:RcnnPooled), format=RGB"));
  const CapsPtr swapped = with_feature(caps.get(), "meta:RcnnLogits");
  const CapsPtr expected(
      gst_caps_from_string("video/x-raw(memory:SystemMemory, meta:RcnnLogits), format=BGR, width=7;"
                           "video/x-raw(memory:SystemMemory, meta:RcnnLogits), format=RGB"));
  EXPECT_TRUE(gst_caps_is_strictly_equal(swapped.get(), expected.get()));
  const CapsPtr back = with_feature(swapped.get(), nullptr);
  EXPECT_TRUE(gst_caps_features_is_equal(gst_caps_get_features(back.get(), 0),
                                         GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
}

TEST_F(StageCaps, KnowsTheSixFormatsAndRefusesOthersByName) {
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_RGB), engine::PixelFormat::kRgb);
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_BGR), engine::PixelFormat::kBgr);
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_RGBx), engine::PixelFormat::kRgbx);
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_BGRx), engine::PixelFormat::kBgrx);
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_NV12), engine::PixelFormat::kYuv420);
  EXPECT_EQ(pixel_format(GST_VIDEO_FORMAT_I420), engine::PixelFormat::kYuv420);
  try {
    pixel_format(GST_VIDEO_FORMAT_YUY2);
    FAIL() << "accepted YUY2";
  } catch (const engine::ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("YUY2"), std::string::npos);
  }
}

TEST_F(StageCaps, NamesEveryFormatThatItKnows) {
  const auto formats_in = [](const CapsPtr& caps) {
    const GValue* list = gst_structure_get_value(gst_caps_get_structure(caps.get(), 0), "format");
    std::vector<std::string> formats;
    for (guint i = 0; i < gst_value_list_get_size(list); ++i) {
      formats.emplace_back(g_value_get_string(gst_value_list_get_value(list, i)));
      EXPECT_NO_THROW(pixel_format(gst_video_format_from_string(formats.back().c_str()))) << formats.back();
    }
    return formats;
  };
  EXPECT_EQ(formats_in(video_caps(nullptr)).size(), 6u);
  EXPECT_EQ(formats_in(packed_video_caps()).size(), 4u);
}

}  // namespace
}  // namespace rcnn::elements
