// SPDX-License-Identifier: MIT
#include "engine/runtime/program_executable.hpp"

#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/run_executable.hpp"
#include "tests/support/slow_operators.hpp"

namespace rcnn::engine {
namespace {

Node make_node(OpKind kind, const std::string& output, std::vector<std::string> inputs, int out_channels = 0,
               int kernel = 1) {
  Node node;
  node.name = output;
  node.kind = kind;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.out_channels = out_channels;
  node.kernel = kernel;
  node.padding = kernel / 2;
  if (kind == OpKind::kConv2d || kind == OpKind::kLinear) node.weight = output + ".w";
  return node;
}

class Program : public ::testing::Test {
 protected:
  static constexpr int kChannels = 12, kHeight = 9, kWidth = 11;

  void add_weights(const std::string& name, int out, int in, int kernel) {
    weights_[name] = tests::random_values(static_cast<std::size_t>(out * in * kernel * kernel), 7);
    named_.set(name + ".w", weights_[name]);
  }
  tests::WindowCase window(int out, int kernel) const {
    return {kChannels, out, kHeight, kWidth, kernel, 1, kernel / 2, 1};
  }
  std::vector<Tensor> run(const Graph& graph, const std::map<std::string, Layout>& layouts = {}) {
    auto packed = named_.packed();
    const TensorSpec input{"x", {1, kChannels, kHeight, kWidth}, DType::kF32, Layout::kRowMajor};
    return tests::run_executable(*build_executable(graph, {{input}, layouts}, packed), {source_});
  }

