// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile/artifact.hpp"
#include "engine/compile/artifact_format.hpp"
#include "engine/compile/bind.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/ops/platform.hpp"
#include "launch/commands.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Compile = CompileTest;

TEST_F(Compile, FilesGiveTheArtifactThatTheLibraryMakes) {
  const auto outcome = compile("--input stretch:160x128");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "") << "no progress bar where there is no terminal";
  EXPECT_THAT(outcome.out, HasSubstr("backbone-rpn"));
  EXPECT_THAT(outcome.out, HasSubstr("tiny.rcnn: "));

  const auto ours = engine::Artifact::open(folder_ / "tiny.rcnn");
  const auto expected = engine::Artifact::open(tests::tiny_model());
  EXPECT_EQ(ours->options().input, expected->options().input);
  ASSERT_EQ(ours->tensors().size(), expected->tensors().size());
  for (const auto& [name, tensor] : expected->tensors()) {
    const auto left = ours->weight(name);
    const auto right = expected->weight(name);
    EXPECT_TRUE(std::equal(left.begin(), left.end(), right.begin(), right.end())) << name;
  }
}

TEST_F(Compile, JsonSummaryIsForMachines) {
  const auto outcome = compile("--input shortest-edge:128:256 --threshold 0.25 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto summary = json::parse(outcome.out);
  EXPECT_EQ(summary.at("artifact"), (folder_ / "tiny.rcnn").string());
  EXPECT_EQ(summary.at("bytes"), std::filesystem::file_size(folder_ / "tiny.rcnn"));
  EXPECT_EQ(summary.at("input"), "shortest-edge:128:256");
  EXPECT_EQ(summary.at("programs").size(), 2U);
  EXPECT_GT(summary.at("seconds").get<double>(), 0);
  EXPECT_FLOAT_EQ(engine::Artifact::open(folder_ / "tiny.rcnn")->config().box_head.score_threshold, 0.25F);
}

TEST_F(Compile, RemarksThatAConfigsOwnTestSizeIsNotUsed) {
  write_text(folder_ / "tiny.yaml",
             read_text(folder_ / "tiny.yaml") + "\nINPUT: {MIN_SIZE_TEST: 160, MAX_SIZE_TEST: 300}\n");
  const auto usual = compile("");
  ASSERT_EQ(usual.code, 0) << usual.err;
  EXPECT_THAT(usual.err, AllOf(HasSubstr("MIN_SIZE_TEST 160"), HasSubstr("--input shortest-edge:160:300")));
  EXPECT_EQ(compile("--force --input stretch:160x128").err, "") << "somebody has chosen";
}

// Sizes that the network never sees are no reason to refuse a config, and what is advised is accepted.
TEST_F(Compile, AdvisesAnInputThatThereIsForAnyTestSize) {
  const auto config = read_text(folder_ / "tiny.yaml");
  for (const auto& [sizes, advice] : std::vector<std::pair<std::string, std::string>>{
           {"MIN_SIZE_TEST: 0", "stay as they are with --input stretch:WIDTHxHEIGHT"},
           {"MIN_SIZE_TEST: 640, MAX_SIZE_TEST: 100000",
            "--input shortest-edge:640:4096 comes nearest to what the config says"},
           {"MIN_SIZE_TEST: 1000, MAX_SIZE_TEST: 800",
            "--input shortest-edge:800:800 resizes as the config says"},
           {"MIN_SIZE_TEST: 8, MAX_SIZE_TEST: 16", "--input shortest-edge:32:32 comes nearest"}}) {
    write_text(folder_ / "tiny.yaml", config + "\nINPUT: {" + sizes + "}\n");
    const auto outcome = compile("--force");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(advice)) << sizes;
  }
  EXPECT_EQ(compile("--force --input shortest-edge:640:4096").code, 0);
  EXPECT_EQ(compile("--force --input shortest-edge:800:800").code, 0);
}

TEST_F(Compile, LabelsNameTheClasses) {
  write_text(folder_ / "names.yaml", "classes: [[3, car], [10, traffic light], [13, stop sign]]");
  ASSERT_EQ(compile("--labels " + (folder_ / "names.yaml").string()).code, 0);
  const auto artifact = engine::Artifact::open(folder_ / "tiny.rcnn");
  EXPECT_THAT(artifact->config().class_names, ::testing::ElementsAre("car", "traffic light", "stop sign"));
  EXPECT_THAT(artifact->config().category_ids, ::testing::ElementsAre(3, 10, 13));
  write_text(folder_ / "names.txt", "car\n");
  EXPECT_THAT(compile("--labels " + (folder_ / "names.txt").string()).err,
              HasSubstr("name 1 classes, the model has 3"));
}

