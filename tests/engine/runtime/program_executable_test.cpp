// SPDX-License-Identifier: MIT
#include "engine/runtime/program_executable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/ops/platform.hpp"
#include "engine/runtime/activation_tap.hpp"
#include "engine/runtime/trace.hpp"
#include "engine/tensor/bf16.hpp"
#include "tests/support/operator_runner.hpp"
#include "tests/support/relative_error.hpp"
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

/// Two heads of one map, as an RPN has them.
class HeadsProgram : public Program {
 protected:
  HeadsProgram() {
    add_weights("hidden", 32, kChannels, 3);
    add_weights("head.logits", 3, 32, 1);
    add_weights("head.deltas", 12, 32, 1);
    graph_ = {"g",
              {make_node(OpKind::kConv2d, "hidden", {"x"}, 32, 3),
               make_node(OpKind::kConv2d, "head.logits", {"hidden"}, 3),
               make_node(OpKind::kConv2d, "head.deltas", {"hidden"}, 12)},
              {"x"},
              {"head.logits", "head.deltas"}};
  }
  void expect_definition(const std::vector<Tensor>& outputs) {
    const auto hidden = tests::slow_conv2d(window(32, 3), source_, weights_["hidden"], {});
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& name = graph_.outputs[i];
      tests::expect_close(
          tests::row_major(outputs[i]),
          tests::slow_conv2d({32, i == 0 ? 3 : 12, kHeight, kWidth, 1, 1, 0, 1}, hidden, weights_[name], {}),
          1e-3F);
    }
  }
  std::vector<std::string> operators_run(const std::map<std::string, Layout>& layouts) {
    auto& trace = Trace::process();
    trace.start();
    expect_definition(run(graph_, layouts));
    std::vector<std::string> names;
    for (const auto& span : trace.stop()) {
      if (span.kind == TraceSpan::Kind::kOperator) names.push_back(span.name + " " + to_string(span.shape));
    }
    return names;
  }

  Graph graph_;
};

TEST_F(HeadsProgram, AreComputedTogetherAndWrittenAsAsked) {
  const auto plain = operators_run({});
  if (plain.back().find('+') == std::string::npos) GTEST_SKIP() << "no kernel for both on this processor";
  EXPECT_EQ(plain.back(), "head.logits+deltas [1, 15, 9, 11]");
  const auto asked = operators_run({{"head.logits", Layout::kNhwc}, {"head.deltas", Layout::kNhwc}});
  EXPECT_EQ(asked, plain) << "channels last is how they are written anyway";
  const auto reordered = operators_run({{"head.logits", Layout::kRowMajor}});
  EXPECT_EQ(reordered.size(), plain.size() + 1);
}

TEST_F(HeadsProgram, MayBeReadAgain) {
  auto sigmoid = make_node(OpKind::kSigmoid, "scores", {"head.logits"});
  graph_.nodes.insert(graph_.nodes.begin() + 2, sigmoid);
  graph_.outputs.push_back("scores");
  const auto outputs = run(graph_);
  expect_definition(outputs);
  tests::expect_close(tests::row_major(outputs[2]),
                      tests::slow_activation(Activation::kSigmoid, tests::row_major(outputs[0])), 1e-5F);
}

