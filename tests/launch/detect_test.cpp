// SPDX-License-Identifier: MIT
// `neuron-rcnn detect` as a user runs it, on a tiny model that sees things everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/ops/platform.hpp"
#include "tests/launch/detect_fixture.hpp"
#include "tests/support/processor_flags.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Detect = DetectTest;

TEST_F(Detect, FolderGivesATableAnImage) {
  const auto outcome = detect(images());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("a.png (120x90): "));
  EXPECT_THAT(outcome.out, HasSubstr("sub/c.bmp (64x64): "));
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex("  class [0-2] +0\\.[0-9]+ "));
  EXPECT_THAT(outcome.out, HasSubstr("3 frames, "));
}

TEST_F(Detect, WithoutAModelRunsTheDefaultOneAndSaysSo) {
  const auto outcome =
      run_neuron_rcnn("detect " + images(), "RCNN_DEFAULT_MODEL=" + tests::tiny_model().string());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "No -m: the default model runs, " + tests::tiny_model().string() + "\n");
  EXPECT_THAT(outcome.out, HasSubstr("3 frames, "));
}

TEST_F(Detect, BoxesLieInTheImageBestFirstAboveTheThreshold) {
  const auto outcome = detect(images() + " --format detectron2 --threshold 0.2");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto images = json::parse(outcome.out).at("images");
  EXPECT_THAT(files_of(images), ElementsAre("a.png", "b.jpg", "sub/c.bmp"));
  std::size_t objects = 0;
  for (const auto& image : images) {
    double before = 1;
    for (std::size_t i = 0; i < image.at("scores").size(); ++i, ++objects) {
      const double score = image.at("scores")[i];
      EXPECT_LE(score, before);
      EXPECT_GT(score, 0.2);
      before = score;
      const auto& box = image.at("boxes_xyxy")[i];
      EXPECT_GE(box[0].get<double>(), 0);
      EXPECT_LE(box[2].get<double>(), image.at("image_hw")[1].get<double>());
      EXPECT_LE(box[3].get<double>(), image.at("image_hw")[0].get<double>());
      EXPECT_LT(box[0].get<double>(), box[2].get<double>());
    }
  }
  EXPECT_GT(objects, 0U);
}

TEST_F(Detect, SettingsByAnOldNameAreTakenWithOneWarning) {
  const auto outcome = detect(images(), "NEURONCORE_GROUP_SIZES=1");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("set NEURON_RT_NUM_CORES=1 instead")));
}

