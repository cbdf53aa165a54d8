// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "engine/ops/ops.hpp"
#include "tests/support/operator_cases.hpp"

namespace rcnn::tests {

/// Weights by name, for PackedWeights.
class NamedWeights {
 public:
  void set(const std::string& name, std::vector<float> values) { values_[name] = std::move(values); }
  engine::PackedWeights packed() {
    return engine::PackedWeights(
        [this](const std::string& name) { return std::span<const float>(values_.at(name)); });
  }

 private:
  std::map<std::string, std::vector<float>> values_;
};

/// The convolution of this window with the weight "w" and the bias "b", without activation.
inline engine::Conv2dParams conv2d_params(const WindowCase& c) {
  return {"conv", "w", "b", c.out_channels, c.kernel, c.stride, c.padding, c.groups};
}

/// 64-byte aligned memory, all NaN: what an operator reads before writing it shows.
inline engine::Tensor filled_with_nan(std::size_t bytes) {
  const auto floats = static_cast<std::int64_t>((bytes + 3) / 4);
  engine::Tensor tensor({"memory", {floats}, engine::DType::kF32, engine::Layout::kRowMajor});
  std::ranges::fill(tensor.values<float>(), std::numeric_limits<float>::quiet_NaN());
  return tensor;
}

inline engine::Tensor convert(const engine::Tensor& values, const engine::Format& from,
                              const engine::Format& to) {
  const auto reorder = engine::make_reorder("test", from, to);
  auto result = filled_with_nan(to.bytes());
  auto scratch = filled_with_nan(reorder->scratch_bytes());
  const void* const source = values.data();
  void* const output = result.data();
  reorder->run({&source, 1}, {&output, 1}, scratch.data());
  return result;
}

/// Runs an operator on row-major values, which are brought to the formats that it asks for.
/// \returns its outputs, row-major.
inline std::vector<std::vector<float>> run_all_outputs(const engine::Operator& op,
                                                       const std::vector<std::vector<float>>& inputs) {
  std::vector<engine::Tensor> sources;
  std::vector<const void*> pointers;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& wanted = op.inputs().at(i);
    const engine::Format plain(wanted.shape(), engine::Layout::kRowMajor);
    auto values = filled_with_nan(plain.bytes());
    EXPECT_EQ(values.values<float>().size(), inputs[i].size()) << "input " << i << " of " << op.name();
    std::copy(inputs[i].begin(), inputs[i].end(), values.values<float>().begin());
    sources.push_back(convert(values, plain, wanted));
  }
  for (const auto& source : sources) pointers.push_back(source.data());
  std::vector<engine::Format> formats{op.output()};
  formats.insert(formats.end(), op.further_outputs().begin(), op.further_outputs().end());
  std::vector<engine::Tensor> outputs;
  std::vector<void*> results;
  for (const auto& format : formats) {
    const bool in_place = outputs.empty() && op.in_place() >= 0;
    outputs.push_back(in_place ? std::move(sources[static_cast<std::size_t>(op.in_place())])
                               : filled_with_nan(format.bytes()));
    results.push_back(outputs.back().data());
  }
  auto scratch = filled_with_nan(op.scratch_bytes());
  op.run(pointers, results, scratch.data());
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const auto plain =
        convert(outputs[i], formats[i], engine::Format(formats[i].shape(), engine::Layout::kRowMajor));
    values.emplace_back(plain.values<float>().begin(), plain.values<float>().end());
  }
  return values;
}

/// The same of an operator that has one.
inline std::vector<float> run_operator(const engine::Operator& op,
                                       const std::vector<std::vector<float>>& inputs) {
  EXPECT_TRUE(op.further_outputs().empty()) << op.name();
  return run_all_outputs(op, inputs).front();
}

/// Products of values in [-1, 1) summed in another order differ by rounding only.
inline void expect_close(const std::vector<float>& ours, const std::vector<float>& expected,
                         float tolerance) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(ours[i], expected[i], tolerance) << "at value " << i;
  }
}

}  // namespace rcnn::tests