/// A ResNet's stem in bf16.
class StemProgram : public Program {
 protected:
  StemProgram() {
    named_.set("conv.w", tests::random_values(std::size_t{32} * 3 * 49, 7));
    auto conv = make_node(OpKind::kConv2d, "conv", {"image"}, 32, 7),
         pool = make_node(OpKind::kMaxPool2d, "pool", {"conv"});
    conv.stride = 2;
    conv.activation = Activation::kRelu;
    pool.kernel = 3;
    pool.stride = 2;
    pool.padding = 1;
    graph_ = {"g", {conv, pool}, {"image"}, {"pool"}};
  }
  void SetUp() override {
    if (!multiplies_bf16()) GTEST_SKIP() << "no products of bf16 here";
  }
  /// The first output, row-major, and the operators that ran.
  std::pair<std::vector<float>, std::string> run_traced() {
    ProgramShapes shapes;
    shapes.inputs = {{"image", {1, 3, 40, 44}, DType::kBf16, Layout::kNhwc}};
    shapes.bf16 = true;
    shapes.narrow_products = true;
    shapes.borders = {"pool"};
    auto packed = named_.packed();
    const auto executable = build_executable(graph_, shapes, packed);
    auto& trace = Trace::process();
    trace.start();
    const auto outputs =
        tests::run_executable(*executable, {tests::random_values(std::size_t{3} * 40 * 44, 1)});
    std::string names;
    for (const auto& span : trace.stop()) {
      if (span.kind == TraceSpan::Kind::kOperator) names += span.name + " ";
    }
    return {tests::row_major(outputs[0]), names};
  }

  Graph graph_;
};

TEST_F(StemProgram, IsComputedWithItsPoolingWhereNobodyElseReadsIt) {
  const auto [together, names] = run_traced();
  if (names != "conv+pool ") GTEST_SKIP() << "no kernel for both on this processor";
  graph_.outputs = {"pool", "conv"};
  const auto [apart, more_names] = run_traced();
  EXPECT_NE(more_names.find("conv "), std::string::npos) << more_names;
  ASSERT_EQ(together.size(), apart.size());
  for (std::size_t i = 0; i < apart.size(); ++i) {
    ASSERT_NEAR(together[i], apart[i], apart[i] / 128) << "sums in another order round otherwise";
  }
}

TEST_F(StemProgram, IsNotForOtherPoolings) {
  graph_.nodes[1].padding = 0;
  EXPECT_EQ(run_traced().second.find('+'), std::string::npos);
}

/// Names what it is shown.
class Names final : public ActivationTap {
 public:
  std::unique_ptr<Run> begin(const std::string&) override { return std::make_unique<Naming>(names); }
  std::vector<std::string> names;

 private:
  struct Naming final : Run {
    explicit Naming(std::vector<std::string>& to) : names(to) {}
    void visit(const std::string& value, const Format& format, std::span<const float>) override {
      names.push_back(value + " " + to_string(format.shape()));
    }
    std::vector<std::string>& names;
  };
};

TEST_F(HeadsProgram, AreBothShownToATap) {
  const auto tap = std::make_shared<Names>();
  const ActivationTap::Scope scope(tap);
  run(graph_);
  const std::vector<std::string> last(tap->names.end() - 2, tap->names.end());
  EXPECT_EQ(last, (std::vector<std::string>{"head.logits [1, 3, 9, 11]", "head.deltas [1, 12, 9, 11]"}));
}

/// A residual block, its pooling and a step of a feature pyramid.
class PyramidProgram : public Program {
 protected:
  static constexpr int kSide = 12;

  PyramidProgram() {
    add_weights("a", 16, kChannels, 3);
    for (const char* name : {"b", "fine", "coarse", "out"}) add_weights(name, 16, 16, name[0] == 'b' ? 3 : 1);
    // Nothing is negative, nor above 100 steps: processors without VNNI halve the weights of signed values
    // and add two products in 16 bits.
    for (auto* values : {&source_, &weights_.at("fine"), &weights_.at("coarse")}) {
      for (float& value : *values) value = std::abs(value);
    }
    for (const char* name : {"fine", "coarse"}) named_.set(std::string(name) + ".w", weights_.at(name));
    auto a = make_node(OpKind::kConv2d, "a", {"x"}, 16, 3);
    auto b = make_node(OpKind::kConv2d, "b", {"a", "a"}, 16, 3);
    b.fused_sum = true;
    for (auto* node : {&a, &b}) node->activation = Activation::kRelu;
    auto pool = make_node(OpKind::kMaxPool2d, "pool", {"b"}, 0, 1);
    pool.stride = 2;
    graph_ = {"g",
              {a, b, pool, make_node(OpKind::kConv2d, "fine", {"b"}, 16),
               make_node(OpKind::kConv2d, "coarse", {"pool"}, 16),
               make_node(OpKind::kUpsampleAdd, "up", {"fine", "coarse"}),
               make_node(OpKind::kConv2d, "out", {"up"}, 16)},
              {"x"},
              {"b", "fine", "coarse", "up", "out"}};
  }

