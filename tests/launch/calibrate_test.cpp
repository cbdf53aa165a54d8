// SPDX-License-Identifier: MIT
#include "engine/quantize/calibrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "engine/compile/artifact.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Some pictures, too.
class CalibrateCommand : public CompileTest {
 protected:
  CalibrateCommand() {
    fs::create_directory(folder_ / "images");
    for (int i = 0; i < 3; ++i) {
      cv::imwrite((folder_ / "images" / (std::to_string(i) + ".png")).string(), make_picture(120, 90, i));
    }
  }
  std::string asked_images() const { return "--precision int8 --calibrate " + (folder_ / "images").string(); }
  std::string asked(const std::string& more = "") const {
    return "--input stretch:160x128 " + asked_images() + " " + more;
  }
};

TEST_F(CalibrateCommand, QuartersTheArtifactAndSaysWhatRoundingDoes) {
  ASSERT_EQ(compile("--input stretch:160x128", "f32.rcnn").code, 0);
  const auto outcome = compile(asked("--error-budget 1"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "") << "trials are nobody's business";
  EXPECT_THAT(outcome.out, HasSubstr("int8"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 5) << "no trial is left";
  const auto artifact = engine::Artifact::open(folder_ / "tiny.rcnn");
  ASSERT_TRUE(artifact->quantization());
  EXPECT_EQ(artifact->quantization()->images, 3);
  EXPECT_EQ(artifact->quantization()->range_method, "mse");

  const auto shown = run_neuron_rcnn("inspect --quantization " + (folder_ / "tiny.rcnn").string());
  ASSERT_EQ(shown.code, 0) << shown.err;
  for (const char* text : {"backbone.fpn_output2.weight", "roi_heads.box_head.fc1.weight", "weights' error",
                           "outputs' error", "over 3 images", "Errors over 3 of 3 images"}) {
    EXPECT_THAT(shown.out, HasSubstr(text));
  }
  const auto described =
      json::parse(run_neuron_rcnn("inspect --json " + (folder_ / "tiny.rcnn").string()).out);
  EXPECT_EQ(described.at("quantization").at("layers").at("backbone.fpn_output2.weight").at("precision"),
            "int8");

  const auto found = run_neuron_rcnn(
      "detect -m " + (folder_ / "tiny.rcnn").string() + " --json - " + (folder_ / "images/0.png").string(),
      "NEURON_EMU_PRECISION=1");
  EXPECT_EQ(found.code, 0) << found.err;
  EXPECT_THAT(found.err, HasSubstr("emulating int8"));
}

TEST_F(CalibrateCommand, SaysWhatNoImageReached) {
  const tests::TinyModelOptions masks{.masks = true};
  write_tiny_config(folder_ / "tiny.yaml", masks);
  write_checkpoint(folder_ / "tiny.safetensors", tests::tiny_checkpoint(masks));
  const auto outcome =
      compile(asked("--error-budget 1 --threshold 1"));  // Nothing is found, so no mask is looked at
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("nothing reached"), HasSubstr("of the mask-head"), HasSubstr("bf16")));
}

// A program that reads another's outputs, and programs of the same weights.
TEST_F(CalibrateCommand, EveryProgramOfEveryCutIsJudged) {
  for (const std::string partition : {"backbone+rpn-head", "rpn-levels+box-head"}) {
    const auto outcome = compile(asked("--error-budget 1 --partition " + partition));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto artifact = engine::Artifact::open(folder_ / "tiny.rcnn");
    ASSERT_TRUE(artifact->quantization());
    for (const auto& program : artifact->programs()) {
      const auto& errors = artifact->quantization()->errors;
      ASSERT_TRUE(errors.contains(program.graph.name)) << program.graph.name;
      EXPECT_GT(errors.at(program.graph.name), 0) << partition << ": " << program.graph.name;
    }
  }
}

TEST_F(CalibrateCommand, SensitiveLayersAreLeftOutAndSaidSo) {
  ASSERT_EQ(compile(asked("--error-budget 0.0001")).code, 0);
  const auto shown = run_neuron_rcnn("inspect --quantization " + (folder_ / "tiny.rcnn").string());
  EXPECT_THAT(shown.out, HasSubstr("sensitive"));
  EXPECT_THAT(shown.out, HasSubstr("bf16"));
}

TEST_F(CalibrateCommand, IsMadeAnewOnlyWhereSomethingElseIsAsked) {
  ASSERT_EQ(compile(asked("--error-budget 1")).code, 0);
  EXPECT_THAT(compile(asked("--error-budget 1")).out, HasSubstr("nothing was done"));
  for (const char* more : {"--error-budget 0.9", "--error-budget 1 --range-method min-max",
                           "--error-budget 1 --calibration-images 2"}) {
    const auto outcome = compile(asked(more));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("made in")) << more;
  }
}

