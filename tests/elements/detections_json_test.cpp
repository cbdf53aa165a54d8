// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gst/video/gstvideometa.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/elements/gst_fixture.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::elements {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using tests::Pipeline;

class DetectionsJson : public tests::GstTest {
 protected:
  std::string location() const { return (folder_ / "found.jsonl").string(); }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    for (const auto& line : tests::lines_of(tests::read_text(location()))) {
      all.push_back(nlohmann::json::parse(line));
    }
    return all;
  }
  const tests::TempFolder folder_;
};

const std::string kSource =
    "videotestsrc num-buffers=3 ! video/x-raw,format=BGR,width=96,height=64,framerate=10/1 ! ";

TEST_F(DetectionsJson, SaysWhatTheMetaSays) {
  Pipeline pipeline(kSource + tests::six() + " ! detections-json source=camera location=" + location() +
                    " ! fakesink name=out");
  std::vector<std::vector<RcnnDetection>> carried;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    const auto* meta = rcnn_buffer_get_detections_meta(buffer);
    carried.emplace_back(meta->detections, meta->detections + meta->count);
  };
  const auto outcome = pipeline.run();
  ASSERT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_THAT(outcome.warnings, IsEmpty());
  pipeline.set(GST_STATE_NULL);
  const auto records = lines();
  ASSERT_EQ(records.size(), 3U);
  ASSERT_EQ(carried.size(), 3U);
  std::size_t objects = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].at("file"), "camera");
    EXPECT_EQ(records[i].at("frame"), i);
    EXPECT_EQ(records[i].at("pts_ns"), i * 100'000'000);
    ASSERT_EQ(records[i].at("objects").size(), carried[i].size());
    for (std::size_t k = 0; k < carried[i].size(); ++k, ++objects) {
      const auto& object = records[i].at("objects")[k];
      EXPECT_EQ(object.at("label"), g_quark_to_string(carried[i][k].label));
      EXPECT_EQ(object.at("class"), carried[i][k].class_id);
      EXPECT_NEAR(object.at("score").get<double>(), carried[i][k].score, 1e-6);
      EXPECT_NEAR(object.at("bbox")[0].get<double>(), carried[i][k].x0, 1e-3);
      EXPECT_NEAR(object.at("bbox")[3].get<double>(), carried[i][k].y1 - carried[i][k].y0, 2e-3);
    }
  }
  EXPECT_GT(objects, 0U);
}

/// The "classification" structures of a region, as a record says them.
nlohmann::json classifications_of(const GstVideoRegionOfInterestMeta* region) {
  auto list = nlohmann::json::array();
  for (const GList* entry = region->params; entry != nullptr; entry = entry->next) {
    const auto* fields = static_cast<const GstStructure*>(entry->data);
    int id = -1;
    double confidence = -1;
    if (gst_structure_has_name(fields, "classification") == FALSE) continue;
    gst_structure_get(fields, "label_id", G_TYPE_INT, &id, "confidence", G_TYPE_DOUBLE, &confidence, nullptr);
    list.push_back({{"label", gst_structure_get_string(fields, "label")},
                    {"class", id},
                    {"score", std::round(confidence * 1e6) / 1e6}});
  }
  return list;
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

std::string classify(const std::string& properties) {
  return " ! neuron-classify model=" + tests::tiny_classifier().string() + " " + properties;
}

// The tiny model finds objects that the classifier tells apart, so a line that mixed them up would show.
TEST_F(DetectionsJson, SaysWhatAClassifierCalledEachObject) {
  Pipeline pipeline(kSource + "neuronrcnn" + tests::with_model() + classify("top=2") +
                    classify("regions=frame top=1") + " ! detections-json location=" + location() +
                    " ! fakesink name=out");
  std::vector<nlohmann::json> carried;  // A list of classifications for each object, then the frame's
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    auto& frame = carried.emplace_back(nlohmann::json::array());
    for (const auto* region : regions_of(buffer)) frame.push_back(classifications_of(region));
  };
  ASSERT_EQ(pipeline.run().end, "eos");
  pipeline.set(GST_STATE_NULL);
  const auto records = lines();
  ASSERT_EQ(records.size(), 3U);
  std::set<std::string> different;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& objects = records[i].at("objects");
    ASSERT_EQ(objects.size() + 1, carried[i].size());
    for (std::size_t k = 0; k < objects.size(); ++k) {
      EXPECT_EQ(objects[k].value("classifications", nlohmann::json::array()), carried[i][k]);
      different.insert(carried[i][k].dump());
    }
    EXPECT_EQ(records[i].at("classifications"), carried[i].back());
    EXPECT_EQ(records[i].at("classifications").size(), 1U);
  }
  EXPECT_GT(different.size(), 1U);
}

