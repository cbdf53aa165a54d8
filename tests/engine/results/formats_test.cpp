// SPDX-License-Identifier: MIT
#include "engine/results/formats.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "engine/errors.hpp"
#include "tests/support/files.hpp"

namespace rcnn::engine {
namespace {

using tests::lines_of;
using tests::read_text;
using tests::TempFolder;

using nlohmann::json;
using ::testing::HasSubstr;

const ClassNames kNames{{"person", "car"}, {1, 3}};

FrameResult image_result() {
  return {"000000041888.jpg",
          std::nullopt,
          std::nullopt,
          {640, 480},
          {{{1.23456F, 2, 11.5F, 22.25F}, 0.98765432F, 1, 0}}};
}

FrameResult frame_result() {
  auto result = image_result();
  result.file = "car.mp4";
  result.frame = 7;
  result.pts_ns = 280000000;
  return result;
}

std::string written(ResultFormat format, const std::vector<FrameResult>& results) {
  std::ostringstream out;
  ResultWriter writer("-", format, kNames, out);
  for (const auto& result : results) writer.add(result);
  writer.finish();
  return out.str();
}

TEST(Formats, Detectron2HasTheShapeOfTheGoldens) {
  EXPECT_EQ(json::parse(written(ResultFormat::kDetectron2, {image_result()})),
            json::parse(R"({"images": [{"file": "000000041888.jpg", "image_hw": [480, 640],
                            "boxes_xyxy": [[1.235, 2, 11.5, 22.25]], "scores": [0.987654], "classes": [1]}]})"));
}

TEST(Formats, CocoUsesTheDataSetsIdsAndCornerWithSize) {
  EXPECT_EQ(
      json::parse(written(ResultFormat::kCoco, {image_result()})),
      json::parse(
          R"([{"image_id": 41888, "category_id": 3, "bbox": [1.235, 2, 10.265, 20.25], "score": 0.987654}])"));
}

TEST(Formats, JsonLinesIsALineAFrame) {
  const auto lines = lines_of(written(ResultFormat::kJsonLines, {frame_result(), image_result()}));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(json::parse(lines[0]),
            json::parse(R"({"file": "car.mp4", "frame": 7, "pts_ns": 280000000, "objects":
                            [{"label": "car", "class": 1, "score": 0.987654, "bbox": [1.235, 2, 10.265, 20.25]}]})"));
  EXPECT_TRUE(json::parse(lines[1]).at("pts_ns").is_null());
}

TEST(Formats, JsonLinesNamesObjectsAsTheirResultDoes) {
  auto result = frame_result();
  result.objects.push_back(result.objects[0]);
  result.labels = {"lorry", "car"};
  const auto record = json::parse(written(ResultFormat::kJsonLines, {result}));
  EXPECT_EQ(record["objects"][0]["label"], "lorry");
  EXPECT_EQ(record["objects"][0]["class"], 1);
  EXPECT_EQ(record["objects"][1]["label"], "car");
}

TEST(Formats, JsonLinesSaysWhatAClassifierCalledObjectsAndFrames) {
  auto result = frame_result();
  result.objects.push_back(result.objects[0]);
  result.of_objects = {{}, {{"sports car", 817, 0.75}, {"racer", 751, 0.1234567}}};
  auto record = json::parse(written(ResultFormat::kJsonLines, {result}));
  EXPECT_FALSE(record.contains("classifications"));
  EXPECT_FALSE(record["objects"][0].contains("classifications"));
  EXPECT_EQ(record["objects"][1]["classifications"],
            json::parse(R"([{"label": "sports car", "class": 817, "score": 0.75},
                            {"label": "racer", "class": 751, "score": 0.123457}])"));
  result.classifications = {{"street", 3, 1}};
  record = json::parse(written(ResultFormat::kJsonLines, {result}));
  EXPECT_EQ(record["classifications"], json::parse(R"([{"label": "street", "class": 3, "score": 1.0}])"));
}

