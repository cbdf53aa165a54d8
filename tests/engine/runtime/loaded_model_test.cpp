// SPDX-License-Identifier: MIT
#include "engine/runtime/loaded_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <future>
#include <set>

#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/runtime/core_pool.hpp"
#include "engine/runtime/program_executable.hpp"
#include "engine/runtime/trace.hpp"
#include "tests/support/elements.hpp"
#include "tests/support/files.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/relative_error.hpp"
#include "tests/support/run_executable.hpp"
#include "tests/support/slow_network.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;

std::vector<float> image_of(Size size) {
  auto image = tests::random_values(static_cast<std::size_t>(3 * size.width * size.height), 5);
  for (auto& value : image) value *= 120.f;
  return image;
}

std::vector<float> regions_of(const Executable& executable) {
  return tests::random_values(static_cast<std::size_t>(element_count(executable.inputs()[0].shape)), 6);
}

TEST(LoadedModel, IsSharedWhileSomeoneHoldsIt) {
  const auto file = tests::tiny_model();
  auto model = LoadedModel::load(file);
  EXPECT_EQ(model, LoadedModel::load(file));
  EXPECT_NE(model, LoadedModel::load(tests::tiny_model({.seed = 2})));
  const auto link = file.parent_path() / "link.rcnn";
  std::filesystem::create_symlink(file, link);
  EXPECT_EQ(model, LoadedModel::load(link));  // The same file by another name
  std::filesystem::remove(link);
}

TEST(LoadedModel, OfAFolderIsMadeOfItsProgramsFiles) {
  const auto compiled = [](std::uint32_t seed) {
    const CompileOptions options{.input = {.width = 160, .height = 128}};
    return compile(tests::tiny_config(), tests::tiny_checkpoint({.seed = seed}), options);
  };
  const tests::TempFolder folder;
  const auto write = [&](const CompiledModel& model) {
    for (const auto& program : model.programs) {
      write_artifact_part(model, {program.graph.name}, folder / (program.graph.name + ".rcnn"));
    }
  };
  write(compiled(4));
  const auto model = LoadedModel::load(folder.path());
  EXPECT_EQ(model, LoadedModel::load(folder.path()));
  const auto executable = model->box_executable(1);
  const auto regions = regions_of(*executable);
  const auto whole = LoadedModel::load(tests::tiny_model({.seed = 4}));
  const auto ours = tests::run_executable(*executable, {regions});
  const auto expected = tests::run_executable(*whole->box_executable(1), {regions});
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(ours[i].values<float>(), expected[i].values<float>())) << i;
  }
  write(compiled(5));
  EXPECT_NE(model, LoadedModel::load(folder.path())) << "its files are others";
}

TEST(LoadedModel, WithoutWeightsIsRefusedWithWhatToDo) {
  const tests::TempFolder folder;
  write_artifact_part(compile(tests::tiny_config(), tests::tiny_checkpoint(), {}), {}, folder / "graph.rcnn");
  try {
    LoadedModel::load(folder / "graph.rcnn");
    FAIL() << "loaded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("graph.rcnn holds no weights; give it some with"));
  }
}

TEST(LoadedModel, ShowsTheLevelsThenTheRpnsOutputs) {
  const auto executable = LoadedModel::load(tests::tiny_model())->image_executable({160, 128});
  std::vector<std::string> names;
  for (const auto& output : executable->outputs()) names.push_back(output.name);
  EXPECT_THAT(names,
              ::testing::ElementsAre("p2", "p3", "p4", "p5", "p6", "rpn_logits_p2", "rpn_logits_p3",
                                     "rpn_logits_p4", "rpn_logits_p5", "rpn_logits_p6", "rpn_deltas_p2",
                                     "rpn_deltas_p3", "rpn_deltas_p4", "rpn_deltas_p5", "rpn_deltas_p6"));
  EXPECT_EQ(executable->outputs()[0].shape, (Shape{1, 16, 32, 40}));
  EXPECT_EQ(executable->outputs()[9].shape, (Shape{1, 3, 2, 3}));
  for (std::size_t i = 5; i < 15; ++i) EXPECT_EQ(executable->outputs()[i].layout, Layout::kNhwc);
  EXPECT_EQ(executable->program(), "backbone-rpn");
}

