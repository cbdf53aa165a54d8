// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/elements/gst_fixture.hpp"
#include "tests/support/shared_files.hpp"
#include "tests/support/files.hpp"

namespace rcnn::elements {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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