TEST_F(Detect, MasksComeWithImagesAndVideosAlike) {
  const auto detect_masks = [](const std::string& arguments) {
    const auto outcome =
        run_neuron_rcnn("detect -m " + tests::tiny_model({.masks = true}).string() + " " + arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const auto results = json::parse(detect_masks((images_ / "a.png").string() + " --format coco"));
  ASSERT_FALSE(results.empty());
  for (const auto& result : results) {
    EXPECT_EQ(result.at("segmentation").at("size"), json::array({90, 120}));
    EXPECT_FALSE(result.at("segmentation").at("counts").get<std::string>().empty());
  }
  write_clip(out_ / "clip.mp4", 3);
  int objects = 0;
  for (const auto& line : lines_of(detect_masks((out_ / "clip.mp4").string() + " --format json-lines"))) {
    const auto frame = json::parse(line);
    for (const auto& object : frame.at("objects")) {
      EXPECT_EQ(object.at("segmentation").at("size"), json::array({120, 160}));
      ++objects;
    }
  }
  EXPECT_GT(objects, 0);
}

// Where the processor multiplies bf16 and 8 bits, values pass the programs' borders so, too.
TEST_F(Detect, EveryPartitionFindsTheSame) {
  const tests::TinyModelOptions bf16{.masks = true, .precision = "bf16"},
      int8{.masks = true, .precision = "int8"};
  auto mixed = int8;
  mixed.in_bf16 = {"rpn_head.conv", "fpn_output3", "fc1", "mask_fcn2"};
  auto mixed_heads = int8;
  mixed_heads.in_bf16 = {"res3.1.conv2", "fc2", "mask_fcn1"};
  for (auto options : {tests::TinyModelOptions{}, bf16, int8, mixed, mixed_heads}) {
    const auto found = [&](const std::string& partition) {
      options.partition = partition;
      return run_neuron_rcnn("detect -m " + tests::tiny_model(options).string() + " " + images() +
                             " --format detectron2");
    };
    const auto expected = found("fused+box-head");
    ASSERT_EQ(expected.code, 0) << expected.err;
    EXPECT_THAT(expected.out, HasSubstr("scores"));
    for (const char* partition : {"host", "backbone", "backbone+rpn-head", "fused", "rpn-levels+box-head"}) {
      const auto outcome = found(partition);
      EXPECT_EQ(outcome.out, expected.out) << options.precision << " " << partition << outcome.err;
    }
  }
}

// Cascade Lake and Alder Lake, for example, have the one and not the other.
TEST_F(Detect, SaysWhatAnInt8PlanComputesWithoutProductsOfBf16) {
  std::vector<std::string> lesser;
  if (tests::kernel_lists("avx512_vnni")) lesser.emplace_back("ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI");
  if (tests::kernel_lists("avx_vnni"))
    lesser.emplace_back("ONEDNN_MAX_CPU_ISA=AVX2_VNNI NEURON_EMU_ISA=AVX2");
  if (lesser.empty()) GTEST_SKIP() << "needs VNNI";
  tests::TinyModelOptions options{.precision = "int8"};
  options.in_bf16 = {"rpn_head.conv", "fpn_output3"};
  const auto arguments =
      "detect -m " + tests::tiny_model(options).string() + " " + images() + " --format detectron2";
  for (const auto& processor : lesser) {
    SCOPED_TRACE(processor);
    const auto held = run_neuron_rcnn(arguments, processor);
    ASSERT_EQ(held.code, 0) << held.err;
    EXPECT_THAT(lines_of(held.err),
                ElementsAre(HasSubstr("layers were planned in bf16; they are multiplied as f32")));
    EXPECT_THAT(held.out, HasSubstr("scores"));
  }
  if (engine::multiplies_bf16()) {
    EXPECT_THAT(lines_of(run_neuron_rcnn(arguments).err), ::testing::IsEmpty());
  }
}

TEST_F(Detect, UnreadableImagesAreNamedAndTheOthersComeOut) {
  write_text(images_ / "aa-broken.jpg", "no image");
  const auto outcome = detect(images() + " " + (images_ / "missing.png").string() + " --format detectron2");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("aa-broken.jpg"), HasSubstr("missing.png")));
  EXPECT_THAT(files_of(json::parse(outcome.out).at("images")), ElementsAre("a.png", "b.jpg", "sub/c.bmp"));
}

TEST_F(Detect, ResultsDoNotDependOnFramesInFlightNorOnCores) {
  const auto one =
      detect(images() + " --format detectron2 --max-in-flight 1 --cores 0", "NEURON_RT_NUM_CORES=2");
  ASSERT_EQ(one.code, 0) << one.err;
  for (const char* more :
       {"--max-in-flight 8", "--cores 0-1 --placement split", "--cores 1", "--cores auto"}) {
    EXPECT_EQ(detect(images() + " --format detectron2 " + more, "NEURON_RT_NUM_CORES=2").out, one.out)
        << more;
  }
}

TEST_F(Detect, FormatsAgreeWithEachOther) {
  const auto file = (images_ / "b.jpg").string();
  const auto whole = json::parse(detect(file + " --format detectron2").out).at("images")[0];
  const auto coco = json::parse(detect(file + " --json -").out);
  const auto line = json::parse(detect(file + " --format json-lines").out);
  ASSERT_GT(coco.size(), 0U);
  ASSERT_EQ(coco.size(), whole.at("scores").size());
  ASSERT_EQ(coco.size(), line.at("objects").size());
  for (std::size_t i = 0; i < coco.size(); ++i) {
    EXPECT_EQ(coco[i].at("image_id"), "b.jpg");
    EXPECT_EQ(coco[i].at("category_id"),
              whole.at("classes")[i].get<int>() + 1);  // The tiny data set counts from one.
    EXPECT_EQ(coco[i].at("bbox"), line.at("objects")[i].at("bbox"));
    EXPECT_EQ(coco[i].at("score"), whole.at("scores")[i]);
  }
}

