// SPDX-License-Identifier: MIT
// Every command of launch/examples/*.md, run in a shell, page by page, on small weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/launch/tiny_files.hpp"
#include "tests/support/pickled_proposals.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

/// The page's `sh` blocks, one after the other.
std::string commands_of(const std::string& page) {
  std::istringstream text(read_text(tests::source_file("launch/examples/" + page)));
  std::string commands;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sh";
    } else if (inside) {
      commands += line + "\n";
    }
  }
  return commands;
}

class Examples : public ::testing::Test {
 protected:
  Examples() {
    fs::create_directories(folder_ / "photos");
    cv::imwrite((folder_ / "photos/one.jpg").string(), make_picture(120, 90, 1));
    cv::imwrite((folder_ / "photos/two.jpg").string(), make_picture(90, 120, 2));
  }

  void write_detector(const std::string& name, const tests::TinyModelOptions& options) const {
    write_tiny_config(folder_ / (name + ".yaml"), options);
    write_checkpoint(folder_ / (name + ".safetensors"), tests::tiny_checkpoint(options));
  }

  /// Runs the page in the folder. \param variables  what stands in for the real model
  Outcome run(const std::string& page, const std::string& variables) const {
    const auto commands = commands_of(page);
    EXPECT_THAT(commands, HasSubstr("neuron-rcnn ")) << page;
    write_text(folder_ / "page.sh", "set -eu\n" + commands);
    const auto bin = fs::path(tests::built_file("launch/neuron-rcnn")).parent_path().string();
    return run_shell("cd " + folder_.path().string() + " && PATH=" + bin +
                     ":$PATH NEURON_RT_NUM_CORES=2 warm_ups=0 iterations=2 batches=2 " + variables +
                     " sh page.sh");
  }
  json result(const std::string& name) const { return json::parse(read_text(folder_ / name)); }

  const TempFolder folder_;
};

TEST_F(Examples, RunningRcnnsOnInf1) {
  write_detector("tiny", {});
  write_detector("fast", {.load_proposals = true});
  const std::vector<engine::Proposal> boxes{{{5, 5, 80, 70}, 2}, {{20, 10, 60, 50}, 1}};
  write_text(folder_ / "proposals.pkl", tests::pickled_proposals({{"one", boxes}, {"two", boxes}}));
  const auto outcome = run("running-rcnns-on-inf1.md",
                           "config=tiny.yaml weights=tiny.safetensors fast_config=fast.yaml "
                           "fast_weights=fast.safetensors proposals=proposals.pkl");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text :
       {"stem\n", "rpn-head", "of all FLOP", "RoIAlign", "of all programs", "two.jpg (90x120)"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
  EXPECT_FALSE(result("backbone.json").empty());
  EXPECT_EQ(result("split.json"), result("on-core-1.json"));
}

TEST_F(Examples, TorchNeuronResnet50) {
  write_checkpoint(folder_ / "w.safetensors", tests::random_classifier("resnet18", 9));
  const auto outcome = run("torch-neuron-resnet50.md", "arch=resnet18 weights=w.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("nothing was done"));
  EXPECT_EQ(result("analysis.json").at("percent_supported"), 100);
  EXPECT_EQ(result("top.json").at("images").size(), 2U);
  EXPECT_EQ(result("top.json").at("images")[0].at("top").size(), 5U);
  EXPECT_TRUE(fs::exists(folder_ / "titled/one.jpg"));
}

TEST_F(Examples, TorchTensorrtEfficientnet) {
  write_checkpoint(folder_ / "w.safetensors", tests::random_classifier("efficientnet_b0", 9));
  const auto outcome = run("torch-tensorrt-efficientnet.md", "weights=w.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_LT(static_cast<double>(fs::file_size(folder_ / "efficientnet-fp16.rcnn")),
            0.55 * static_cast<double>(fs::file_size(folder_ / "efficientnet-f32.rcnn")));
  EXPECT_THAT(outcome.err, HasSubstr("fp16"));
  EXPECT_THAT(outcome.out, HasSubstr("Classification"));
}

TEST_F(Examples, AitemplateDetectron2) {
  write_detector("mask", {.masks = true});
  const auto outcome = run("aitemplate-detectron2.md", "config=mask.yaml weights=mask.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / "annotated/one.jpg"));
  EXPECT_TRUE(result("found.json").is_array());
  EXPECT_THAT(outcome.out, HasSubstr("1344x800"));
}

TEST_F(Examples, OpenvinoDetectron2) {
  write_detector("mask", {.masks = true});
  const auto outcome =
      run("openvino-detectron2.md", "config=mask.yaml weights=mask.safetensors input=shortest-edge:128:256");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(result("found.json").at("images").size(), 2U);
  EXPECT_TRUE(fs::exists(folder_ / "annotated/two.jpg"));
  EXPECT_FALSE(result("one-core.json").empty());
  EXPECT_TRUE(result("raw.json").at("images")[0].contains("mask_probabilities"));
}

TEST(ExamplePages, EachHasATest) {
  std::set<std::string> pages;
  for (const auto& entry : fs::directory_iterator(tests::source_file("launch/examples"))) {
    pages.insert(entry.path().filename().string());
  }
  EXPECT_EQ(pages, (std::set<std::string>{"running-rcnns-on-inf1.md", "torch-neuron-resnet50.md",
                                          "torch-tensorrt-efficientnet.md", "aitemplate-detectron2.md",
                                          "openvino-detectron2.md"}));
}

}  // namespace
}  // namespace rcnn::launch