  std::vector<float> source_ = tests::random_values(kChannels * kHeight * kWidth, 1);
  std::map<std::string, std::vector<float>> weights_;
  tests::NamedWeights named_;
};

TEST_F(Program, WritesOutputsInTheLayoutAskedFor) {
  add_weights("a", 10, kChannels, 3);
  Graph graph{"g", {make_node(OpKind::kConv2d, "a", {"x"}, 10, 3)}, {"x"}, {"a"}};
  const auto expected = tests::slow_conv2d(window(10, 3), source_, weights_["a"], {});
  for (const auto layout : {Layout::kRowMajor, Layout::kNhwc, Layout::kBlocked8}) {
    const auto outputs = run(graph, {{"a", layout}});
    EXPECT_EQ(outputs[0].spec().layout, layout);
    tests::expect_close(tests::row_major(outputs[0]), expected, 1e-4f);
  }
}

// By another algorithm the values are the same up to rounding, and not bit for bit.
TEST_F(Program, RunsConvolutionsByTheAlgorithmThatWasPicked) {
  add_weights("a", 16, 16, 3);
  add_weights("b", 16, 16, 3);
  auto sum = make_node(OpKind::kConv2d, "b", {"x", "a"}, 16, 3);
  sum.fused_sum = true;
  const Graph graph{"g", {make_node(OpKind::kConv2d, "a", {"x"}, 16, 3), sum}, {"x"}, {"b"}};
  const TensorSpec input{"x", {1, 16, kHeight, kWidth}, DType::kF32, Layout::kBlocked8};
  const auto source = tests::random_values(16 * kHeight * kWidth, 1);
  auto packed = named_.packed();
  std::size_t measured = 0;
  const auto run_with = [&](const Conv2dCosts& costs) {
    Conv2dPicks picks(Conv2dCostFile({}, "here"), [&](const Conv2dClass&) { return costs; });
    const auto executable = build_executable(graph, {{input}, {{"b", Layout::kRowMajor}}, &picks}, packed);
    measured = picks.known().size();
    return tests::row_major(tests::run_executable(*executable, {source})[0]);
  };
  const auto direct = run_with({{{0, 1}, {0, 100}, {0, 1000}}});
  if (measured == 0) GTEST_SKIP() << "this CPU's convolutions do not lie in blocks of 8";
  for (const Conv2dCosts& costs : {Conv2dCosts{{{0, 1}, {0, 1}, {0, 1000}}}, {{{0, 1}, {0, 100}, {0, 1}}}}) {
    const auto values = run_with(costs);
    tests::expect_close(values, direct, 1e-3F);
    EXPECT_NE(values, direct);
  }
}

// What is summed in place must survive where somebody else still needs it: as an output, or as a later
// operand.
TEST_F(Program, KeepsASummandThatIsNeededLater) {
  add_weights("a", kChannels, kChannels, 3);
  add_weights("b", kChannels, kChannels, 1);
  auto sum = make_node(OpKind::kConv2d, "b", {"x", "a"}, kChannels, 1);
  sum.fused_sum = true;
  Graph graph{
      "g",
      {make_node(OpKind::kConv2d, "a", {"x"}, kChannels, 3), sum, make_node(OpKind::kAdd, "c", {"a", "b"})},
      {"x"},
      {"c"}};
  const auto a = tests::slow_conv2d(window(kChannels, 3), source_, weights_["a"], {});
  auto b = tests::slow_conv2d(window(kChannels, 1), source_, weights_["b"], {});
  auto c = a;
  for (std::size_t i = 0; i < a.size(); ++i) c[i] += b[i] += a[i];
  tests::expect_close(tests::row_major(run(graph)[0]), c, 1e-4f);

  graph.outputs = {"a", "b", "c"};
  const auto outputs = run(graph);
  tests::expect_close(tests::row_major(outputs[0]), a, 1e-4f);
  tests::expect_close(tests::row_major(outputs[1]), b, 1e-4f);
  tests::expect_close(tests::row_major(outputs[2]), c, 1e-4f);
}

TEST_F(Program, SumsOntoTheInputWithoutChangingIt) {
  add_weights("a", kChannels, kChannels, 3);
  auto sum = make_node(OpKind::kConv2d, "a", {"x", "x"}, kChannels, 3);
  sum.fused_sum = true;
  const Graph graph{"g", {sum}, {"x"}, {"a"}};
  auto expected = tests::slow_conv2d(window(kChannels, 3), source_, weights_["a"], {});
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += source_[i];
  tests::expect_close(tests::row_major(run(graph)[0]), expected, 1e-4f);
}

TEST_F(Program, ReadsOutputsThatLaterOperatorsNeed) {
  add_weights("a", 16, kChannels, 3);
  auto pool = make_node(OpKind::kMaxPool2d, "p", {"a"});
  pool.stride = 2;
  const Graph graph{
      "g",
      {make_node(OpKind::kConv2d, "a", {"x"}, 16, 3), pool, make_node(OpKind::kRelu, "r", {"p"})},
      {"x"},
      {"a", "r"}};
  const auto a = tests::slow_conv2d(window(16, 3), source_, weights_["a"], {});
  const auto p = tests::slow_max_pool2d({16, 16, kHeight, kWidth, 1, 2, 0, 1}, a);
  tests::expect_close(tests::row_major(run(graph)[1]), tests::slow_relu(p), 1e-4f);
}

TEST_F(Program, FlattensTheInputOfALinearLayer) {
  constexpr int kOut = 5, kIn = kChannels * kHeight * kWidth;
  add_weights("fc", kOut, kIn, 1);
  const Graph graph{"g", {make_node(OpKind::kLinear, "fc", {"x"}, kOut)}, {"x"}, {"fc"}};
  const auto outputs = run(graph);
  EXPECT_EQ(outputs[0].shape(), (Shape{1, kOut}));
  tests::expect_close(tests::row_major(outputs[0]),
                      tests::slow_linear({1, kIn, kOut}, source_, weights_["fc"], {}), 1e-3f);
}

// Another image size must not cost another copy of the weights.
TEST_F(Program, SharesWeightsBetweenShapes) {
  add_weights("a", 16, kChannels, 3);
  const Graph graph{"g", {make_node(OpKind::kConv2d, "a", {"x"}, 16, 3)}, {"x"}, {"a"}};
  int reads = 0;
  PackedWeights packed([&](const std::string&) {
    ++reads;
    return std::span<const float>(weights_["a"]);
  });
  std::vector<std::shared_ptr<const Executable>> executables;
  for (const int side : {8, 24, 40}) {
    const TensorSpec input{"x", {1, kChannels, side, side}, DType::kF32, Layout::kRowMajor};
    executables.push_back(build_executable(graph, {{input}, {}}, packed));
  }
  EXPECT_EQ(reads, 1);
}

TEST_F(Program, RefusesHostOperatorsAndWrongScratch) {
  auto packed = named_.packed();
  const TensorSpec input{"x", {1, 4, 4, 4}, DType::kF32, Layout::kRowMajor};
  const Graph host{"g", {make_node(OpKind::kProposals, "p", {"x"})}, {"x"}, {"p"}};
  EXPECT_THROW(build_executable(host, {{input}, {}}, packed), ModelError);
  EXPECT_THROW(build_executable({"g", {}, {"x"}, {"x"}}, {{input}, {}}, packed), ModelError);
  EXPECT_THROW(build_executable({"g", {}, {"x"}, {}}, {{}, {}}, packed), ModelError);
  const Graph relu{
      "g", {make_node(OpKind::kRelu, "r", {"x"}), make_node(OpKind::kRelu, "s", {"r"})}, {"x"}, {"s"}};
  const auto executable = build_executable(relu, {{input}, {}}, packed);
  EXPECT_GT(executable->scratch_bytes(), 0U);
  EXPECT_THROW(executable->run({}, {}, {}), DeviceError);
}

}  // namespace
}  // namespace rcnn::engine