TEST_F(Detect, ImagesOfOneNumberAreToldApartInCocosFormat) {
  cv::imwrite((images_ / "139.png").string(), make_picture(64, 64));
  cv::imwrite((images_ / "sub/000139.png").string(), make_picture(64, 64));
  const auto outcome = detect(images() + " --format coco");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("warning: '139.png' and 'sub/000139.png'")));
  std::set<json> ids;
  for (const auto& record : json::parse(outcome.out)) ids.insert(record.at("image_id"));
  EXPECT_THAT(ids, ElementsAre("139.png", "a.png", "b.jpg", "sub/000139.png", "sub/c.bmp"));
  EXPECT_EQ(detect(images() + " --format detectron2").err, "");
}

// An upright copy and one lying on its side with an EXIF mark are the same image.
TEST_F(Detect, ExifOrientationIsApplied) {
  cv::imwrite((images_ / "upright.png").string(), cv::imread(launch_data("exif6.png").string()));
  const auto results =
      json::parse(detect((images_ / "upright.png").string() + " " + launch_data("exif6.png").string() + " " +
                         launch_data("exif6.webp").string() + " --format detectron2")
                      .out);
  const auto& images = results.at("images");
  ASSERT_EQ(images.size(), 3U);
  for (const auto& image : images) {
    EXPECT_EQ(image.at("image_hw"), json({16, 24}));
    EXPECT_EQ(image.at("boxes_xyxy"), images[0].at("boxes_xyxy"));
  }
}

TEST_F(Detect, OddImagesComeOut) {
  const TempFolder odd;
  cv::imwrite((odd / "alpha.png").string(), cv::Mat(40, 50, CV_8UC4, cv::Scalar(1, 2, 3, 4)));
  cv::imwrite((odd / "deep.png").string(), cv::Mat(40, 50, CV_16UC3, cv::Scalar(1000, 2000, 60000)));
  cv::imwrite((odd / "grey.jpg").string(), cv::Mat(40, 50, CV_8UC1, cv::Scalar(99)));
  cv::imwrite((odd / "pixel.png").string(), cv::Mat(1, 1, CV_8UC3, cv::Scalar(9, 9, 9)));
  fs::copy_file(launch_data("cmyk.jpg"), odd / "cmyk.jpg");
  const auto outcome = detect(odd.path().string() + " --format detectron2");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out).at("images").size(), 5U);
}

TEST_F(Detect, AnnotatedCopiesKeepNamesAndSizes) {
  const auto outcome = detect(images() + " --output " + (out_ / "seen").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("annotated: "));
  for (const char* name : {"a.png", "b.jpg", "sub/c.bmp"}) {
    const cv::Mat before = cv::imread((images_ / name).string());
    const cv::Mat after = cv::imread((out_ / "seen" / name).string());
    ASSERT_EQ(after.size(), before.size()) << name;
    EXPECT_GT(cv::norm(after, before), 0) << name << ": nothing was drawn";
  }
}

TEST_F(Detect, InputsAreNotOverwritten) {
  const auto before = read_text(images_ / "a.png");
  const auto outcome = detect(images() + " --output " + images());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("overwrite"));
  EXPECT_EQ(read_text(images_ / "a.png"), before);
}

TEST_F(Detect, JsonFileAppearsWholeOrNotAtAll) {
  const auto file = out_ / "results.json";
  ASSERT_EQ(detect(images() + " --json " + file.string()).code, 0);
  EXPECT_TRUE(json::parse(read_text(file)).is_array());
  write_text(file, "old");
  EXPECT_EQ(run_neuron_rcnn("detect -m none.rcnn " + images() + " --json " + file.string()).code, 1);
  EXPECT_EQ(read_text(file), "old");
}