  /// The outputs, row-major.
  std::vector<std::vector<float>> run(ProgramShapes shapes) {
    auto packed = named_.packed();
    shapes.inputs = {{"x", {1, kChannels, kSide, kSide}, DType::kF32, Layout::kRowMajor}};
    std::vector<std::vector<float>> values;
    const auto executable = build_executable(graph_, shapes, packed);
    types_.clear();
    for (const auto& output : executable->outputs()) types_.push_back(output.dtype);
    for (const auto& tensor : tests::run_executable(*executable, {source_}))
      values.push_back(tests::row_major(tensor));
    return values;
  }

  Graph graph_;
  std::vector<float> source_ = tests::random_values(kChannels * kSide * kSide, 1);
  std::vector<DType> types_;  ///< Of the outputs of the last run
};

constexpr std::size_t kOutputs = 5;

class QuantizedProgram : public PyramidProgram {
 protected:
  QuantizedProgram() {
    for (const char* name : {"a", "b", "fine", "coarse", "out"}) {
      quantization_.layers[std::string(name) + ".w"] = {};
      const CheckpointTensor weight{{16, kChannels},
                                    std::make_shared<const std::vector<float>>(weights_.at(name))};
      named_.set(std::string(name) + ".w.steps", weight_steps(weight));
    }
    const auto ranges = largest_values();
    for (const auto& [value, largest] : ranges) quantization_.activations[value] = {largest / 100, false};
    quantization_.activations["pool"] = quantization_.activations["b"];
  }

  /// Of what is held in 8 bits, computed in f32.
  std::map<std::string, float> largest_values() {
    auto all = graph_;
    all.outputs = {"a", "b", "pool", "fine", "coarse", "up"};
    auto packed = named_.packed();
    const TensorSpec input{"x", {1, kChannels, kSide, kSide}, DType::kF32, Layout::kRowMajor};
    std::map<std::string, float> largest{{"x", 1.F}};
    for (const auto& tensor :
         tests::run_executable(*build_executable(all, {{input}, {}}, packed), {source_})) {
      largest[tensor.spec().name] = std::ranges::max(tests::row_major(tensor));
    }
    return largest;
  }

  std::vector<std::vector<float>> run_with(const Quantization* quantization, bool narrow_products) {
    ProgramShapes shapes;
    shapes.quantization = quantization;
    shapes.narrow_products = narrow_products;
    return run(shapes);
  }

  /// The rounding that is said to happen is of weights, too: those of int8 are on their steps.
  void put_on_steps(const std::string& name) {
    const auto& values = weights_.at(name);
    const auto rest = static_cast<std::int64_t>(values.size() / 16);
    const CheckpointTensor weight{{16, rest}, std::make_shared<const std::vector<float>>(values)};
    const auto steps = weight_steps(weight);
    named_.set(name + ".w.steps", steps);
    named_.set(name + ".w", from_int8(to_int8(values, steps), steps));
  }

  Quantization quantization_;
};

TEST_F(QuantizedProgram, RoundsValuesWithoutMultiplyingInInt8) {
  const auto exact = run_with(nullptr, false), rounded = run_with(&quantization_, false);
  EXPECT_EQ(types_, std::vector<DType>(kOutputs, DType::kF32));
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = tests::relative_error(rounded[i], exact[i]);
    EXPECT_GT(error, 1e-4) << graph_.outputs[i];
    EXPECT_LT(error, 0.05) << graph_.outputs[i];
  }
  for (const float value : rounded[0]) {
    const float steps = value / quantization_.activations.at("b").step;
    ASSERT_NEAR(steps, std::round(steps), 1e-3F);
  }
}