TEST_F(CalibrateCommand, OtherImagesAreCalibratedWithThoughTheyAreOlder) {
  ASSERT_EQ(compile(asked("--error-budget 1")).code, 0);
  const auto image = folder_ / "images/1.png";
  const auto made = fs::last_write_time(folder_ / "tiny.rcnn");
  fs::last_write_time(image, made + std::chrono::hours(1));
  EXPECT_THAT(compile(asked("--error-budget 1")).out, HasSubstr("nothing was done")) << "the same images";
  cv::imwrite(image.string(), make_picture(120, 90, 2));
  fs::last_write_time(image, made - std::chrono::hours(1));
  EXPECT_THAT(compile(asked("--error-budget 1")).out, HasSubstr("made in"));
}

TEST_F(CalibrateCommand, RefusesWhatItCannotCalibrateWith) {
  const auto refused = [&](const std::string& more, int code, std::initializer_list<const char*> texts) {
    const auto outcome = compile(more);
    EXPECT_EQ(outcome.code, code) << more;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    for (const char* text : texts) EXPECT_THAT(outcome.err, HasSubstr(text)) << more;
    EXPECT_FALSE(fs::exists(folder_ / "tiny.rcnn")) << more;
  };
  fs::create_directory(folder_ / "empty");
  write_text(folder_ / "half.png", read_text(folder_ / "images/0.png").substr(0, 300));
  refused("--precision int8", 2, {"--calibrate"});
  refused("--calibrate " + (folder_ / "images").string(), 2, {"--calibrate", "--precision int8"});
  refused("--precision int8 --calibrate " + (folder_ / "empty").string(), 2, {"empty", "no image"});
  refused("--precision int8 --calibrate " + (folder_ / "nowhere").string(), 2, {"nowhere"});
  refused("--precision int8 --calibrate " + (folder_ / "tiny.yaml").string(), 2, {"tiny.yaml", "no image"});
  refused("--precision int8 --calibrate " + (folder_ / "half.png").string(), 1, {"half.png", "calibration"});
  EXPECT_EQ(compile(asked("--range-method median")).code, 2);
}

// Which is how each layer is computed: that is chosen with images or without, and the same next time.
TEST_F(CalibrateCommand, Bf16HasAPlanAndWithImagesKnowsItsError) {
  const auto plan_of = [&](const std::string& more) {
    EXPECT_EQ(compile("--precision bf16 --force " + more).code, 0) << more;
    return engine::Artifact::open(folder_ / "tiny.rcnn")->quantization().value();
  };
  const auto plan = plan_of("");
  EXPECT_TRUE(plan.errors.empty());
  EXPECT_EQ(plan, plan_of(""));
  for (const auto& [weight, layer] : plan.layers) EXPECT_EQ(layer.precision, "bf16") << weight;
  EXPECT_THAT(run_neuron_rcnn("inspect --quantization " + (folder_ / "tiny.rcnn").string()).out,
              ::testing::AllOf(HasSubstr("backbone.fpn_output2.weight"), HasSubstr("method"),
                               HasSubstr("Methods: ")));
  const auto judged = plan_of("--calibrate " + (folder_ / "images").string());
  EXPECT_EQ(judged.images, 3);
  EXPECT_EQ(judged.budget, engine::default_budget("bf16"));
  EXPECT_GT(judged.errors.at("backbone-rpn"), 1e-4);
  EXPECT_LT(judged.errors.at("backbone-rpn"), 0.05);
  EXPECT_THAT(run_neuron_rcnn("inspect --quantization " + (folder_ / "tiny.rcnn").string()).out,
              HasSubstr("Errors over 3 of 3 images"));
}

TEST_F(CalibrateCommand, CtrlCLeavesNoTrialBehind) {
  for (int i = 3; i < 40; ++i) {
    cv::imwrite((folder_ / "images" / (std::to_string(i) + ".png")).string(), make_picture(120, 90, i));
  }
  const auto compile = tests::built_file("launch/neuron-rcnn") + " " +
                       compile_command("--input stretch:800x800 " + asked_images());
  const auto outcome =
      run_shell(compile + " & until ls " + (folder_ / ".trial-").string() +
                "* >/dev/null 2>&1 || ! kill -0 $!; do sleep 0.02; done; kill -INT $!; wait $!");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 3) << "config, checkpoint, images";
}

TEST_F(CalibrateCommand, InspectSaysWhereThereIsNoQuantization) {
  const auto outcome = run_neuron_rcnn("inspect --quantization " + tests::tiny_model().string());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, ::testing::AllOf(HasSubstr("f32"), HasSubstr("--precision int8")));
}

}  // namespace
}  // namespace rcnn::launch