// The slow twin of the whole program: the unfused network on the checkpoint's own weights, operator by
// operator.
TEST(LoadedModel, ComputesWhatTheNetworkDefines) {
  const auto model = LoadedModel::load(tests::tiny_model());
  for (const Size size : {Size{160, 128}, Size{32, 96}}) {
    const auto image = image_of(size);
    const auto expected =
        tests::slow_backbone(tests::tiny_config(), tests::tiny_checkpoint(), image, size.height, size.width);
    for (const auto& output : tests::run_executable(*model->image_executable(size), {image})) {
      const auto& wanted = expected.at(output.spec().name);
      const auto ours = tests::row_major(output);
      ASSERT_EQ(ours.size(), wanted.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_NEAR(ours[i], wanted[i], 2e-4f * (1.f + std::abs(wanted[i])))
            << output.spec().name << " " << i;
      }
    }
  }
}

TEST(LoadedModel, RunsTheSameBitsTwiceAndInTwoThreadsAtOnce) {
  const auto executable = LoadedModel::load(tests::tiny_model())->image_executable({160, 128});
  const auto image = image_of({160, 128});
  const auto once = tests::run_executable(*executable, {image});
  auto other = std::async(std::launch::async, [&] { return tests::run_executable(*executable, {image}); });
  const auto again = tests::run_executable(*executable, {image});
  const auto elsewhere = other.get();
  for (std::size_t i = 0; i < once.size(); ++i) {
    const auto bytes = once[i].spec().bytes();
    EXPECT_EQ(std::memcmp(once[i].data(), again[i].data(), bytes), 0) << once[i].spec().name;
    EXPECT_EQ(std::memcmp(once[i].data(), elsewhere[i].data(), bytes), 0) << once[i].spec().name;
  }
}

TEST(LoadedModel, ChoosesTheSmallestBucket) {
  const auto model = LoadedModel::load(tests::tiny_model());
  EXPECT_THAT(model->box_buckets(), ::testing::ElementsAre(16, 64, 128, 256, 512, 1000));
  for (const auto& [regions, bucket] :
       std::map<int, int>{{1, 16}, {16, 16}, {17, 64}, {512, 512}, {513, 1000}, {1000, 1000}}) {
    EXPECT_EQ(model->box_executable(regions)->inputs()[0].shape, (Shape{bucket, 49, 16}));
  }
  EXPECT_EQ(model->box_executable(3)->outputs()[0].shape, (Shape{16, 4}));
  EXPECT_EQ(model->box_executable(3)->outputs()[1].shape, (Shape{16, 12}));
  EXPECT_THROW(model->box_executable(0), ModelError);
  EXPECT_THROW(model->box_executable(1001), ModelError);
}

// Programs are built for the threads of the cores that run them, and blocks are cut for so many.
TEST(LoadedModel, IsAnotherOneForOtherThreads) {
  const auto file = tests::tiny_model();
  const auto of_two = LoadedModel::load(file, {.threads_per_core = 2});
  const auto of_three = LoadedModel::load(file, {.threads_per_core = 3});
  EXPECT_NE(of_two, of_three);
  EXPECT_EQ(of_two, LoadedModel::load(file, {.threads_per_core = 2}));
  EXPECT_EQ(LoadedModel::load(file),
            LoadedModel::load(file, {.threads_per_core = CoreSettings::from_environment().threads_per_core}));
}

// Else the same region would score differently depending on how many others the frame has.
TEST(LoadedModel, GivesARegionTheSameBitsInEveryBucketAndRow) {
  const auto model = LoadedModel::load(tests::tiny_model());
  const auto most = model->box_executable(1000);
  const auto regions = regions_of(*most);
  const auto all = tests::run_executable(*most, {regions});
  constexpr std::size_t kValues = 49 * 16;
  for (const int bucket : model->box_buckets()) {
    const auto rows = static_cast<std::size_t>(bucket), begin = 1000 - rows;
    const auto some = std::span(regions).subspan(begin * kValues);
    const auto outputs = tests::run_executable(*model->box_executable(bucket), {some});
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto columns = static_cast<std::size_t>(outputs[i].shape()[1]);
      EXPECT_EQ(std::memcmp(outputs[i].data(), all[i].values<float>().data() + begin * columns,
                            rows * columns * sizeof(float)),
                0)
          << outputs[i].spec().name << " in bucket " << bucket;
    }
  }
}

