// SPDX-License-Identifier: MIT
#include "launch/video_pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elements/register.hpp"
#include "engine/errors.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

/// Factory names of a pipeline's elements.
std::vector<std::string> factories(GstElement* pipeline) {
  std::vector<std::string> names;
  for (const GList* child = GST_BIN_CHILDREN(pipeline); child != nullptr; child = child->next) {
    names.emplace_back(GST_OBJECT_NAME(gst_element_get_factory(GST_ELEMENT(child->data))));
  }
  return names;
}

class VideoPipelineTest : public ::testing::Test {
 protected:
  VideoPipelineTest() {
    gst_init(nullptr, nullptr);
    elements::register_static_plugin();
  }
  const DetectOptions options_{
      .model = "model.rcnn", .cores = "1", .max_in_flight = 7, .deterministic = true, .threshold = 0.25F};
};

TEST_F(VideoPipelineTest, SettingsReachTheElement) {
  const VideoPipeline pipeline({{"clip.mp4", InputKind::kVideo, "clip.mp4"}, {}}, options_);
  GstElement* network = nullptr;
  for (const GList* child = GST_BIN_CHILDREN(pipeline.element()); child != nullptr; child = child->next) {
    auto* element = GST_ELEMENT(child->data);
    if (std::string(GST_OBJECT_NAME(gst_element_get_factory(element))) == "neuronrcnn") network = element;
  }
  ASSERT_NE(network, nullptr);
  gchar* model = nullptr;
  gchar* cores = nullptr;
  int in_flight = 0;
  double threshold = 0;
  gboolean overlay = TRUE;
  gboolean deterministic = FALSE;
  g_object_get(network, "model", &model, "cores", &cores, "max-in-flight", &in_flight, "score-threshold",
               &threshold, "overlay", &overlay, "deterministic", &deterministic, nullptr);
  EXPECT_TRUE(deterministic);
  EXPECT_STREQ(model, "model.rcnn");
  EXPECT_STREQ(cores, "1");
  EXPECT_EQ(in_flight, 7);
  EXPECT_DOUBLE_EQ(threshold, 0.25);
  EXPECT_FALSE(overlay) << "nothing is drawn that nobody will see";
  g_free(model);
  g_free(cores);
}

// A camera that outruns the network loses frames; a file loses none.
TEST_F(VideoPipelineTest, OnlyCamerasMayDropFrames) {
  const VideoPipeline file({{"clip.mp4", InputKind::kVideo, "clip.mp4"}, {}}, options_);
  EXPECT_THAT(factories(file.element()), ::testing::Not(::testing::Contains("queue")));
  const VideoPipeline camera({{"/dev/video0", InputKind::kCamera, "/dev/video0"}, {}, "videotestsrc"},
                             options_);
  EXPECT_THAT(factories(camera.element()), ::testing::Contains("queue"));
}

TEST_F(VideoPipelineTest, EncoderIsThereForAnnotatedFilesOnly) {
  const TempFolder folder;
  const VideoJob job{{"clip.mp4", InputKind::kVideo, "clip.mp4"}, folder / "seen.mp4"};
  EXPECT_THAT(factories(VideoPipeline(job, options_).element()), ::testing::Contains("mp4mux"));
  const VideoPipeline without({{"clip.mp4", InputKind::kVideo, "clip.mp4"}, {}}, options_);
  EXPECT_THAT(factories(without.element()), ::testing::Not(::testing::Contains("x264enc")));
}

}  // namespace
}  // namespace rcnn::launch