TEST(Formats, MasksAreCocosRunLengths) {
  auto result = image_result();
  result.objects[0].mask = {3, 2, {2, 2, 2}};
  const auto segmentation = json::parse(R"({"size": [2, 3], "counts": "222"})");
  EXPECT_EQ(json::parse(written(ResultFormat::kDetectron2, {result}))["images"][0]["masks_rle"],
            json::array({segmentation}));
  EXPECT_EQ(json::parse(written(ResultFormat::kCoco, {result}))[0]["segmentation"], segmentation);
  EXPECT_EQ(json::parse(written(ResultFormat::kJsonLines, {result}))["objects"][0]["segmentation"],
            segmentation);
}

TEST(Formats, KeypointsAreShiftedForCocoAlone) {
  auto result = image_result();
  result.objects[0].keypoints = {{10.5F, 20, 0.25F}, {-3, 7.5F, 1.5F}};
  const auto listed = json::parse("[[10.5, 20, 0.25], [-3, 7.5, 1.5]]");
  EXPECT_EQ(json::parse(written(ResultFormat::kDetectron2, {result}))["images"][0]["keypoints_xys"],
            json::array({listed}));
  EXPECT_EQ(json::parse(written(ResultFormat::kJsonLines, {result}))["objects"][0]["keypoints"], listed);
  EXPECT_EQ(json::parse(written(ResultFormat::kCoco, {result}))[0]["keypoints"],
            json::parse("[10, 19.5, 0.25, -3.5, 7, 1.5]"));
}

TEST(Formats, NoResultsAreStillADocument) {
  EXPECT_EQ(json::parse(written(ResultFormat::kCoco, {})), json::array());
  EXPECT_EQ(json::parse(written(ResultFormat::kDetectron2, {})), json::parse(R"({"images": []})"));
  EXPECT_EQ(written(ResultFormat::kJsonLines, {}), "");
}

TEST(Formats, CocoImageIdIsANumberForDigitsOnly) {
  FrameResult result;
  result.file = "sub/000000000139.jpg";
  EXPECT_EQ(coco_image_id(result), 139);
  result.file = "holiday.jpg";
  EXPECT_EQ(coco_image_id(result), "holiday.jpg");
  result.file = "99999999999999999999.jpg";
  EXPECT_EQ(coco_image_id(result), "99999999999999999999.jpg");
  EXPECT_EQ(coco_image_id(frame_result()), "car.mp4#7");
}

TEST(Formats, ImagesOfOneNumberAreFound) {
  const std::vector<std::string> apart{"139.jpg", "b.jpg", "sub/b.jpg", "140.jpg", "139.jpg"};
  EXPECT_TRUE(shared_coco_image_ids(apart).files.empty());
  const std::vector<std::string> shared{"7.jpg", "139.jpg", "a/000139.jpg", "8.jpg", "b/0139.png", "007.jpg"};
  const auto found = shared_coco_image_ids(shared);
  EXPECT_EQ(found.first, "139.jpg");
  EXPECT_EQ(found.second, "a/000139.jpg");
  EXPECT_THAT(found.files,
              ::testing::ElementsAre("007.jpg", "139.jpg", "7.jpg", "a/000139.jpg", "b/0139.png"));
}

TEST(ResultWriter, NamedImagesHaveTheirNameAsCocosId) {
  auto first = image_result(), second = image_result(), third = image_result();
  first.file = "a/139.jpg";
  second.file = "b/139.jpg";
  std::ostringstream out;
  ResultWriter writer("-", ResultFormat::kCoco, kNames, out);
  writer.set_named_images({"a/139.jpg", "b/139.jpg"});
  for (const auto& result : {first, second, third}) writer.add(result);
  writer.finish();
  std::vector<json> ids;
  for (const auto& record : json::parse(out.str())) ids.push_back(record.at("image_id"));
  EXPECT_EQ(ids, (std::vector<json>{"a/139.jpg", "b/139.jpg", 41888}));
}

TEST(Formats, ClassesWithoutANameHaveANumber) {
  EXPECT_EQ(kNames.label(0), "person");
  EXPECT_EQ(kNames.label(9), "class 9");
  EXPECT_EQ(kNames.category_id(9), 9);
}