const tests::TinyModelOptions kMasks{.masks = true};

TEST(LoadedModel, MasksAreWhatTheNetworkDefines) {
  const auto model = LoadedModel::load(tests::tiny_model(kMasks));
  const auto executable = model->mask_executable(4);
  ASSERT_EQ(executable->inputs()[0].shape, (Shape{4, 16, 6, 6}));
  ASSERT_EQ(executable->inputs()[0].layout, Layout::kNhwc);
  constexpr std::size_t kValues = 16 * 36;
  const auto planes = tests::random_values(4 * kValues, 8);
  std::vector<float> pooled(planes.size());  // [D, C, cells] -> [D, cells, C]
  for (std::size_t i = 0; i < planes.size(); ++i) {
    pooled[i / kValues * kValues + i % 36 * 16 + i % kValues / 36] = planes[i];
  }
  const std::vector<float> classes{2, 0, 1, 2};
  const auto masks = tests::run_executable(*executable, {pooled, classes});
  ASSERT_EQ(masks.at(0).shape(), (Shape{4, 12, 12}));
  for (std::size_t d = 0; d < 4; ++d) {
    const auto expected =
        tests::slow_mask_head(tests::tiny_config(kMasks), tests::tiny_checkpoint(kMasks),
                              std::span(planes).subspan(d * kValues, kValues), static_cast<int>(classes[d]));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(masks[0].values<float>()[d * 144 + i], expected[i], 1e-5f) << d << " " << i;
    }
  }
}

const tests::TinyModelOptions kKeypoints{.keypoints = true};

TEST(LoadedModel, HeatmapsAreWhatTheNetworkDefines) {
  const auto model = LoadedModel::load(tests::tiny_model(kKeypoints));
  const auto executable = model->keypoint_executable(3);
  ASSERT_EQ(executable->inputs()[0].shape, (Shape{4, 16, 6, 6}));
  constexpr std::size_t kValues = 16 * 36, kResults = 17 * 24 * 24;
  const auto planes = tests::random_values(4 * kValues, 8);
  std::vector<float> pooled(planes.size());  // [D, C, cells] -> [D, cells, C]
  for (std::size_t i = 0; i < planes.size(); ++i) {
    pooled[i / kValues * kValues + i % 36 * 16 + i % kValues / 36] = planes[i];
  }
  const auto heatmaps = tests::run_executable(*executable, {pooled});
  ASSERT_EQ(heatmaps.at(0).shape(), (Shape{4, 17, 24, 24}));
  for (std::size_t d = 0; d < 4; ++d) {
    const auto expected =
        tests::slow_keypoint_head(tests::tiny_config(kKeypoints), tests::tiny_checkpoint(kKeypoints),
                                  std::span(planes).subspan(d * kValues, kValues));
    for (std::size_t i = 0; i < kResults; ++i) {
      ASSERT_NEAR(heatmaps[0].values<float>()[d * kResults + i], expected[i], 1e-4f) << d << " " << i;
    }
  }
}

TEST(LoadedModel, GivesADetectionTheSameMaskInEveryBucketAndRow) {
  const auto model = LoadedModel::load(tests::tiny_model(kMasks));
  EXPECT_THAT(model->detection_buckets(), ::testing::ElementsAre(4, 8, 16, 20));
  const auto most = model->mask_executable(20);
  const auto pooled = regions_of(*most);
  std::vector<float> classes;
  for (int i = 0; i < 20; ++i) classes.push_back(static_cast<float>(i % 3));
  const auto all = tests::run_executable(*most, {pooled, classes});
  for (const int bucket : {4, 8, 16}) {
    const auto rows = static_cast<std::size_t>(bucket), begin = 20 - rows;
    const auto masks = tests::run_executable(
        *model->mask_executable(bucket),
        {std::span(pooled).subspan(begin * 16 * 36), std::span(classes).subspan(begin)});
    EXPECT_EQ(
        std::memcmp(masks[0].data(), all[0].values<float>().data() + begin * 144, rows * 144 * sizeof(float)),
        0)
        << "bucket " << bucket;
  }
  EXPECT_THROW(model->mask_executable(21), ModelError);
}

