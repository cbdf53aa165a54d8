// SPDX-License-Identifier: MIT
#include "engine/quantize/calibrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <set>
#include <sstream>

#include "engine/compile/artifact.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/runtime/loaded_model.hpp"
#include "tests/support/files.hpp"
#include "tests/support/operator_cases.hpp"
#include "tests/support/relative_error.hpp"
#include "tests/support/run_executable.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

constexpr Size kSize{160, 128};
constexpr int kRegions = 5;
const std::string kLongestName = std::string(250, 'x') + ".rcnn";

class Calibrate : public ::testing::Test {
 protected:
  Calibrate()
      : model_(compile(tests::tiny_config(), tests::tiny_checkpoint(),
                       {.input = {.width = 160, .height = 128}})) {}

  /// Random numbers for pictures and for pooled regions.
  std::vector<std::vector<float>> outputs(LoadedModel& model, int image) const {
    std::vector<std::vector<float>> values;
    const auto seed = static_cast<std::uint32_t>(image);
    auto pixels = tests::random_values(std::size_t{3} * kSize.width * kSize.height, seed + 1);
    for (float& value : pixels) value *= 100;
    const auto head = model.box_executable(kRegions);
    const auto pooled =
        tests::random_values(static_cast<std::size_t>(element_count(head->inputs()[0].shape)), seed + 100);
    for (const auto& tensor : tests::run_executable(*model.image_executable(kSize), {pixels})) {
      values.push_back(tests::row_major(tensor));
    }
    for (const auto& tensor : tests::run_executable(*head, {pooled}))
      values.push_back(tests::row_major(tensor));
    return values;
  }

  RunImages runner() {
    return [this](const std::filesystem::path& artifact, int images,
                  const std::shared_ptr<ActivationTap>& tap, const std::string& what) {
      files_.insert(artifact);
      EXPECT_TRUE(artifact.filename().string().starts_with(".")) << artifact;
      said_.push_back(what);
      const auto model = LoadedModel::load(artifact, {.deterministic = true, .emulate_precision = true});
      const ActivationTap::Scope scope(tap);
      for (int i = 0; i < images; ++i) outputs(*model, i);
    };
  }

  CalibrationOptions options(double budget) const {
    return {.images = 3,
            .search_images = 2,
            .range_method = "mse",
            .budget = budget,
            .target = folder_ / kLongestName};
  }

  const tests::TempFolder folder_;
  CompiledModel model_;
  std::set<std::filesystem::path> files_;
  std::vector<std::string> said_;
};

std::size_t in_int8(const Quantization& plan, const std::string& program) {
  std::size_t count = 0;
  for (const auto& [weight, layer] : plan.layers) {
    count += layer.program == program && layer.precision == kInt8 ? 1 : 0;
  }
  return count;
}

TEST_F(Calibrate, TakesEverythingWhereTheBudgetIsLarge) {
  const auto plan = calibrate(model_, options(1), runner());
  EXPECT_EQ(in_int8(plan, "box-head"), 4U);
  for (const auto& [weight, layer] : plan.layers) EXPECT_EQ(layer.precision, kInt8) << weight;
  EXPECT_EQ(said_.size(), 5U) << "ranges, then for each program exact and one trial";
  EXPECT_EQ(files_.size(), 3U) << "of the model as it is and of each program";
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "trials are removed";
  EXPECT_EQ(plan, calibrate(model_, options(1), runner())) << "the same images, the same plan";
}

// As a mask head does where the first images show nothing: there are ranges, but no error to search by.
TEST_F(Calibrate, TakesAProgramThatTheSearchDoesNotReachAsItIs) {
  const auto run = runner();
  const RunImages without_head_in_search = [&](const std::filesystem::path& artifact, int images,
                                               const std::shared_ptr<ActivationTap>& tap,
                                               const std::string& what) {
    if (what.starts_with("box-head")) return;
    run(artifact, images, tap, what);
  };
  const auto plan = calibrate(model_, options(1), without_head_in_search);
  EXPECT_EQ(in_int8(plan, "box-head"), 4U);
  EXPECT_FALSE(plan.errors.contains("box-head")) << "it was not measured";
  EXPECT_TRUE(plan.errors.contains("backbone-rpn"));
}

