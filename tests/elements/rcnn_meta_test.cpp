// SPDX-License-Identifier: MIT
#include "elements/rcnn_meta.hpp"  // First: proves the header is self-contained.

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using RcnnMeta = tests::GstTest;

const std::vector<std::string> kNames{"person", "car"};
// One has a mask: the lower left quarter of its box.
engine::Mask quarter() {
  engine::RunWriter writer;
  for (std::size_t x = 0; x < 320; ++x) {
    const bool across = x >= 100 && x < 150;
    writer.add(across ? 100 : 240, false);
    writer.add(across ? 50 : 0, true);
    writer.add(across ? 90 : 0, false);
  }
  return writer.take(320, 240);
}
const std::vector<engine::Detection> kFound{
    {.box = {100, 50, 200, 150},
     .score = 0.75f,
     .label = 1,
     .region = 3,
     .mask = quarter(),
     .keypoints = {{150, 100, 0.5f}, {-10, 60, 1.5f}}},
    {.box = {0.4f, 10.6f, 320, 239.5f}, .score = 0.5f, .label = 0, .region = 0}};

// What comes out of an element when a 320x240 picture with kFound goes in.
BufferPtr through(const std::string& element, const std::string& out_caps, const char* format = "RGB") {
  tests::Harness harness(element);
  harness.set_caps(tests::caps_of(320, 240, format));
  gst_harness_set_sink_caps_str(harness.get(), out_caps.c_str());
  BufferPtr buffer = tests::picture(320, 240, GST_VIDEO_FORMAT_RGB);
  attach_detections(buffer.get(), kFound, kNames, 320, 240);
  EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
  return harness.pull();
}

TEST_F(RcnnMeta, CarriesBoxesScoresAndLabels) {
  const BufferPtr buffer(gst_buffer_new());
  EXPECT_EQ(rcnn_buffer_get_detections_meta(buffer.get()), nullptr);
  attach_detections(buffer.get(), kFound, kNames, 320, 240);
  const auto* meta = rcnn_buffer_get_detections_meta(buffer.get());
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->width, 320u);
  EXPECT_EQ(meta->height, 240u);
  ASSERT_EQ(meta->count, 2u);
  const RcnnDetection& car = meta->detections[0];
  EXPECT_EQ(car.x0, 100);
  EXPECT_EQ(car.y0, 50);
  EXPECT_EQ(car.x1, 200);
  EXPECT_EQ(car.y1, 150);
  EXPECT_EQ(car.score, 0.75f);
  EXPECT_EQ(car.class_id, 1);
  EXPECT_STREQ(g_quark_to_string(car.label), "car");
}

// Where the mask is, as [x0, y0, x1, y1) and its area; all zeros without one.
std::array<int, 5> covered(const RcnnDetectionsMeta& meta, const RcnnDetection& detection) {
  const auto width = static_cast<int>(meta.width), height = static_cast<int>(meta.height);
  std::vector<guint8> pixels(meta.width * meta.height, 7);
  if (!rcnn_detection_unpack_mask(&meta, &detection, pixels.data(), meta.width)) {
    return {};
  }
  std::array<int, 5> place{width, height, 0, 0, 0};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int value = pixels[static_cast<std::size_t>(y * width + x)];
      EXPECT_TRUE(value == 0 || value == 255);
      if (value == 255) {
        place = {std::min(place[0], x), std::min(place[1], y), std::max(place[2], x + 1),
                 std::max(place[3], y + 1), place[4] + 1};
      }
    }
  }
  return place;
}

TEST_F(RcnnMeta, CarriesMasks) {
  BufferPtr buffer(gst_buffer_new());
  attach_detections(buffer.get(), kFound, kNames, 320, 240);
  const BufferPtr copy(gst_buffer_copy(buffer.get()));
  buffer.reset();  // The copy's runs are its own.
  const auto* meta = rcnn_buffer_get_detections_meta(copy.get());
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(covered(*meta, meta->detections[0]), (std::array{100, 100, 150, 150, 2500}));
  EXPECT_EQ(meta->detections[1].mask_run_count, 0u);
  EXPECT_EQ(covered(*meta, meta->detections[1]), (std::array<int, 5>{}));
}

