// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gst/video/gstvideometa.h>

#include <algorithm>

#include "elements/latency_meter.hpp"
#include "pipeline/classifier.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/latency.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::elements {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using NeuronClassify = tests::GstTest;

std::string classify(const std::string& properties = "") {
  return "neuron-classify model=" + tests::tiny_classifier().string() + " " + properties;
}

BufferPtr through(const std::string& line, const char* format = "BGR") {
  tests::Harness harness(line);
  harness.set_caps(tests::caps_of(96, 64, format));
  EXPECT_EQ(harness.push(tests::picture(96, 64, gst_video_format_from_string(format))), GST_FLOW_OK);
  return harness.pull();
}

std::vector<GstVideoRegionOfInterestMeta*> regions_of(GstBuffer* buffer) {
  std::vector<GstVideoRegionOfInterestMeta*> regions;
  gpointer state = nullptr;
  while (GstMeta* meta =
             gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    regions.push_back(reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta));
  }
  return regions;
}

/// Confidences of the region's "classification" structures, in their order.
std::vector<double> confidences(const GstVideoRegionOfInterestMeta* region) {
  std::vector<double> all;
  for (GList* entry = region->params; entry != nullptr; entry = entry->next) {
    const auto* fields = static_cast<GstStructure*>(entry->data);
    double confidence = 0;
    int id = -1;
    if (!gst_structure_has_name(fields, "classification")) continue;
    EXPECT_TRUE(gst_structure_get_double(fields, "confidence", &confidence));
    EXPECT_TRUE(gst_structure_get_int(fields, "label_id", &id));
    EXPECT_EQ(gst_structure_get_string(fields, "label"), "class " + std::to_string(id));
    all.push_back(confidence);
  }
  return all;
}

TEST_F(NeuronClassify, NamesTheWholeFrameInEveryFormat) {
  for (const char* format : {"BGR", "RGB", "BGRx", "RGBx", "NV12", "I420"}) {
    const auto buffer = through(classify("top=3 overlay=false"), format);
    const auto regions = regions_of(buffer.get());
    ASSERT_EQ(regions.size(), 1U);
    EXPECT_THAT(g_quark_to_string(regions[0]->roi_type), ::testing::StartsWith("class "));
    EXPECT_EQ(regions[0]->w, 96U);
    EXPECT_EQ(regions[0]->h, 64U);
    const auto found = confidences(regions[0]);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_TRUE(std::is_sorted(found.rbegin(), found.rend()));
    EXPECT_GT(found[0], 1.0 / 7);  // The best of seven
  }
}

TEST_F(NeuronClassify, NamesEachObjectThatADetectorFound) {
  const auto buffer =
      through("neuronrcnn overlay=false" + tests::with_model() + " ! " + classify("overlay=false"));
  const auto* found = rcnn_buffer_get_detections_meta(buffer.get());
  ASSERT_NE(found, nullptr);
  ASSERT_GT(found->count, 1U);
  const auto regions = regions_of(buffer.get());
  ASSERT_EQ(regions.size(), found->count);
  std::vector<double> best;
  for (const auto* region : regions) {
    if (region->w == 0 || region->h == 0) continue;
    const auto all = confidences(region);
    ASSERT_EQ(all.size(), 1U);
    best.push_back(all[0]);
  }
  EXPECT_NE(*std::min_element(best.begin(), best.end()), *std::max_element(best.begin(), best.end()));
}

// Boxes begin on odd pixels, too, between samples of colour.
TEST_F(NeuronClassify, NamesObjectsInYuvAsBehindAVideoconvert) {
  const auto scores = [](const std::string& line, const char* format) {
    const auto buffer = through(
        line + "neuronrcnn overlay=false" + tests::with_model() + " ! " + classify("overlay=false"), format);
    std::vector<std::vector<double>> all;
    for (const auto* region : regions_of(buffer.get())) all.push_back(confidences(region));
    return all;
  };
  for (const char* format : {"NV12", "I420"}) {
    const auto found = scores("", format);
    EXPECT_GT(found.size(), 1U);
    EXPECT_EQ(found, scores("videoconvert ! video/x-raw,format=BGR ! ", format)) << format;
  }
}