TEST_F(Compile, NamesThatAreNoUtf8HarmNoArtifact) {
  const auto config = folder_ /
                      "K\xe4"
                      "fer.yaml";
  write_tiny_config(config);
  const auto outcome =
      run_neuron_rcnn("compile --config " + config.string() + " --weights " +
                      (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / "beetle.rcnn").string());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(compile("").code, 0);
  write_text(folder_ / "latin1.txt",
             "car\nK\xe4"
             "fer\ntruck\n");
  const auto labels = compile("--force --labels " + (folder_ / "latin1.txt").string());
  EXPECT_EQ(labels.code, 1);
  EXPECT_THAT(lines_of(labels.err),
              ::testing::ElementsAre(HasSubstr("latin1.txt' are no UTF-8 text in line 2")));
}

TEST_F(Compile, WhatIsUpToDateIsLeftAlone) {
  const auto artifact = folder_ / "tiny.rcnn";
  ASSERT_EQ(compile("").code, 0);
  const auto made = std::filesystem::last_write_time(artifact);
  const auto again = compile("");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("nothing was done"));
  EXPECT_TRUE(json::parse(compile("--json").out).at("up_to_date").get<bool>());
  EXPECT_EQ(std::filesystem::last_write_time(artifact), made);
}

/// An artifact as versions before wrote it, which did not record the checkpoint.
std::string without_checkpoint(const std::string& artifact) {
  std::uint64_t length = 0;
  std::memcpy(&length, artifact.data(), sizeof length);
  auto header = json::parse(artifact.substr(sizeof length, length));
  header["__metadata__"].erase(engine::kCheckpointKey);
  header["__metadata__"]["checksum"] = engine::header_checksum(header);
  auto text = header.dump();
  text.resize(length, ' ');  // Shorter than it was
  return artifact.substr(0, sizeof length) + text + artifact.substr(sizeof length + length);
}