TEST_F(RcnnMeta, SaysThatNothingWasFound) {
  const BufferPtr buffer(gst_buffer_new());
  attach_detections(buffer.get(), {}, kNames, 320, 240);
  const auto* meta = rcnn_buffer_get_detections_meta(buffer.get());
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->count, 0u);
  EXPECT_EQ(gst_buffer_get_video_region_of_interest_meta_id(buffer.get(), 0), nullptr);
}

TEST_F(RcnnMeta, WritesRegionsOfInterestAsDlStreamerDoes) {
  const BufferPtr buffer(gst_buffer_new());
  attach_detections(buffer.get(), kFound, kNames, 320, 240);
  const auto* region = gst_buffer_get_video_region_of_interest_meta_id(buffer.get(), 1);
  ASSERT_NE(region, nullptr);
  EXPECT_STREQ(g_quark_to_string(region->roi_type), "person");
  EXPECT_EQ(region->x, 0u);
  EXPECT_EQ(region->y, 11u);
  EXPECT_EQ(region->w, 320u);
  EXPECT_EQ(region->h, 229u) << "lower edge 239.5 rounds to 240";
  auto* copy = const_cast<GstVideoRegionOfInterestMeta*>(region);
  const GstStructure* fields = gst_video_region_of_interest_meta_get_param(copy, "detection");
  ASSERT_NE(fields, nullptr);
  gint label = -1;
  gdouble confidence = 0;
  gdouble x_min = -1;
  gdouble y_max = -1;
  ASSERT_TRUE(gst_structure_get(fields, "label_id", G_TYPE_INT, &label, "confidence", G_TYPE_DOUBLE,
                                &confidence, "x_min", G_TYPE_DOUBLE, &x_min, "y_max", G_TYPE_DOUBLE, &y_max,
                                nullptr));
  EXPECT_EQ(label, 0);
  EXPECT_EQ(confidence, 0.5);
  EXPECT_NEAR(x_min, 0.4 / 320, 1e-9);
  EXPECT_NEAR(y_max, 239.5 / 240, 1e-9);
}

TEST_F(RcnnMeta, SurvivesVideoconvert) {
  for (const char* to : {"BGRx", "I420"}) {
    const BufferPtr out = through("videoconvert", tests::caps_of(320, 240, to));
    const auto* meta = rcnn_buffer_get_detections_meta(out.get());
    ASSERT_NE(meta, nullptr) << to;
    ASSERT_EQ(meta->count, 2u);
    EXPECT_EQ(meta->detections[1].y1, 239.5f);
    EXPECT_EQ(meta->detections[0].score, 0.75f);
    EXPECT_EQ(covered(*meta, meta->detections[0])[4], 2500);
  }
}

TEST_F(RcnnMeta, IsScaledOnceByVideoscale) {
  const BufferPtr out = through("videoscale", tests::caps_of(160, 120, "RGB"));
  const auto* meta = rcnn_buffer_get_detections_meta(out.get());
  ASSERT_NE(meta, nullptr);
  ASSERT_EQ(meta->count, 2u);
  EXPECT_EQ(meta->width, 160u);
  EXPECT_FLOAT_EQ(meta->detections[0].x0, 50);
  EXPECT_FLOAT_EQ(meta->detections[0].y0, 25);
  EXPECT_FLOAT_EQ(meta->detections[0].x1, 100);
  EXPECT_FLOAT_EQ(meta->detections[0].y1, 75);
  EXPECT_EQ(covered(*meta, meta->detections[0]), (std::array{50, 50, 75, 75, 625}));
  ASSERT_EQ(meta->detections[0].keypoint_count, 2u);
  EXPECT_EQ(meta->detections[1].keypoint_count, 0u);
  EXPECT_FLOAT_EQ(meta->detections[0].keypoints[0].x, 75);
  EXPECT_FLOAT_EQ(meta->detections[0].keypoints[1].y, 30);
  EXPECT_FLOAT_EQ(meta->detections[0].keypoints[1].score, 1.5f);
  EXPECT_EQ(meta->detections[0].score, 0.75f);
}