TEST_F(QuantizedProgram, ProductsInInt8GiveWhatRoundingSays) {
  auto& trace = Trace::process();
  trace.start();
  const auto found = run_with(&quantization_, true);
  EXPECT_EQ(types_, (std::vector{DType::kU8, DType::kU8, DType::kU8, DType::kU8, DType::kF32}))
      << "what no layer reads is written as f32";
  int in_int8 = 0;
  for (const auto& span : trace.stop()) {
    const auto& by = span.implementation;  // "jit_int8:avx2", "brgconv_1x1:avx512_core_vnni"
    const bool int8 = by.find("int8") != std::string::npos || by.find("vnni") != std::string::npos ||
                      by.find("amx") != std::string::npos;
    if (span.op == "Conv2d") in_int8 += int8 ? 1 : 0;
  }
  if (in_int8 == 0 && !multiplies_int8()) GTEST_SKIP() << "oneDNN has no int8 convolutions here";
  EXPECT_EQ(in_int8, 5);
  for (const auto& [name, values] : weights_) put_on_steps(name);
  const auto exact = run_with(nullptr, false), rounded = run_with(&quantization_, false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LT(tests::relative_error(found[i], rounded[i]), 0.02 * tests::relative_error(found[i], exact[i]))
        << graph_.outputs[i] << ": a sum that lies halfway between two steps may fall either way, no more";
  }
}

// What stays out of int8 reads and writes f32 beside it.
TEST_F(QuantizedProgram, LayersThatStayOutOfInt8AreF32) {
  auto some = quantization_;
  for (const char* layer : {"b.w", "out.w"}) some.layers.at(layer).precision = "bf16";
  for (const char* value : {"up", "fine", "coarse", "a"}) some.activations.erase(value);
  const auto found = run_with(&some, true), exact = run_with(nullptr, false);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = tests::relative_error(found[i], exact[i]);
    EXPECT_GT(error, 1e-4);
    EXPECT_LT(error, 0.05);
  }
}

/// The same with a layer in bf16 by Winograd's method between layers in int8.
class MixedProgram : public QuantizedProgram {
 protected:
  MixedProgram() {
    add_weights("mixed", 16, 16, 3);
    for (float& value : weights_.at("mixed")) value = nearest_bf16(value);
    add_weights("last", 16, 16, 1);
    named_.set("mixed.w", weights_.at("mixed"));
    for (const char* name : {"a", "b", "last"}) put_on_steps(name);
    auto mixed = make_node(OpKind::kConv2d, "mixed", {"b"}, 16, 3);
    mixed.activation = Activation::kRelu;
    graph_.nodes.push_back(mixed);
    graph_.nodes.push_back(make_node(OpKind::kConv2d, "last", {"mixed"}, 16));
    graph_.outputs = {"mixed", "last"};
    quantization_.layers["mixed.w"] = {};
    quantization_.layers["mixed.w"].precision = "bf16";
    quantization_.layers["mixed.w"].method = to_string(Conv2dAlgorithm::kWinograd2x2);
    quantization_.layers["last.w"] = {};
    // Of whole numbers times a power of two bf16 holds the same as of the numbers.
    const float step = std::exp2(std::ceil(std::log2(quantization_.activations.at("b").step)));
    for (const char* value : {"b", "pool"}) quantization_.activations[value] = {step, false};
    const auto exact = run_with(nullptr, false);
    quantization_.activations["mixed"] = {std::ranges::max(exact[0]) / 250, false};
  }

  std::vector<std::vector<float>> run_mixed(bool narrow_products) {
    ProgramShapes shapes;
    shapes.quantization = &quantization_;
    shapes.bf16 = true;
    shapes.narrow_products = narrow_products;
    return run(shapes);
  }
};