// Both drop what a detector's regions say.
TEST_F(NeuronClassify, FindsTheObjectsBehindElementsThatConvertOrScale) {
  const auto count = [](const std::string& between) {
    const auto buffer = through("neuronrcnn overlay=false" + tests::with_model() + " ! " + between +
                                classify("overlay=false"));
    const auto* found = rcnn_buffer_get_detections_meta(buffer.get());
    const auto regions = regions_of(buffer.get());
    EXPECT_EQ(regions.size(), found->count) << between;
    return std::ranges::count_if(regions, [](const auto* region) { return confidences(region).size() == 1; });
  };
  const auto expected = count("");
  EXPECT_GT(expected, 1);
  EXPECT_EQ(count("videoconvert ! video/x-raw,format=RGB ! "), expected);
  EXPECT_EQ(count("videoscale ! video/x-raw,width=192,height=128 ! "), expected);
}

TEST_F(NeuronClassify, SaysAgainWhatOneBeforeSaidOfTheObjects) {
  const auto said = [](const std::string& between) {
    const auto buffer =
        through("neuronrcnn overlay=false" + tests::with_model() + " ! " + classify("overlay=false top=2") +
                " ! " + between + classify("overlay=false threshold=1"));
    std::vector<std::vector<double>> all;
    for (const auto* region : regions_of(buffer.get())) all.push_back(confidences(region));
    return all;
  };
  const auto expected = said("");
  EXPECT_GT(expected.size(), 1U);
  EXPECT_EQ(expected.at(0).size(), 2U);
  EXPECT_EQ(said("videoconvert ! video/x-raw,format=RGB ! "), expected);
  EXPECT_EQ(said("videoscale ! video/x-raw,width=192,height=128 ! "), expected);
}

TEST_F(NeuronClassify, WarnsWhereNoDetectorCameBefore) {
  const auto warnings = [](const std::string& line) {
    tests::Harness harness(line);
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    EXPECT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_eos()));
    return harness.message(GST_MESSAGE_WARNING);
  };
  EXPECT_THAT(warnings(classify("regions=objects")),
              AllOf(HasSubstr("No frame carried objects"), HasSubstr("regions=frame")));
  EXPECT_EQ(warnings(classify()), "");
}

TEST_F(NeuronClassify, RefusesABufferThatIsTooSmall) {
  tests::Harness harness(classify());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  BufferPtr buffer(gst_buffer_new_allocate(nullptr, 100, nullptr));
  EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR);
  EXPECT_THAT(harness.message(GST_MESSAGE_ERROR),
              AllOf(HasSubstr("a buffer of 100 bytes"), HasSubstr("96x64"), HasSubstr("check the caps")));
}

TEST_F(NeuronClassify, RefusesAFrameThatReachesBeyondItsMemory) {
  tests::Harness harness(classify());
  harness.set_caps(tests::caps_of(96, 64, "NV12"));
  BufferPtr buffer(gst_buffer_new_allocate(nullptr, 96 * 96, nullptr));
  gst_buffer_memset(buffer.get(), 0, 128, 96 * 96);
  gsize offsets[GST_VIDEO_MAX_PLANES] = {0, 96 * 64};
  gint strides[GST_VIDEO_MAX_PLANES] = {96, 192};
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, 96, 64, 2,
                                 offsets, strides);
  EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_ERROR);
  EXPECT_THAT(harness.message(GST_MESSAGE_ERROR), ::testing::HasSubstr("beyond its memory"));
}

TEST_F(NeuronClassify, AFrameWithoutObjectsHasNothingToName) {
  const auto line = "neuronrcnn score-threshold=1" + tests::with_model() + " ! ";
  EXPECT_TRUE(regions_of(through(line + classify()).get()).empty());
  EXPECT_EQ(regions_of(through(line + classify("regions=frame")).get()).size(), 1U);
}

TEST_F(NeuronClassify, LeavesOutClassesBelowTheThreshold) {
  EXPECT_TRUE(regions_of(through(classify("threshold=1")).get()).empty());
}

// The same bits as the classifier itself gives when it is loaded so.
TEST_F(NeuronClassify, DeterministicReachesTheClassifier) {
  const auto buffer = through(classify("top=7 overlay=false deterministic=true"));
  const auto picture = tests::picture(96, 64, GST_VIDEO_FORMAT_BGR);
  std::vector<guint8> bytes(gst_buffer_get_size(picture.get()));
  gst_buffer_extract(picture.get(), 0, bytes.data(), bytes.size());
  pipeline::SessionOptions options;
  options.model = tests::tiny_classifier();
  options.deterministic = true;
  const engine::ImageView view{bytes.data(), 96, 64, 3 * 96, engine::PixelFormat::kBgr};
  const auto logits = pipeline::Classifier::create(options)->logits(std::span(&view, 1));
  std::vector<double> expected;
  for (const auto& best : engine::top_classes(logits.at(0), 7)) expected.push_back(best.score);
  EXPECT_EQ(confidences(regions_of(buffer.get()).at(0)), expected);
  const ElementPtr element(gst_element_factory_make("neuron-classify", nullptr));
  gboolean deterministic = TRUE;
  g_object_get(element.get(), "deterministic", &deterministic, nullptr);
  EXPECT_FALSE(deterministic);
}