// The property is seen in pixels: a white rectangle goes through videoscale, and the box must land where it
// landed.
TEST_F(RcnnMeta, FollowsThePictureIntoALetterbox) {
  struct Case {
    int width;
    int height;
    const char* aspect;
  };
  for (const Case& c : {Case{640, 640, "1/1"}, Case{200, 200, "1/1"}, Case{800, 300, "1/1"},
                        Case{320, 240, "2/1"}, Case{321, 130, "4/3"}}) {
    tests::Harness harness("videoscale add-borders=true method=nearest-neighbour");
    harness.set_caps(tests::caps_of(320, 240, "RGB") + ", pixel-aspect-ratio=1/1");
    gst_harness_set_sink_caps_str(
        harness.get(),
        (tests::caps_of(c.width, c.height, "RGB") + ", pixel-aspect-ratio=" + c.aspect).c_str());
    BufferPtr white(gst_buffer_new_allocate(nullptr, 320 * 240 * 3, nullptr));
    gst_buffer_memset(white.get(), 0, 255, 320 * 240 * 3);
    attach_detections(white.get(), std::vector<engine::Detection>{{.box = {0, 0, 320, 240}, .score = 1}},
                      kNames, 320, 240);
    ASSERT_EQ(harness.push(std::move(white)), GST_FLOW_OK);
    const BufferPtr out = harness.pull();
    const auto* meta = rcnn_buffer_get_detections_meta(out.get());
    ASSERT_NE(meta, nullptr);
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, static_cast<guint>(c.width),
                              static_cast<guint>(c.height));
    GstVideoFrame frame;
    ASSERT_TRUE(gst_video_frame_map(&frame, &info, out.get(), GST_MAP_READ));
    const auto* pixels = static_cast<const guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
    const int stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
    int left = c.width;
    int top = c.height;
    int right = 0;
    int bottom = 0;
    for (int y = 0; y < c.height; ++y) {
      for (int x = 0; x < c.width; ++x) {
        if (pixels[y * stride + 3 * x] > 127) {
          left = std::min(left, x);
          right = std::max(right, x + 1);
          top = std::min(top, y);
          bottom = std::max(bottom, y + 1);
        }
      }
    }
    gst_video_frame_unmap(&frame);
    const RcnnDetection& box = meta->detections[0];
    EXPECT_NEAR(box.x0, left, 0.5) << c.width << "x" << c.height << " " << c.aspect;
    EXPECT_NEAR(box.y0, top, 0.5) << c.width << "x" << c.height << " " << c.aspect;
    EXPECT_NEAR(box.x1, right, 0.5) << c.width << "x" << c.height << " " << c.aspect;
    EXPECT_NEAR(box.y1, bottom, 0.5) << c.width << "x" << c.height << " " << c.aspect;
  }
}

TEST_F(RcnnMeta, IsLostRatherThanWrongWhenThePictureIsTurned) {
  const BufferPtr out = through("videoflip video-direction=horiz", tests::caps_of(320, 240, "RGB"));
  EXPECT_EQ(rcnn_buffer_get_detections_meta(out.get()), nullptr);
}

TEST_F(RcnnMeta, TakesTheObjectsOfASecondDetectorBehindTheFirsts) {
  const BufferPtr buffer = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  const auto object = [](float x, int label) {
    engine::Detection made;
    made.box = {x, 0, x + 8, 8};
    made.score = 0.5F;
    made.label = label;
    return made;
  };
  attach_detections(buffer.get(), std::vector{object(0, 0), object(10, 1)}, {"cat", "dog"}, 96, 64);
  attach_detections(buffer.get(), std::vector{object(20, 0)}, {"cat"}, 96, 64);
  const auto* meta = rcnn_buffer_get_detections_meta(buffer.get());
  ASSERT_EQ(meta->count, 3U);
  EXPECT_EQ(meta->detections[2].x0, 20);
  EXPECT_EQ(gst_buffer_get_n_meta(buffer.get(), detections_meta_api()), 1U);
  for (guint i = 0; i < 3; ++i) EXPECT_EQ(region_of(buffer.get(), *meta, i)->id, static_cast<gint>(i));
  EXPECT_EQ(gst_buffer_get_n_meta(buffer.get(), GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE), 3U);
}