TEST_F(DetectionsJson, SaysWhatAFrameWasCalledWithoutADetector) {
  Pipeline pipeline(kSource.substr(0, kSource.size() - 3) + classify("top=3") +
                    " ! detections-json location=" + location() + " ! fakesink name=out");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos");
  EXPECT_THAT(outcome.warnings, IsEmpty());
  EXPECT_THAT(lines().at(0).at("objects"), IsEmpty());
  EXPECT_EQ(lines().at(0).at("classifications").size(), 3U);
}

// They drop what regions say.
TEST_F(DetectionsJson, SaysWhatAClassifierCalledThemBehindElementsThatConvertOrScale) {
  const auto called = [this](const std::string& detector, const std::string& between) {
    EXPECT_EQ(Pipeline(kSource + detector + classify("top=2").substr(3) + classify("regions=frame top=1") +
                       between + " ! detections-json location=" + location() + " ! fakesink name=out")
                  .run()
                  .end,
              "eos");
    auto all = nlohmann::json::array();
    for (const auto& record : lines()) {
      all.push_back(record.at("classifications"));
      for (const auto& object : record.at("objects")) {
        all.push_back(object.value("classifications", nlohmann::json::array()));
      }
    }
    return all;
  };
  for (const std::string& detector : {"neuronrcnn" + tests::with_model() + " ! ", std::string()}) {
    const auto expected = called(detector, "");
    EXPECT_EQ(expected.at(0).size(), detector.empty() ? 3U : 1U);
    for (const char* between :
         {" ! videoconvert ! video/x-raw,format=I420", " ! videoscale ! video/x-raw,width=192,height=192"}) {
      EXPECT_EQ(called(detector, between), expected) << detector << between;
    }
  }
}

// Regions of another detector have numbers of their own.
TEST_F(DetectionsJson, LeavesOtherDetectorsObjectsAlone) {
  Pipeline pipeline(kSource + "identity name=theirs ! neuronrcnn" + tests::with_model() +
                    " ! detections-json location=" + location() + " ! fakesink name=out");
  const auto theirs = pipeline.named("theirs");
  g_object_set(theirs.get(), "signal-handoffs", TRUE, nullptr);
  const auto attach = +[](GstElement*, GstBuffer* buffer, gpointer) {
    auto* region = gst_buffer_add_video_region_of_interest_meta(buffer, "their cat", 0, 0, 8, 8);
    gst_video_region_of_interest_meta_add_param(region, gst_structure_new_empty("detection"));
    gst_video_region_of_interest_meta_add_param(
        region, gst_structure_new("classification", "label", G_TYPE_STRING, "tabby", "label_id", G_TYPE_INT,
                                  1, "confidence", G_TYPE_DOUBLE, 0.5, nullptr));
  };
  g_signal_connect(theirs.get(), "handoff", G_CALLBACK(attach), nullptr);
  ASSERT_EQ(pipeline.run().end, "eos");
  pipeline.set(GST_STATE_NULL);
  EXPECT_THAT(tests::read_text(location()), AllOf(HasSubstr("objects"), Not(HasSubstr("tabby"))));
}