TEST(LoadedModel, KeepsTheMostRecentShapesOnly) {
  const auto model = LoadedModel::load(tests::tiny_model());
  const auto first = model->image_executable({32, 32});
  EXPECT_EQ(first, model->image_executable({32, 32}));
  const std::weak_ptr<const Executable> oldest = model->image_executable({64, 32});
  for (int i = 0; i < static_cast<int>(LoadedModel::kMaxShapes) - 1; ++i) {
    model->image_executable({96 + 32 * i, 32});
    EXPECT_EQ(first, model->image_executable({32, 32}));  // Used again and again: stays
  }
  EXPECT_TRUE(oldest.expired());
}

TEST(LoadedModel, RefusesSizesThatTheLevelsCannotHave) {
  const auto model = LoadedModel::load(tests::tiny_model());
  for (const Size size : {Size{0, 32}, Size{33, 32}, Size{-32, 32}, Size{32, 1 << 20}}) {
    EXPECT_THROW(model->image_executable(size), ModelError) << size.width << "x" << size.height;
  }
}

TEST(LoadedModel, NamesItsProgramsAndCountsTheirWeightsOnce) {
  const auto model = LoadedModel::load(tests::tiny_model());
  EXPECT_EQ(model->program_index("backbone-rpn"), 0U);
  EXPECT_EQ(model->program_index("box-head"), 1U);
  try {
    model->program_index("mask-head");
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("backbone-rpn, box-head"));
  }
  std::size_t all = 0;
  for (const auto& [name, tensor] : model->artifact().tensors()) all += tensor.bytes;
  EXPECT_EQ(model->weight_bytes(0) + model->weight_bytes(1), all);
}

/// How a model multiplies.
struct Precision {
  const char* name;
  tests::TinyModelOptions options;
  bool emulated = true;

  /// Whether this processor can.
  bool runs_here() const {
    if (emulated || options.precision == "f32") return true;
    return multiplies_bf16() && (options.precision == "bf16" || multiplies_int8());
  }
  std::shared_ptr<LoadedModel> load(const std::string& partition, bool emulates) const {
    auto with = options;
    with.partition = partition;
    return LoadedModel::load(tests::tiny_model(with), {.deterministic = true, .emulate_precision = emulates});
  }
};
std::ostream& operator<<(std::ostream& out, const Precision& precision) { return out << precision.name; }

const tests::TinyModelOptions kBf16{.precision = "bf16"}, kInt8Model{.precision = "int8"};
/// One level, the RPN head and the box head's first layer in bf16.
const tests::TinyModelOptions kMixed{.precision = "int8", .in_bf16 = {"fpn_output3", "rpn_head.conv", "fc1"}};
const std::vector<Precision> kPrecisions{{"f32", {}, true},
                                         {"bf16", kBf16, true},
                                         {"int8", kInt8Model, true},
                                         {"mixed", kMixed, true},
                                         {"bf16_here", kBf16, false},
                                         {"int8_here", kInt8Model, false},
                                         {"mixed_here", kMixed, false}};

class RpnHead : public ::testing::TestWithParam<Precision> {};