TEST_F(Compile, WhatChangedIsMadeAnew) {
  const auto is_made_anew = [&](const std::string& more) {
    const auto outcome = compile(more + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return !json::parse(outcome.out).at("up_to_date").get<bool>();
  };
  EXPECT_TRUE(is_made_anew(""));
  EXPECT_TRUE(is_made_anew("--force"));
  EXPECT_FALSE(is_made_anew(""));
  for (const char* more :
       {"--threshold 0.3", "--input stretch:160x128", "--precision bf16", "--partition fused"}) {
    EXPECT_TRUE(is_made_anew(more)) << more;
  }
  EXPECT_TRUE(is_made_anew("")) << "back to the defaults";
  write_text(folder_ / "tiny.yaml", read_text(folder_ / "tiny.yaml") + "TEST: {DETECTIONS_PER_IMAGE: 50}\n");
  EXPECT_TRUE(is_made_anew("")) << "the config says something else";
  const auto weights = folder_ / "tiny.safetensors";
  fs::last_write_time(weights, fs::last_write_time(folder_ / "tiny.rcnn") + std::chrono::hours(1));
  EXPECT_FALSE(is_made_anew("")) << "copied again, the weights are the same";
  write_checkpoint(weights, tests::tiny_checkpoint({.seed = 5}));
  fs::last_write_time(weights, fs::last_write_time(folder_ / "tiny.rcnn") - std::chrono::hours(1));
  EXPECT_TRUE(is_made_anew("")) << "other weights, though they are older";
  EXPECT_FALSE(is_made_anew(""));
  write_text(folder_ / "tiny.rcnn", without_checkpoint(read_text(folder_ / "tiny.rcnn")));
  EXPECT_NO_THROW(engine::Artifact::open(folder_ / "tiny.rcnn"));
  EXPECT_TRUE(is_made_anew("")) << "of a version that did not say which weights it is of";
  write_text(folder_ / "tiny.rcnn", "damaged");
  EXPECT_TRUE(is_made_anew(""));
}

TEST_F(Compile, PartitionsSayWhatRunsWhere) {
  const auto outcome = compile("--partition backbone --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto summary = json::parse(outcome.out);
  std::map<std::string, std::string> where;
  for (const auto& program : summary.at("programs")) where[program.at("name")] = program.at("where");
  EXPECT_EQ(where, (std::map<std::string, std::string>{
                       {"backbone", "core"}, {"rpn-head", "host"}, {"box-head", "host"}}));
}

TEST_F(Compile, TwoByteWeightsHalveTheArtifactAndAreShown) {
  ASSERT_EQ(compile("--input stretch:160x128").code, 0);
  std::size_t whole = 0, half = 0;
  for (const auto& [name, tensor] : engine::Artifact::open(folder_ / "tiny.rcnn")->tensors())
    whole += tensor.bytes;
  for (const std::string precision : {"bf16", "fp16"}) {
    const auto outcome = compile("--input stretch:160x128 --precision " + precision);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    half = 0;
    for (const auto& [name, tensor] : engine::Artifact::open(folder_ / "tiny.rcnn")->tensors())
      half += tensor.bytes;
    EXPECT_NEAR(static_cast<double>(half) / static_cast<double>(whole), 0.5, 0.02);
    const auto inspected = run_neuron_rcnn("inspect --tensors " + (folder_ / "tiny.rcnn").string());
    EXPECT_THAT(inspected.out, HasSubstr(precision));
    EXPECT_THAT(inspected.out, HasSubstr(precision == "bf16" ? "bf16" : "f16"));
    cv::imwrite((folder_ / "a.png").string(), make_picture(120, 90));
    const auto detected =
        run_neuron_rcnn("detect -m " + (folder_ / "tiny.rcnn").string() + " " + (folder_ / "a.png").string());
    EXPECT_EQ(detected.code, 0);
    const bool natively = precision == "bf16" && engine::multiplies_bf16();
    const auto lines = lines_of(detected.err);
    if (natively) {
      EXPECT_THAT(lines, ::testing::IsEmpty());
    } else {
      EXPECT_THAT(lines, ::testing::ElementsAre(HasSubstr("multiplied as f32")));
    }
  }
}

TEST_F(Compile, WithoutWeightsMakesAGraphThatTakesThemLater) {
  const auto graph = (folder_ / "graph.rcnn").string(), bound = (folder_ / "bound.rcnn").string();
  const auto weights = " --weights " + (folder_ / "tiny.safetensors").string();
  const auto made = run_neuron_rcnn("compile --config " + (folder_ / "tiny.yaml").string() +
                                    " --input stretch:160x128 --precision fp16 -o " + graph);
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("no weights yet"));
  EXPECT_THAT(run_neuron_rcnn("inspect " + graph).out, HasSubstr("missing; 'neuron-rcnn compile --bind'"));
  cv::imwrite((folder_ / "a.png").string(), make_picture(120, 90));
  const auto refused = run_neuron_rcnn("detect -m " + graph + " " + (folder_ / "a.png").string());
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(lines_of(refused.err), ::testing::ElementsAre(HasSubstr("compile --bind " + graph)));

  ASSERT_EQ(run_neuron_rcnn("compile --bind " + graph + weights + " -o " + bound).code, 0);
  ASSERT_EQ(compile("--input stretch:160x128 --precision fp16").code, 0);
  EXPECT_TRUE(read_text(bound) == read_text(folder_ / "tiny.rcnn"));
  const auto bind = "compile --bind " + graph + weights + " -o " + bound;
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("nothing was done"));
  write_checkpoint(folder_ / "tiny.safetensors", tests::tiny_checkpoint({.seed = 5}));
  fs::last_write_time(folder_ / "tiny.safetensors", fs::last_write_time(bound) - std::chrono::hours(1));
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("made in")) << "other weights, though they are older";
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("nothing was done"));
}

TEST_F(Compile, AGraphOfAnotherPlanIsBoundAnew) {
  const auto graph = folder_ / "graph.rcnn";
  ASSERT_EQ(run_neuron_rcnn("compile --config " + (folder_ / "tiny.yaml").string() + " --precision bf16 -o " +
                            graph.string())
                .code,
            0);
  const auto bind = "compile --bind " + graph.string() + " --weights " +
                    (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / "bound.rcnn").string();
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("made in"));
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("nothing was done"));
  const auto before = engine::Artifact::open(graph);
  auto plan = before->quantization().value();
  plan.layers.begin()->second.reason = "another processor's";
  auto model = engine::compile_graph(before->config(), before->options());
  engine::quantize(model, plan, "bf16");
  engine::write_artifact_part(model, {}, graph);
  EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("made in"));
}

