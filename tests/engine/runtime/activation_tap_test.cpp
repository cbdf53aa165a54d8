// SPDX-License-Identifier: MIT
#include "engine/runtime/activation_tap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/program_executable.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/run_executable.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;

/// Notes what it is shown.
class Notes final : public ActivationTap {
 public:
  class Noting final : public Run {
   public:
    explicit Noting(std::vector<std::string>& notes) : notes_(notes) {}
    void visit(const std::string& value, const Format& format, std::span<const float> values) override {
      EXPECT_EQ(format.shape(), (Shape{1, 2}));
      notes_.push_back(value + " " + std::to_string(values.size()) + " " +
                       std::to_string(values[0]).substr(0, 4));
    }

   private:
    std::vector<std::string>& notes_;
  };
  std::unique_ptr<Run> begin(const std::string& program) override {
    return program == "g" ? std::make_unique<Noting>(notes) : nullptr;
  }
  std::vector<std::string> notes;
};

std::vector<float> run(const std::string& name, const Quantization* quantization = nullptr) {
  Node relu;
  relu.name = "relu";
  relu.kind = OpKind::kRelu;
  relu.inputs = {"x"};
  relu.outputs = {"y"};
  Node same;
  same.name = "same";
  same.kind = OpKind::kLinear;
  same.inputs = {"y"};
  same.outputs = {"z"};
  same.weight = "identity";
  same.out_channels = 2;
  const Graph graph{name, {relu, same}, {"x"}, {"z"}};
  tests::NamedWeights named;
  named.set("identity", {1, 0, 0, 1});
  auto weights = named.packed();
  ProgramShapes shapes{{{"x", {1, 2}, DType::kF32, Layout::kRowMajor}}, {}};
  shapes.quantization = quantization;
  const std::vector<float> source{1.3F, -2};
  return tests::row_major(tests::run_executable(*build_executable(graph, shapes, weights), {source})[0]);
}

TEST(ActivationTap, SeesInputsThenEveryValueOnce) {
  const auto tap = std::make_shared<Notes>();
  EXPECT_FALSE(ActivationTap::any());
  {
    const ActivationTap::Scope scope(tap);
    EXPECT_TRUE(ActivationTap::any());
    run("g");
    run("another");
  }
  EXPECT_FALSE(ActivationTap::any());
  run("g");
  EXPECT_THAT(tap->notes, ElementsAre("x 2 1.30", "y 2 1.30", "z 2 1.30"));
}

TEST(ActivationTap, SeesValuesAsTheyWereRounded) {
  const auto tap = std::make_shared<Notes>();
  const ActivationTap::Scope scope(tap);
  Quantization quantization;
  quantization.layers["identity"] = {};
  quantization.activations = {{"y", {0.5F, true}}};
  run("g", &quantization);
  EXPECT_THAT(tap->notes, ElementsAre("x 2 1.30", "y 2 1.50", "z 2 1.50"));
}

// A cancelled execution is answered while its core still computes, and what the tap borrows goes with the
// scope.
TEST(ActivationTap, IsUninstalledOnlyWhenItsRunsAreOver) {
  auto scope = std::make_optional<ActivationTap::Scope>(std::make_shared<Notes>());
  auto run = ActivationTap::begin_installed("g");
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(ActivationTap::begin_installed("another"), nullptr) << "of no interest to it";
  auto ending = std::async(std::launch::async, [&] { scope.reset(); });
  EXPECT_EQ(ending.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  run.reset();
  EXPECT_EQ(ending.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace rcnn::engine