TEST_P(RpnHead, OfItsOwnWritesWhatTheFusedProgramDoes) {
  if (!GetParam().runs_here()) GTEST_SKIP() << "this processor does not multiply so";
  const auto load = [&](const std::string& partition) {
    return GetParam().load(partition, GetParam().emulated);
  };
  const auto fused = load("fused+box-head");
  EXPECT_TRUE(fused->rpn_program_indices().empty());
  const auto whole = fused->image_executable({160, 128});
  const auto image = image_of({160, 128});
  const auto expected = tests::run_executable(*whole, {image});

  for (const char* partition : {"backbone", "rpn-levels+box-head"}) {
    const auto cut = load(partition);
    EXPECT_EQ(cut->image_program_index(), 0U);
    const auto features = tests::run_executable(*cut->image_executable({160, 128}), {image});
    ASSERT_EQ(features.size(), 5U);
    const auto expect_same = [&](const Tensor& output) {
      const auto same = std::ranges::find(expected, output.spec(), &Tensor::spec);
      ASSERT_NE(same, expected.end()) << output.spec().name << " " << to_string(output.spec().dtype);
      EXPECT_EQ(tests::elements(output), tests::elements(*same)) << partition << ": " << output.spec().name;
    };
    for (const auto& feature : features) expect_same(feature);
    std::set<std::string> written;
    for (const auto program : cut->rpn_program_indices()) {
      const auto rpn = cut->rpn_executable(program, {160, 128});
      std::vector<std::vector<float>> inputs;
      for (const auto& feature : features) {
        if (std::ranges::find(rpn->inputs(), feature.spec()) != rpn->inputs().end())
          inputs.push_back(tests::elements(feature));
      }
      for (const auto& output : tests::run_executable(*rpn, {inputs.begin(), inputs.end()})) {
        expect_same(output);
        written.insert(output.spec().name);
      }
    }
    EXPECT_EQ(written.size(), 10U) << partition;
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, RpnHead, ::testing::ValuesIn(kPrecisions),
                         [](const auto& param) { return param.param.name; });

/// Names of what a run writes anew in another format.
std::set<std::string> reorders_of(const Executable& executable,
                                  const std::vector<std::span<const float>>& inputs) {
  auto& trace = Trace::process();
  trace.start();
  tests::run_executable(executable, inputs);
  std::set<std::string> names;
  for (const auto& span : trace.stop()) {
    if (span.op == "Reorder") names.insert(span.name);
  }
  return names;
}

DType type_of(const std::vector<TensorSpec>& specs, const std::string& name) {
  return std::ranges::find(specs, name, &TensorSpec::name)->dtype;
}

class NarrowModel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!multiplies_bf16() || !multiplies_int8()) GTEST_SKIP() << "this processor does not multiply so";
  }
};

TEST_F(NarrowModel, FeaturesAndRegionsAreWhatTheirReadersMultiply) {
  const auto expect = [&](const tests::TinyModelOptions& options, DType pixels, DType p2, DType p3,
                          DType pooled) {
    const auto model = LoadedModel::load(tests::tiny_model(options), {.deterministic = true});
    const auto image = model->image_executable({160, 128});
    EXPECT_EQ(type_of(image->inputs(), "image"), pixels);
    EXPECT_EQ(image->inputs()[0].layout, pixels == DType::kF32 ? Layout::kRowMajor : Layout::kNhwc);
    EXPECT_EQ(reorders_of(*image, {image_of({160, 128})}).count("image.reorder"), 0U);
    EXPECT_EQ(type_of(image->outputs(), "p2"), p2);
    EXPECT_EQ(type_of(image->outputs(), "p3"), p3);
    EXPECT_EQ(type_of(image->outputs(), "rpn_logits_p2"), DType::kF32);
    const auto head = model->box_executable(16);
    EXPECT_EQ(type_of(head->inputs(), "pooled"), pooled);
    for (const auto& output : head->outputs()) EXPECT_EQ(output.dtype, DType::kF32) << output.name;
    EXPECT_EQ(reorders_of(*head, {regions_of(*head)}).count("pooled.reorder"), 0U);
  };
  expect({}, DType::kF32, DType::kF32, DType::kF32, DType::kF32);
  expect(kBf16, DType::kBf16, DType::kBf16, DType::kBf16, DType::kBf16);
  expect(kInt8Model, DType::kS8, DType::kS8, DType::kS8, DType::kS8);
  expect(kMixed, DType::kS8, DType::kBf16, DType::kBf16, DType::kBf16);
  auto heads = kInt8Model;
  heads.in_bf16 = {"fc1"};
  expect(heads, DType::kS8, DType::kS8, DType::kS8, DType::kBf16);
  auto without_rpn = kInt8Model;
  without_rpn.load_proposals = true;
  const auto model = LoadedModel::load(tests::tiny_model(without_rpn), {.deterministic = true});
  EXPECT_EQ(type_of(model->image_executable({160, 128})->outputs(), "p2"), DType::kBf16) << "it has no step";
}