TEST(Formats, FileNamesOfAnyBytesStayApartInValidJson) {
  std::vector<FrameResult> results(2, image_result());
  results[0].file = "caf\xE9.jpg";
  results[1].file = "caf\xE8.jpg";
  const auto images = json::parse(written(ResultFormat::kDetectron2, results)).at("images");
  EXPECT_EQ(images[0].at("file"), "caf%E9.jpg");
  EXPECT_EQ(images[1].at("file"), "caf%E8.jpg");
  const auto coco = json::parse(written(ResultFormat::kCoco, results));
  EXPECT_EQ(coco[0].at("image_id"), "caf%E9.jpg");
  for (auto& result : results) result.frame = 7;
  EXPECT_EQ(coco_image_id(results[0]), "caf%E9.jpg#7");
  EXPECT_EQ(json::parse(lines_of(written(ResultFormat::kJsonLines, results)).at(1)).at("file"), "caf%E8.jpg");
}

TEST(Formats, NamesInResultsAreThoseOfTheFilesWhereTheyAreUtf8) {
  for (const char* name :
       {"a.jpg", "50%.jpg", "caf\xC3\xA9.jpg", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD"})
    EXPECT_EQ(name_in_results(name), name);
  EXPECT_EQ(name_in_results("50%\xE9"), "50%25%E9");
  EXPECT_EQ(name_in_results("\xC3\xA9\xC3"), "\xC3\xA9%C3") << "cut";
  EXPECT_EQ(name_in_results("\xC0\xAF"), "%C0%AF") << "longer than need be";
  EXPECT_EQ(name_in_results("\xE0\x80\xAF"), "%E0%80%AF") << "longer than need be";
  EXPECT_EQ(name_in_results("\xED\xA0\x80"), "%ED%A0%80") << "half of a pair";
  EXPECT_EQ(name_in_results("\xF4\x90\x80\x80\xF8"), "%F4%90%80%80%F8") << "beyond the last code";
}

// As `exec 3>log` leaves it.
TEST(ResultWriter, OpenDescriptorsAreWrittenOn) {
  const TempFolder folder;
  for (const auto format : {ResultFormat::kJsonLines, ResultFormat::kCoco}) {
    const int descriptor = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSERT_EQ(::write(descriptor, "before\n", 7), 7);
    std::ostringstream unused;
    ResultWriter writer("/dev/fd/" + std::to_string(descriptor), format, kNames, unused);
    writer.add(image_result());
    writer.finish();
    ASSERT_EQ(::write(descriptor, "after\n", 6), 6);
    ::close(descriptor);
    const auto lines = lines_of(read_text(folder / "log"));
    EXPECT_EQ(lines.front(), "before");
    EXPECT_GT(lines.size(), 2U);
    EXPECT_EQ(lines.back(), "after");
  }
}

TEST(ResultWriter, WholeFilesAppearAtTheEnd) {
  const TempFolder folder;
  const auto file = folder / "results.json";
  std::ostringstream unused;
  ResultWriter writer(file.string(), ResultFormat::kCoco, kNames, unused);
  writer.add(image_result());
  EXPECT_FALSE(std::filesystem::exists(file));
  writer.finish();
  EXPECT_EQ(json::parse(read_text(file)).size(), 1U);
  EXPECT_EQ(unused.str(), "");
}

TEST(ResultWriter, LinesAreThereAtOnce) {
  const TempFolder folder;
  const auto file = folder / "results.jsonl";
  std::ostringstream unused;
  ResultWriter writer(file.string(), ResultFormat::kJsonLines, kNames, unused);
  writer.add(frame_result());
  EXPECT_EQ(lines_of(read_text(file)).size(), 1U);
}

TEST(ResultWriter, FullDiskIsAnError) {
  std::ostringstream unused;
  EXPECT_THROW(
      {
        ResultWriter writer("/dev/full", ResultFormat::kJsonLines, kNames, unused);
        writer.add(image_result());
        writer.finish();
      },
      Error);
}

TEST(Formats, UnknownNameIsRefusedWithThoseThereAre) {
  try {
    parse_result_format("xml");
    FAIL();
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'xml' is not known: give coco, detectron2, json-lines or raw"));
  }
}

}  // namespace
}  // namespace rcnn::engine