// An empty list would say that nothing was found in what was never looked at.
TEST_F(Detect, ResultsThatAreThereStayWhereNoInputCanBeRead) {
  const auto kept = (out_ / "keep.json").string();
  write_text(kept, "earlier results");
  write_text(images_ / "broken.png", "no image");
  const auto expect_kept = [&](const std::string& input, const std::string& format) {
    const auto outcome = detect(input + " --json " + kept + " --format " + format);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_EQ(read_text(kept), "earlier results") << format << " of " << input;
    EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("results: ")));
  };
  for (const std::string format : {"coco", "detectron2", "json-lines"}) {
    expect_kept("'" + images() + "/none/*.jpg'", format);
  }
  for (const auto& input : {images() + "/none.jpg", images() + "/broken.png"}) expect_kept(input, "coco");
  EXPECT_EQ(detect(images() + "/broken.png --json -").out, "[\n]\n") << "whoever reads it waits for JSON";
  EXPECT_EQ(detect(images() + "/broken.png " + images() + "/a.png --json " + kept).code, 1);
  EXPECT_FALSE(json::parse(read_text(kept)).empty()) << "one of them was read";
}

TEST_F(Detect, CoresThatAreNotThereAreWrongUse) {
  const auto outcome = detect(images() + " --cores 7", "NEURON_RT_NUM_CORES=2");
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("7"));
}

TEST_F(Detect, FailingCoreCostsOnlyTheFrameThatWasOnIt) {
  // Two programs a frame and the warm-up run on the one core: every fourth execution fails.
  const auto outcome = detect(images() + " --format detectron2 --max-in-flight 1",
                              "NEURON_RT_NUM_CORES=1 NEURON_EMU_FAULT=0:fail:4");
  EXPECT_EQ(outcome.code, 1);
  std::size_t failed = 0;
  for (const auto& line : lines_of(outcome.err))
    failed += line.starts_with("neuron-rcnn: No result for '") ? 1 : 0;
  EXPECT_GE(failed, 1U) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out).at("images").size() + failed, 3U);
}

TEST_F(Detect, VideoOutHasExactlyTheFramesAndTimesOfTheInput) {
  write_clip(out_ / "in.mp4", 20);
  const auto outcome = detect((out_ / "in.mp4").string() + " --output " + (out_ / "seen.mp4").string() +
                              " --json " + (out_ / "seen.jsonl").string() + " --format json-lines");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto times = frame_times(out_ / "in.mp4");
  ASSERT_EQ(times.size(), 20U);
  EXPECT_EQ(frame_times(out_ / "seen.mp4"), times);
  const auto lines = lines_of(read_text(out_ / "seen.jsonl"));
  ASSERT_EQ(lines.size(), 20U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = json::parse(lines[i]);
    EXPECT_EQ(line.at("frame"), i);
    EXPECT_EQ(line.at("pts_ns"), times[i]);
    EXPECT_EQ(line.at("file"), "in.mp4");
  }
}

TEST_F(Detect, ImagesAndVideosMixInTheOrderGiven) {
  write_clip(out_ / "clip.mp4", 3);
  const auto outcome = detect((images_ / "b.jpg").string() + " " + (out_ / "clip.mp4").string() + " " +
                              (images_ / "a.png").string() + " --format detectron2");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(files_of(json::parse(outcome.out).at("images")),
              ElementsAre("b.jpg", "clip.mp4", "clip.mp4", "clip.mp4", "a.png"));
}

TEST_F(Detect, BrokenVideoIsNamedAndTheRestGoesOn) {
  write_text(out_ / "broken.mp4", "this is no video");
  const auto outcome = detect((out_ / "broken.mp4").string() + " " + (images_ / "a.png").string() +
                              " --format detectron2 --output " + (out_ / "seen").string());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("broken.mp4")));
  EXPECT_EQ(json::parse(outcome.out).at("images").size(), 1U);
  EXPECT_FALSE(fs::exists(out_ / "seen/broken.mp4"));
}

TEST_F(Detect, ADeviceThatIsNoCameraIsNamedAndTheRestGoesOn) {
  const auto outcome = detect("/dev/null " + (images_ / "a.png").string() + " --format detectron2");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("/dev/null")));
  EXPECT_EQ(json::parse(outcome.out).at("images").size(), 1U);
}

TEST_F(Detect, AFullDiskIsSaidOnce) {
  write_clip(out_ / "in.mp4", 20);
  auto outcome = detect((out_ / "in.mp4").string() + " --format json-lines --json /dev/full");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("/dev/full")));
  outcome = detect((out_ / "in.mp4").string() + " --output /dev/full");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ElementsAre(HasSubstr("Cannot write '/dev/full'")));
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("annotated")));
}

}  // namespace
}  // namespace rcnn::launch