// Each of two detectors in a chain has classes of its own, whose numbers both begin with 0.
TEST_F(DetectionsJson, CallsEachObjectWhatItsOwnDetectorDoes) {
  Pipeline pipeline(kSource + "identity name=first signal-handoffs=true ! neuronrcnn" + tests::with_model() +
                    " ! detections-json location=" + location() + " ! fakesink name=out");
  const auto attach = +[](GstElement*, GstBuffer* buffer, gpointer) {
    std::vector<engine::Detection> faces(3);
    for (int i = 0; i < 3; ++i) faces[static_cast<std::size_t>(i)].label = i;
    attach_detections(buffer, faces, {"smiling", "grave", "asleep"}, 96, 64);
  };
  g_signal_connect(pipeline.named("first").get(), "handoff", G_CALLBACK(attach), nullptr);
  std::vector<std::string> carried;
  pipeline.on_buffer = [&](GstBuffer* buffer) {
    const auto* meta = rcnn_buffer_get_detections_meta(buffer);
    for (guint i = 0; i < meta->count; ++i) {
      carried.emplace_back(g_quark_to_string(meta->detections[i].label));
    }
  };
  ASSERT_EQ(pipeline.run().end, "eos");
  pipeline.set(GST_STATE_NULL);
  std::vector<std::string> written;
  for (const auto& record : lines()) {
    for (const auto& object : record.at("objects")) written.push_back(object.at("label"));
  }
  EXPECT_EQ(written, carried);
  EXPECT_THAT(written, AllOf(Contains("smiling"), Contains(HasSubstr("class "))));
}

// A file's bytes are counted, not timed.
TEST_F(DetectionsJson, TakesTimesAsTheyAreWhereTheSegmentHasNone) {
  tests::Harness harness("detections-json location=" + location());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
  ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, 3)), GST_FLOW_OK);
  EXPECT_EQ(lines().at(0).at("pts_ns"), 3 * GST_SECOND / 30);
}

TEST_F(DetectionsJson, CallsAFilesStreamByItsName) {
  const std::string clip = tests::source_file("media/clip.mp4");
  Pipeline pipeline("filesrc location=" + clip +
                    " ! decodebin ! identity eos-after=3 ! videoconvert ! videoscale ! " +
                    "video/x-raw,format=BGR,width=96,height=64 ! neuronrcnn" + tests::with_model() +
                    " ! detections-json location=" + location() + " ! fakesink name=out");
  ASSERT_EQ(pipeline.run().end, "eos");
  ASSERT_FALSE(lines().empty());
  EXPECT_EQ(lines().front().at("file"), clip);
}

// One after the other through one element, as concat and players without gaps hand them on.
TEST_F(DetectionsJson, CallsEachOfSeveralFilesByItsNameAndCountsItsFrames) {
  std::string branches;
  std::vector<std::pair<std::string, int>> expected;
  for (const int frames : {3, 2, 4}) {
    const std::string file = (folder_ / (std::to_string(frames) + " frames.mp4")).string();
    Pipeline made("videotestsrc num-buffers=" + std::to_string(frames) +
                  " ! video/x-raw,format=I420,width=96,height=64 ! x264enc ! mp4mux ! filesink location=\"" +
                  file + "\"");
    ASSERT_EQ(made.run().end, "eos");
    branches += "filesrc location=\"" + file + "\" ! qtdemux ! avdec_h264 ! all. ";
    for (int i = 0; i < frames; ++i) expected.emplace_back(file, i);
  }
  const auto written = [this](const std::string& line) {
    EXPECT_EQ(Pipeline(line).run().end, "eos");
    std::vector<std::pair<std::string, int>> records;
    for (const auto& record : lines()) records.emplace_back(record.at("file"), record.at("frame"));
    return records;
  };
  const auto chain = "detections-json location=" + location() + " ! fakesink name=out " + branches;
  EXPECT_EQ(written("concat name=all ! neuronrcnn" + tests::with_model() + " ! " + chain), expected);
  for (auto& [file, frame] : expected) file = "tape";
  EXPECT_EQ(written("concat name=all ! identity ! detections-json source=tape location=" + location() +
                    " ! fakesink name=out " + branches),
            expected);
}

