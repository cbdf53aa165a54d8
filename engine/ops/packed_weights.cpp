// SPDX-License-Identifier: MIT
#include "engine/ops/packed_weights.hpp"

#include <algorithm>
#include <utility>

#include "engine/ops/onednn.hpp"

namespace rcnn::engine {

namespace {

constexpr std::size_t kGroupedAxes = 5;  ///< Of a convolution's weight with its groups

std::shared_ptr<Tensor> floats_named(const std::string& name, std::size_t floats) {
  return std::make_shared<Tensor>(
      TensorSpec{name, {static_cast<std::int64_t>(floats)}, DType::kF32, Layout::kRowMajor});
}

}  // namespace

PackedWeights::PackedWeights(Read read) : read_(std::move(read)) {}

std::span<const float> PackedWeights::read(const std::string& name, std::size_t floats,
                                           const std::string& needed) const {
  const auto values = read_(name);
  if (values.size() != floats) {
    throw ModelError("parameter '" + name + "' has " + std::to_string(values.size()) +
                     " values; its operator needs " + needed);
  }
  return values;
}

std::shared_ptr<const Tensor> PackedWeights::get(const std::string& name, const Format& plain,
                                                 const Format& wanted) {
  const std::lock_guard lock(mutex_);
  return reordered(name, plain, wanted, {1.F});
}

std::shared_ptr<const Tensor> PackedWeights::get_int8(const std::string& name, const std::string& steps,
                                                      const Format& plain, const Format& wanted) {
  const std::lock_guard lock(mutex_);
  const auto shape = plain.shape();
  const auto channels = shape.size() == kGroupedAxes ? shape[0] * shape[1] : shape[0];
  std::vector<float> scales;
  for (const float step : read(steps, static_cast<std::size_t>(channels), std::to_string(channels))) {
    scales.push_back(1 / step);
  }
  return reordered(name, plain, wanted, scales);
}

std::shared_ptr<const Tensor> PackedWeights::reordered(const std::string& name, const Format& plain,
                                                       const Format& wanted,
                                                       const std::vector<float>& scales) {
  auto& entries = entries_[name];
  std::erase_if(entries, [](const Entry& entry) { return entry.tensor.expired(); });
  for (const auto& entry : entries) {
    if (!(entry.format == wanted)) continue;
    if (auto tensor = entry.tensor.lock()) return tensor;
  }
  const auto values = read(name, plain.bytes() / sizeof(float), to_string(plain.shape()));
  const auto tensor = floats_named(name, (wanted.bytes() + sizeof(float) - 1) / sizeof(float));
  onednn::translate<ModelError>(name, [&] {
    auto from = onednn::borrow(plain, values.data());
    auto to = onednn::borrow(wanted, tensor->data());
    dnnl::primitive_attr attributes;
    const int channel_axes = plain.shape().size() == kGroupedAxes ? 0b11 : 0b1;
    if (scales.size() > 1 || scales.front() != 1) {
      attributes.set_output_scales(scales.size() > 1 ? channel_axes : 0, scales);
    }
    dnnl::reorder(from, to, attributes).execute(onednn::stream(), from, to);
    onednn::stream().wait();
  });
  entries.push_back({wanted, tensor});
  return tensor;
}

std::size_t PackedWeights::held_bytes(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  const auto count = [&](const std::weak_ptr<const Tensor>& held) {
    if (const auto tensor = held.lock()) bytes += tensor->spec().bytes();
  };
  for (const auto& entry : entries_[name]) count(entry.tensor);
  for (const auto& [key, held] : derived_) {
    if (std::get<0>(key) == name) count(held);
  }
  return bytes;
}

std::shared_ptr<const Tensor> PackedWeights::derive(const std::string& name, const Derivation& derivation) {
  const std::lock_guard lock(mutex_);
  auto& known = derived_[{name, derivation.kind, derivation.floats}];
  if (auto tensor = known.lock()) return tensor;
  const auto values = read(name, derivation.plain_floats, std::to_string(derivation.plain_floats));
  const auto tensor = floats_named(name, derivation.floats);
  derivation.make(values, tensor->values<float>());
  known = tensor;
  return tensor;
}

}  // namespace rcnn::engine