// videoscale knows nothing of borders where it scales regions, and drops what they say.
TEST_F(RcnnMeta, PutsRegionsRightThatAnElementBetweenHasHalved) {
  tests::Harness harness(
      "videoscale ! capsfilter caps=video/x-raw,width=128,height=128,pixel-aspect-ratio=1/1");
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  BufferPtr buffer = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  engine::Detection object;
  object.box = {24, 16, 48, 32};
  attach_detections(buffer.get(), std::vector{object}, {"cat"}, 96, 64);
  ASSERT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
  const BufferPtr scaled = harness.pull();
  const auto* meta = rcnn_buffer_get_detections_meta(scaled.get());
  const auto* region = region_of(scaled.get(), *meta, 0);
  EXPECT_NE(gst_video_region_of_interest_meta_get_param(const_cast<GstVideoRegionOfInterestMeta*>(region),
                                                        "detection"),
            nullptr);
  EXPECT_EQ(region->x, 32U);
  EXPECT_NEAR(region->y, meta->detections[0].y0, 0.5);
  EXPECT_NEAR(region->h, meta->detections[0].y1 - meta->detections[0].y0, 1);
}

// 0 is the number of regions that nobody numbers.
TEST_F(RcnnMeta, LeavesRegionsOfOthersAlone) {
  const BufferPtr buffer = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  auto* foreign = gst_buffer_add_video_region_of_interest_meta(buffer.get(), "cat", 70, 50, 7, 7);
  engine::Detection object;
  object.box = {24, 16, 48, 32};
  attach_detections(buffer.get(), std::vector{object}, {"cat"}, 96, 64);
  const auto* meta = rcnn_buffer_get_detections_meta(buffer.get());
  auto* own = region_of(buffer.get(), *meta, 0);
  EXPECT_NE(own, foreign);
  EXPECT_EQ(own->x, 24U);
  // As videoconvert leaves it
  g_list_free_full(own->params, reinterpret_cast<GDestroyNotify>(gst_structure_free));
  own->params = nullptr;
  EXPECT_EQ(region_of(buffer.get(), *meta, 0), own);
  EXPECT_EQ(foreign->x, 70U);
  EXPECT_EQ(gst_video_region_of_interest_meta_get_param(foreign, "detection"), nullptr);
}

// Anybody may write the meta; what GStreamer calls must not throw through it.
TEST_F(RcnnMeta, LeavesOutMasksThatDoNotFillThePicture) {
  tests::Harness harness("videoscale ! capsfilter caps=video/x-raw,width=48,height=32");
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  BufferPtr buffer = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  engine::Detection object;
  object.box = {0, 0, 200, 90};
  object.mask = {96, 64, {0, 200 * 90}};
  attach_detections(buffer.get(), std::vector{object}, {"cat"}, 96, 64);
  ASSERT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
  const BufferPtr scaled = harness.pull();
  const auto* meta = rcnn_buffer_get_detections_meta(scaled.get());
  ASSERT_EQ(meta->count, 1U);
  EXPECT_EQ(meta->detections[0].mask_run_count, 0U);
  EXPECT_EQ(meta->detections[0].x1, 100);
}

TEST_F(RcnnMeta, SharesTheFrameBetweenCopiesOfABuffer) {
  const BufferPtr buffer(gst_buffer_new());
  EXPECT_EQ(frame_ride(buffer.get()), nullptr);
  auto frame = std::make_shared<pipeline::Frame>();
  set_frame_ride(buffer.get(), {.frame = frame, .working = nullptr, .passage = Passage::kFailed});
  BufferPtr copy(gst_buffer_copy(buffer.get()));
  ASSERT_NE(frame_ride(copy.get()), nullptr);
  EXPECT_EQ(frame_ride(copy.get())->frame, frame);
  EXPECT_EQ(frame_ride(copy.get())->passage, Passage::kFailed);
  EXPECT_EQ(frame.use_count(), 3);
  copy.reset();
  EXPECT_EQ(frame.use_count(), 2) << "a freed buffer lets go of its frame";
  remove_frame_ride(buffer.get());
  EXPECT_EQ(frame_ride(buffer.get()), nullptr);
  EXPECT_EQ(frame.use_count(), 1);
}

TEST_F(RcnnMeta, ComputesBordersOfKnownCases) {
  GstVideoInfo from;
  GstVideoInfo to;
  gst_video_info_set_format(&from, GST_VIDEO_FORMAT_RGB, 320, 240);
  gst_video_info_set_format(&to, GST_VIDEO_FORMAT_RGB, 640, 640);
  const engine::ScaleMap map = videoscale_map(from, to);
  EXPECT_EQ(map.scale_x, 2);
  EXPECT_EQ(map.scale_y, 2);
  EXPECT_EQ(map.offset_x, 0);
  EXPECT_EQ(map.offset_y, 80);
}

}  // namespace
}  // namespace rcnn::elements