TEST_F(NarrowModel, DetailHeadsReadRegionsAsTheyCome) {
  for (const auto& [precision, expected] :
       std::map<std::string, DType>{{"bf16", DType::kBf16}, {"int8", DType::kS8}}) {
    const auto masks = LoadedModel::load(tests::tiny_model({.masks = true, .precision = precision}),
                                         {.deterministic = true});
    const auto keypoints = LoadedModel::load(tests::tiny_model({.keypoints = true, .precision = precision}),
                                             {.deterministic = true});
    const auto mask = masks->mask_executable(4), keypoint = keypoints->keypoint_executable(4);
    EXPECT_EQ(type_of(mask->inputs(), "mask_pooled"), expected);
    EXPECT_EQ(type_of(mask->inputs(), "mask_classes"), DType::kF32);
    EXPECT_EQ(type_of(keypoint->inputs(), "keypoint_pooled"), expected);
    const std::vector<float> classes(4, 0.F);
    EXPECT_EQ(reorders_of(*mask, {regions_of(*mask), classes}).count("mask_pooled.reorder"), 0U);
    EXPECT_EQ(reorders_of(*keypoint, {regions_of(*keypoint)}).count("keypoint_pooled.reorder"), 0U);
  }
}

// Sums in another order round otherwise where they lie near a tie, and that is all.
TEST_F(NarrowModel, FindsWhatIsFoundWhereItIsEmulated) {
  const auto image = image_of({160, 128});
  for (const auto& options : {kBf16, kInt8Model, kMixed}) {
    auto exact_options = options;
    exact_options.precision = "f32";
    exact_options.in_bf16.clear();
    const auto file = tests::tiny_model(options);
    const auto here = LoadedModel::load(file, {.deterministic = true});
    const auto emulated = LoadedModel::load(file, {.deterministic = true, .emulate_precision = true});
    const auto exact = LoadedModel::load(tests::tiny_model(exact_options), {.deterministic = true});
    const auto regions = regions_of(*exact->box_executable(16));
    const auto compare = [&](const std::vector<Tensor>& found, const std::vector<Tensor>& wanted,
                             const std::vector<Tensor>& reference) {
      for (std::size_t i = 0; i < found.size(); ++i) {
        const auto of = [&](const std::vector<Tensor>& tensors) { return tests::row_major(tensors[i]); };
        EXPECT_LT(tests::relative_error(of(found), of(wanted)),
                  0.35 * tests::relative_error(of(found), of(reference)))
            << options.precision << " " << found[i].spec().name;
      }
    };
    const auto outputs = [&](LoadedModel& model) {
      return tests::run_executable(*model.image_executable({160, 128}), {image});
    };
    const auto heads = [&](LoadedModel& model) {
      return tests::run_executable(*model.box_executable(16), {regions});
    };
    compare(outputs(*here), outputs(*emulated), outputs(*exact));
    compare(heads(*here), heads(*emulated), heads(*exact));
  }
}

// A residue of the measured picks would show: those round otherwise.
TEST(LoadedModel, DeterministicMeansEveryConvolutionDirect) {
  const auto file = tests::tiny_model();
  const auto model = LoadedModel::load(file, {.deterministic = true});
  EXPECT_NE(model, LoadedModel::load(file));
  EXPECT_EQ(model, LoadedModel::load(file, {.deterministic = true}));
  const auto image = image_of({160, 128});
  const auto ours = model->image_executable({160, 128});
  PackedWeights weights([&](const std::string& name) { return model->artifact().weight(name); });
  const auto direct = build_executable(model->artifact().programs()[0].graph, {ours->inputs(), {}}, weights);
  const auto found = tests::run_executable(*ours, {image});
  const auto expected = tests::run_executable(*direct, {image});
  for (std::size_t i = 0; i < 5; ++i) {  // The features
    EXPECT_EQ(std::memcmp(found[i].data(), expected[i].data(), found[i].spec().bytes()), 0) << i;
  }
}

TEST(LoadedModel, CountsTheWeightsThatItsExecutablesHold) {
  const auto model = LoadedModel::load(tests::tiny_model({.seed = 9}), {.deterministic = true});
  const auto plain = model->weight_bytes(0);
  const auto executable = model->image_executable({64, 64});
  EXPECT_GE(model->weight_bytes(0), plain);  // Blocks are padded
  EXPECT_LT(model->weight_bytes(0), 2 * plain);
}

TEST(LoadedModel, SaysWhichFileIsMissing) {
  try {
    LoadedModel::load("/nowhere/model.rcnn");
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/model.rcnn"));
    EXPECT_THAT(error.what(), HasSubstr("neuron-rcnn compile"));
  }
}

}  // namespace
}  // namespace rcnn::engine