TEST_F(Compile, OneProgramAFileFindsWhatTheWholeModelFinds) {
  ASSERT_EQ(compile("--input stretch:160x128 --partition backbone+rpn-head").code, 0);
  fs::create_directories(folder_ / "parts");
  for (const std::string program : {"backbone", "rpn-head", "box-head"}) {
    const auto again = compile("--input stretch:160x128 --partition backbone+rpn-head --program " + program,
                               "parts/" + program + ".rcnn");
    ASSERT_EQ(again.code, 0) << again.err;
  }
  const auto parts = (folder_ / "parts").string(), box_head = parts + "/box-head.rcnn";
  cv::imwrite((folder_ / "a.png").string(), make_picture(120, 90));
  const auto detect = [&](const std::string& model) {
    return run_neuron_rcnn("detect -m " + model + " --deterministic --format coco " +
                           (folder_ / "a.png").string());
  };
  const auto found = detect((folder_ / "tiny.rcnn").string());
  EXPECT_GT(json::parse(found.out).size(), 0U);
  EXPECT_EQ(detect(parts).out, found.out);
  EXPECT_THAT(run_neuron_rcnn("inspect " + parts).out, HasSubstr("of all programs"));
  EXPECT_THAT(run_neuron_rcnn("inspect " + box_head).out, HasSubstr("of box-head alone"));
  const auto alone = detect(box_head);
  EXPECT_EQ(alone.code, 1);
  EXPECT_THAT(lines_of(alone.err), ::testing::ElementsAre(HasSubstr("no weights of 'backbone', 'rpn-head'")));
}

TEST_F(Compile, OptionsThatAnArtifactHasAlreadyAreWrongUse) {
  const auto bind = "compile --bind g.rcnn -o b.rcnn --weights " + (folder_ / "tiny.safetensors").string();
  for (const char* more :
       {"--input stretch:96x64", "--precision bf16", "--partition fused", "--labels a.txt"}) {
    EXPECT_EQ(run_neuron_rcnn(bind + " " + more).code, 2) << more;
  }
  EXPECT_EQ(run_neuron_rcnn("compile --bind g.rcnn -o b.rcnn").code, 2) << "without weights";
  EXPECT_EQ(compile("--program middle").code, 2);
}

TEST_F(Compile, SettingsThatDoNotExistAreWrongUse) {
  for (const char* more :
       {"--precision int3", "--partition halves", "--input square:3", "--threshold 2", "--batch 2"}) {
    const auto outcome = compile(more);
    EXPECT_EQ(outcome.code, 2) << more << "\n" << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "tiny.rcnn")) << more;
  }
}

// It is read again for the summary, and a pipe would wait for whoever reads it.
TEST_F(Compile, WhatIsNoFileIsNotWrittenTo) {
  fs::create_symlink("/dev/null", folder_ / "device.rcnn");
  const auto outcome = compile("", "device.rcnn");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("--output"), HasSubstr("device.rcnn' is a device or a pipe")));
  EXPECT_TRUE(fs::is_symlink(folder_ / "device.rcnn"));
  const auto standard_output = run_neuron_rcnn("compile --config tiny.yaml --weights tiny.safetensors -o -");
  EXPECT_EQ(standard_output.code, 2);
  EXPECT_THAT(standard_output.err, HasSubstr("'-' is a device or a pipe"));
}

/// A .safetensors file with this as its "__metadata__".
std::string with_metadata(const std::string& file, const json& metadata) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  auto header = json::parse(file.substr(sizeof length, length));
  header["__metadata__"] = metadata;
  const auto text = header.dump();
  const std::uint64_t now = text.size();
  return std::string(reinterpret_cast<const char*>(&now), sizeof now) + text +
         file.substr(sizeof length + length);
}

TEST_F(Compile, ClassesAreNamedAsTheCheckpointSays) {
  const auto weights = folder_ / "tiny.safetensors";
  const auto plain = read_text(weights);
  write_text(weights, with_metadata(plain, {{"class_names", R"(["bolt", "nut", "washer"])"}}));
  ASSERT_EQ(compile("--input stretch:160x128").code, 0);
  const auto inspect = [&] { return run_neuron_rcnn("inspect " + (folder_ / "tiny.rcnn").string()).out; };
  EXPECT_THAT(inspect(), HasSubstr("classes: bolt, nut, washer"));
  EXPECT_THAT(compile("--input stretch:160x128").out, HasSubstr("nothing was done"));
  write_text(folder_ / "labels.txt", "one\ntwo\nthree\n");
  ASSERT_EQ(compile("--input stretch:160x128 --labels " + (folder_ / "labels.txt").string()).code, 0);
  EXPECT_THAT(inspect(), HasSubstr("classes: one, two, three"));
  ASSERT_EQ(compile("--input stretch:160x128").code, 0);
  EXPECT_THAT(inspect(), HasSubstr("classes: bolt, nut, washer")) << "labels are not asked for any more";
  write_text(weights, with_metadata(plain, {{"class_names", R"(["bolt"])"}}));
  const auto outcome = compile("--input stretch:160x128");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(lines_of(outcome.err), ::testing::ElementsAre(::testing::AllOf(
                                         HasSubstr("tiny.safetensors"), HasSubstr("it names 1 classes"))));
}