TEST_F(MixedProgram, WinogradsMethodReadsAndWrites8BitsAsTheyAre) {
  if (!winograd_multiplies_bf16()) GTEST_SKIP() << "no such products of bf16 here";
  auto& trace = Trace::process();
  trace.start();
  const auto found = run_mixed(true);
  std::string reordered;
  for (const auto& span : trace.stop()) {
    if (span.op == "Reorder") reordered += span.name + " ";
  }
  EXPECT_EQ(reordered.find("mixed"), std::string::npos) << reordered;
  EXPECT_EQ(reordered.find("b."), std::string::npos) << reordered;
  EXPECT_EQ(types_[0], DType::kU8);
  const auto rounded = run_mixed(false);
  const float step = quantization_.activations.at("mixed").step;
  int different = 0;
  for (std::size_t i = 0; i < found[0].size(); ++i) {
    const float difference = std::abs(found[0][i] - rounded[0][i]) / step;
    ASSERT_LE(difference, 1.01F) << i;
    different += difference > 0.5F ? 1 : 0;
  }
  EXPECT_LE(different, static_cast<int>(found[0].size() / 200)) << "sums near a tie may fall either way";
}

TEST_F(MixedProgram, EmulationDoesNotRoundItsSourceToBf16) {
  auto& trace = Trace::process();
  trace.start();
  run_mixed(false);
  for (const auto& span : trace.stop()) EXPECT_NE(span.name, "b.copy");
}

class Bf16Program : public PyramidProgram {
 protected:
  Bf16Program() {
    for (auto& [name, values] : weights_) {  // As an artifact's are
      for (float& value : values) value = nearest_bf16(value);
      named_.set(name + ".w", values);
    }
  }

  std::vector<std::vector<float>> run_in_bf16(bool products) {
    ProgramShapes shapes;
    shapes.bf16 = true;
    shapes.narrow_products = products;
    return run(shapes);
  }
};

TEST_F(Bf16Program, RoundsTheValuesThatLayersRead) {
  const auto exact = run({}), rounded = run_in_bf16(false);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = tests::relative_error(rounded[i], exact[i]);
    EXPECT_GT(error, 1e-4) << graph_.outputs[i];
    EXPECT_LT(error, 0.01) << graph_.outputs[i];
    const auto has_its_bits = [](float value) {
      return (std::bit_cast<std::uint32_t>(value) & 0xffffU) == 0;
    };
    EXPECT_EQ(std::ranges::all_of(rounded[i], has_its_bits), graph_.outputs[i] != "out")
        << graph_.outputs[i] << ": what no layer reads is left as it is";
  }
}

TEST_F(Bf16Program, LeavesInputsThatNoLayerReads) {
  const Graph relu{"g", {make_node(OpKind::kRelu, "r", {"x"})}, {"x"}, {"r"}};
  graph_ = relu;
  EXPECT_EQ(run_in_bf16(false), run({}));
}

TEST_F(Bf16Program, ProductsGiveWhatRoundingSays) {
  if (!multiplies_bf16()) GTEST_SKIP() << "no products of bf16 here";
  auto& trace = Trace::process();
  trace.start();
  const auto found = run_in_bf16(true);
  EXPECT_EQ(types_, (std::vector{DType::kBf16, DType::kBf16, DType::kBf16, DType::kBf16, DType::kF32}));
  int in_bf16 = 0;
  for (const auto& span : trace.stop()) {
    const auto& by = span.implementation;
    if (span.op == "Conv2d") in_bf16 += by.find("bf16") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(in_bf16, 5);
  const auto exact = run({}), rounded = run_in_bf16(false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LT(tests::relative_error(found[i], rounded[i]), 0.3 * tests::relative_error(found[i], exact[i]))
        << graph_.outputs[i] << ": sums in another order round otherwise where they lie near a tie, no more";
  }
}

}  // namespace
}  // namespace rcnn::engine