TEST_F(NeuronClassify, DrawsOnlyWhereItIsAsked) {
  const auto bytes = [](const BufferPtr& buffer) {
    std::vector<guint8> all(gst_buffer_get_size(buffer.get()));
    gst_buffer_extract(buffer.get(), 0, all.data(), all.size());
    return all;
  };
  const auto original = bytes(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR));
  EXPECT_EQ(bytes(through(classify("overlay=false"))), original);
  EXPECT_NE(bytes(through(classify())), original);
}

TEST_F(NeuronClassify, DrawsTheSameIntoRowsThatRunUpwards) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGR, 96, 64);
  const auto plain = tests::picture(info);
  const auto drawn = [&](bool upwards) {
    tests::Harness harness(classify());
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    EXPECT_EQ(harness.push(tests::laid_out(info, plain.get(), upwards)), GST_FLOW_OK);
    const BufferPtr out = harness.pull();
    std::vector<guint8> bytes;
    if (!out) return bytes;
    const auto top_down = tests::laid_out(info, out.get(), false);
    bytes.resize(gst_buffer_get_size(top_down.get()));
    gst_buffer_extract(top_down.get(), 0, bytes.data(), bytes.size());
    return bytes;
  };
  EXPECT_EQ(drawn(true), drawn(false));
}

TEST_F(NeuronClassify, LatencyIsThatOfOneClassificationOnTopOfUpstreams) {
  tests::Harness harness(classify());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  const auto latency = tests::latency_behind(harness);
  EXPECT_TRUE(latency.live);
  EXPECT_GT(latency.least, 10 * GST_MSECOND);
  EXPECT_EQ(latency.most - 20 * GST_MSECOND, latency.least - 10 * GST_MSECOND);
}

// Large frames, which take much longer than the classification alone.
TEST_F(NeuronClassify, LatencyIsMeasuredAndAnnounced) {
  tests::Harness harness(classify());
  harness.set_caps(tests::caps_of(6000, 4000, "BGR"));
  const auto estimate = tests::latency_behind(harness).least;
  GstClockTime slowest = 0, quickest = GST_CLOCK_TIME_NONE;
  for (guint64 i = 0; i < LatencyMeter::kEnoughFrames; ++i) {
    BufferPtr picture(gst_buffer_new_allocate(nullptr, gsize{3} * 6000 * 4000, nullptr));
    gst_buffer_memset(picture.get(), 0, 128, gsize{3} * 6000 * 4000);
    const auto began = gst_util_get_timestamp();
    ASSERT_EQ(harness.push(std::move(picture)), GST_FLOW_OK);
    const auto took = gst_util_get_timestamp() - began;
    slowest = std::max(slowest, took);
    quickest = std::min(quickest, took);
  }
  const auto measured = tests::latency_behind(harness).least;
  // It moves where it is wrong by more than a quarter and a millisecond.
  EXPECT_GE(measured - 10 * GST_MSECOND, quickest / 2);
  EXPECT_LE(measured - 10 * GST_MSECOND, slowest * 4 / 3 + GST_MSECOND);
  GstMessage* message = gst_bus_pop_filtered(harness.bus(), GST_MESSAGE_LATENCY);
  EXPECT_EQ(message != nullptr, measured != estimate);
  if (message != nullptr) gst_message_unref(message);
}

/// The error with which the element refuses to start.
std::string refusal(const std::string& line) {
  GstElement* pipeline = gst_parse_launch(("fakesrc ! " + line + " ! fakesink").c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PAUSED);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND, GST_MESSAGE_ERROR);
  std::string text = "no error";
  if (message != nullptr) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    text = error->message;
    g_clear_error(&error);
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return text;
}

TEST_F(NeuronClassify, SaysWhatItNeeds) {
  EXPECT_THAT(refusal("neuron-classify"), AllOf(HasSubstr("No model is set"), HasSubstr("--arch")));
  EXPECT_THAT(refusal("neuron-classify model=" + tests::tiny_model().string()),
              HasSubstr("holds the detector"));
  EXPECT_THAT(refusal("neuron-classify model=/nowhere.rcnn"), HasSubstr("/nowhere.rcnn"));
  EXPECT_THAT(refusal(classify("cores=99")), HasSubstr("99"));
}

}  // namespace
}  // namespace rcnn::elements