// What several streams are mixed into is no file's.
TEST_F(DetectionsJson, GivesNoNameWhereItCannotTellWhichIsRight) {
  const std::string clip =
      "filesrc location=" + tests::source_file("media/clip.mp4") + " ! qtdemux ! avdec_h264 ! mixer. ";
  Pipeline pipeline("compositor name=mixer ! identity eos-after=3 ! detections-json location=" + location() +
                    " ! fakesink name=out " + clip + clip);
  ASSERT_EQ(pipeline.run().end, "eos");
  EXPECT_EQ(lines().at(0).at("file"), "");
}

TEST_F(DetectionsJson, GoesOnCountingWhenItIsLinkedAnew) {
  tests::Harness harness("detections-json location=" + location());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  GstPad* source = harness.get()->srcpad;
  const PadPtr sink(gst_pad_get_peer(source));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR, i)), GST_FLOW_OK);
    gst_pad_unlink(source, sink.get());
    ASSERT_EQ(gst_pad_link(source, sink.get()), GST_PAD_LINK_OK);
  }
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_stream_start("another")));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(gst_harness_push_event(harness.get(), gst_event_new_segment(&segment)));
  ASSERT_EQ(harness.push(tests::picture(96, 64, GST_VIDEO_FORMAT_BGR)), GST_FLOW_OK);
  std::vector<int> frames;
  for (const auto& record : lines()) frames.push_back(record.at("frame"));
  EXPECT_THAT(frames, ElementsAre(0, 1, 0));
}

// Cameras of one process, each with its `source`.
TEST_F(DetectionsJson, SharesAFileWithOthers) {
  const auto camera = [this](const std::string& name, const std::string& file) {
    return "videotestsrc num-buffers=200 ! video/x-raw,format=BGR,width=16,height=16,framerate=10/1 ! "
           "detections-json source=" +
           name + std::string(300, 'x') + " location=" + file + " ! fakesink ";
  };
  const auto other_name = (folder_ / ".." / folder_.path().filename() / "found.jsonl").string();
  for (int run = 0; run < 2; ++run) {  // The second begins anew.
    Pipeline pipeline(camera("north", location()) + camera("south", other_name) + camera("west", location()));
    ASSERT_EQ(pipeline.run().end, "eos");
    pipeline.set(GST_STATE_NULL);
    std::map<std::string, int> next;
    for (const auto& record : lines()) {
      EXPECT_EQ(record.at("frame"), next[record.at("file").get<std::string>()]++);
    }
    ASSERT_EQ(next.size(), 3U);
    for (const auto& [name, frames] : next) EXPECT_EQ(frames, 200) << name;
  }
}

TEST_F(DetectionsJson, WarnsWhereThereIsNothingToWrite) {
  Pipeline pipeline(kSource + "detections-json location=" + location() + " ! fakesink name=out");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos");
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("after postprocess-overlay")));
  EXPECT_EQ(pipeline.count(), 3);
  EXPECT_THAT(lines().at(0).at("objects"), IsEmpty());
}

TEST_F(DetectionsJson, SaysWhereItCannotWrite) {
  for (const std::string& property :
       {std::string(), "location=" + (folder_ / ".").string(), std::string("location=/dev/full")}) {
    Pipeline pipeline(kSource + "detections-json name=writer " + property + " ! fakesink name=out");
    const auto outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "error") << property;
    EXPECT_EQ(outcome.source, "writer");
    EXPECT_THAT(outcome.error, property.empty() ? HasSubstr("location=FILE.jsonl")
                                                : HasSubstr("Cannot write the results to"));
  }
}

}  // namespace
}  // namespace rcnn::elements
