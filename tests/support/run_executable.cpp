// SPDX-License-Identifier: MIT
#include "tests/support/run_executable.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "tests/support/elements.hpp"

namespace rcnn::tests {
namespace {

using engine::Layout;
using engine::Tensor;

/// Where the value (c, y, x) of one image lies.
std::size_t position(const Tensor& tensor, std::size_t c, std::size_t y, std::size_t x) {
  const auto& shape = tensor.shape();
  const auto channels = static_cast<std::size_t>(shape[1]), height = static_cast<std::size_t>(shape[2]),
             width = static_cast<std::size_t>(shape[3]);
  if (tensor.spec().layout == Layout::kNhwc) return (y * width + x) * channels + c;
  const auto block = static_cast<std::size_t>(engine::channel_block(tensor.spec().layout));
  return ((c / block * height + y) * width + x) * block + c % block;
}

void fill(Tensor& tensor, std::span<const float> values) {
  const auto& spec = tensor.spec();
  const bool is_turned = spec.name == "image" && spec.layout == Layout::kNhwc;
  const std::size_t channels = is_turned ? static_cast<std::size_t>(spec.shape[1]) : 1;
  const std::size_t pixels = values.size() / channels;
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < channels; ++c) set_element(tensor, i * channels + c, values[c * pixels + i]);
  }
}

}  // namespace

std::vector<Tensor> run_executable(const engine::Executable& executable,
                                   const std::vector<std::span<const float>>& inputs) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<Tensor> sources, results;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (std::size_t i = 0; i < executable.inputs().size(); ++i) {
    auto& source = sources.emplace_back(executable.inputs()[i]);
    if (inputs.at(i).size() != source.spec().bytes() / engine::size_of(source.spec().dtype))
      throw std::invalid_argument("input of another size");
    fill(source, inputs[i]);
    from.push_back(source.data());
  }
  for (const auto& spec : executable.outputs()) {
    auto& result = results.emplace_back(spec);
    std::memset(result.data(), 0xff, result.spec().bytes());  // NaN in f32 and bf16
    to.push_back(result.data());
  }
  const auto floats = static_cast<std::int64_t>(executable.scratch_bytes() / sizeof(float));
  Tensor scratch({"scratch", {floats}, engine::DType::kF32, Layout::kRowMajor});
  std::ranges::fill(scratch.values<float>(), nan);
  executable.run(from, to, std::as_writable_bytes(scratch.values<float>()));
  return results;
}

std::vector<float> row_major(const Tensor& tensor) {
  const auto values = elements(tensor);
  const auto& shape = tensor.shape();
  if (tensor.spec().layout == Layout::kRowMajor) return values;
  if (shape.size() != 4 || shape[0] != 1) throw std::invalid_argument("expected is [1, C, H, W]");
  std::vector<float> plain;
  plain.reserve(static_cast<std::size_t>(engine::element_count(shape)));
  for (std::size_t c = 0; c < static_cast<std::size_t>(shape[1]); ++c) {
    for (std::size_t y = 0; y < static_cast<std::size_t>(shape[2]); ++y) {
      for (std::size_t x = 0; x < static_cast<std::size_t>(shape[3]); ++x) {
        plain.push_back(values[position(tensor, c, y, x)]);
      }
    }
  }
  return plain;
}

}  // namespace rcnn::tests