TEST_F(Calibrate, LeavesLayersOutUntilTheBudgetIsKeptTo) {
  const auto whole = calibrate(model_, options(1), runner());
  const double budget = 0.6 * whole.errors.at("backbone-rpn");
  const auto plan = calibrate(model_, options(budget), runner());
  EXPECT_LT(in_int8(plan, "backbone-rpn"), in_int8(whole, "backbone-rpn"));
  EXPECT_GT(in_int8(plan, "backbone-rpn"), 0U);
  EXPECT_LE(plan.errors.at("backbone-rpn"), budget);
  EXPECT_GT(plan.errors.at("backbone-rpn"), 0);
}

TEST_F(Calibrate, SaysWhereNoPlanKeepsToTheBudget) {
  std::ostringstream said;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  calibrate(model_, options(1), runner());
  const auto silent = said.str();
  calibrate(model_, options(-1), runner());
  spdlog::set_default_logger(before);
  EXPECT_THAT(silent, ::testing::Not(::testing::HasSubstr("outputs have an error")));
  EXPECT_THAT(said.str(), ::testing::HasSubstr("backbone-rpn's outputs have an error of"));
  EXPECT_THAT(said.str(), ::testing::HasSubstr("box-head's outputs have an error of"));
}

// In bf16 the budget is on top of what careful methods cost.
TEST_F(Calibrate, InBf16LeavesF4x4ToLayersThatAddLittle) {
  auto chosen = options(100);
  chosen.precision = "bf16";
  for (const auto& program : model_.programs) {
    for (const auto& node : program.graph.nodes) {
      if (node.kernel == 3 && node.stride == 1 && node.out_channels % 16 == 0) {
        chosen.methods[node.weight] = "F(4x4,3x3)";
      }
    }
  }
  ASSERT_GT(chosen.methods.size(), 3U);
  const auto quick = [&](double budget) {
    chosen.budget = budget;
    const auto plan = calibrate(model_, chosen, runner());
    std::size_t count = 0;
    for (const auto& [weight, layer] : plan.layers) count += layer.method == "F(4x4,3x3)" ? 1 : 0;
    return std::pair(count, plan.errors.at("backbone-rpn"));
  };
  const auto [all, most] = quick(100);
  EXPECT_EQ(all, chosen.methods.size());
  EXPECT_THAT(said_, ::testing::Not(::testing::Contains(::testing::HasSubstr("ranking"))))
      << "none is in the way";
  const auto [none, least] = quick(-1);  // That nothing keeps to
  EXPECT_EQ(none, 0U);
  EXPECT_THAT(said_, ::testing::Contains("backbone-rpn, ranking layer 1"));
  ASSERT_GT(most, least);
  const auto [some, between] = quick((most / least - 1) / 2);
  EXPECT_GT(some, 0U);
  EXPECT_LT(some, all);
  EXPECT_LE(between, (most + least) / 2 + 1e-9);
}

// What the plan says of errors is what the artifact does, emulated or, of its weights alone, as f32.
TEST_F(Calibrate, TheArtifactHasTheErrorThatWasMeasured) {
  write_artifact(model_, folder_ / "exact.rcnn");
  auto model = model_;
  quantize(model, calibrate(model_, options(1), runner()));
  write_artifact(model, folder_ / "int8.rcnn");
  EXPECT_LT(std::filesystem::file_size(folder_ / "int8.rcnn"),
            std::filesystem::file_size(folder_ / "exact.rcnn"));
  const auto exact = LoadedModel::load(folder_ / "exact.rcnn", {.deterministic = true});
  const auto emulated =
      LoadedModel::load(folder_ / "int8.rcnn", {.deterministic = true, .emulate_precision = true});
  const auto& measured = emulated->artifact().quantization()->errors;
  auto reference = outputs(*exact, 0), found = outputs(*emulated, 0);
  const auto more_reference = outputs(*exact, 1), more_found = outputs(*emulated, 1);
  double image = 0, box = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    reference[i].insert(reference[i].end(), more_reference[i].begin(), more_reference[i].end());
    found[i].insert(found[i].end(), more_found[i].begin(), more_found[i].end());
    auto& worst = i + 2 < reference.size() ? image : box;
    worst = std::max(worst, tests::relative_error(found[i], reference[i]));
  }
  // Calibration judges a seventh of the elements, and the box head's few rows are not many.
  EXPECT_NEAR(image, measured.at("backbone-rpn"), 0.2 * measured.at("backbone-rpn"));
  EXPECT_NEAR(box, measured.at("box-head"), 0.4 * measured.at("box-head"));
}

}  // namespace
}  // namespace rcnn::engine