TEST_F(Compile, BoundClassesAreNamedAsCompilingAtOnceNamesThem) {
  const auto weights = folder_ / "tiny.safetensors";
  write_text(weights, with_metadata(read_text(weights), {{"class_names", R"(["bolt", "nut", "washer"])"}}));
  write_text(folder_ / "labels.txt", "one\ntwo\nthree\n");
  const auto graph = (folder_ / "graph.rcnn").string(), bound = (folder_ / "bound.rcnn").string();
  const auto bind = "compile --bind " + graph + " --weights " + weights.string() + " -o " + bound;
  for (const auto& labels : {std::string(), " --labels " + (folder_ / "labels.txt").string()}) {
    ASSERT_EQ(
        run_neuron_rcnn("compile --config " + (folder_ / "tiny.yaml").string() + labels + " -o " + graph)
            .code,
        0);
    EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("made in"));
    ASSERT_EQ(compile(labels).code, 0);
    EXPECT_TRUE(read_text(bound) == read_text(folder_ / "tiny.rcnn")) << labels;
    EXPECT_THAT(run_neuron_rcnn(bind).out, HasSubstr("nothing was done"));
    EXPECT_THAT(compile(labels).out, HasSubstr("nothing was done"));
  }
}

// Whose words a class is called by makes no other data set: results would be scored as if nothing was found.
TEST_F(Compile, NamesWithoutIdsLeaveTheDataSets) {
  std::string config = read_text(folder_ / "tiny.yaml");
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"NUM_CLASSES: 3", "NUM_CLASSES: 8"},
                                 {"TEST: [mine]", "TEST: [cityscapes_fine_instance_seg_val]"}}) {
    config.replace(config.find(from), from.size(), to);
  }
  write_text(folder_ / "tiny.yaml", config);
  const auto weights = folder_ / "tiny.safetensors";
  write_checkpoint(weights, tests::tiny_checkpoint({.num_classes = 8}));
  const std::vector<int> cityscapes{24, 25, 26, 27, 28, 31, 32, 33};
  const auto expect = [&](const std::string& more, const std::vector<int>& ids, const std::string& first) {
    ASSERT_EQ(compile("--input stretch:160x128 " + more).code, 0);
    const auto artifact = engine::Artifact::open(folder_ / "tiny.rcnn");
    EXPECT_EQ(artifact->config().category_ids, ids) << more;
    EXPECT_EQ(artifact->config().class_names.front(), first) << more;
  };
  expect("", cityscapes, "person");
  write_text(folder_ / "names.txt", "human\nb\nc\nd\ne\nf\ng\nh\n");
  expect("--labels " + (folder_ / "names.txt").string(), cityscapes, "human");
  write_text(folder_ / "ids.yaml",
             "classes: [[1, a], [2, b], [3, c], [4, d], [5, e], [6, f], [7, g], [8, h]]");
  expect("--labels " + (folder_ / "ids.yaml").string(), {1, 2, 3, 4, 5, 6, 7, 8}, "a");
  const char* names = R"(["pedestrian", "b", "c", "d", "e", "f", "g", "h"])";
  write_text(weights, with_metadata(read_text(weights), {{"class_names", names}}));
  expect("", cityscapes, "pedestrian");
}

TEST_F(Compile, ClassifiersHaveNoPartition) {
  const auto outcome = run_neuron_rcnn("compile --arch resnet18 --partition fused -o x.rcnn");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(lines_of(outcome.err), ::testing::ElementsAre(HasSubstr("--partition requires --config")));
}

TEST_F(Compile, WeightsOfAnotherNetworkAreRefusedInOneLine) {
  const auto outcome =
      run_neuron_rcnn("compile --config COCO-Detection/faster_rcnn_R_50_FPN_3x --weights " +
                      (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / "wrong.rcnn").string());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("does not fit the model 'COCO-Detection/faster_rcnn_R_50_FPN_3x': "));
  EXPECT_THAT(outcome.err, HasSubstr(": expected [256], backbone.bottom_up"));
  EXPECT_THAT(outcome.err, ::testing::ContainsRegex("and [0-9]+ more; "));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "wrong.rcnn"));
}

}  // namespace
}  // namespace rcnn::launch
