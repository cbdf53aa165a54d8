// SPDX-License-Identifier: MIT
#include "engine/ops/packed_weights.hpp"

#include <algorithm>
#include <utility>

#include "engine/ops/onednn.hpp"

namespace rcnn::engine {

namespace {

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
  auto& entries = entries_[name];
  std::erase_if(entries, [](const Entry& entry) { return entry.tensor.expired(); });
  for (const auto& entry : entries) {
    if (!(entry.format == wanted)) continue;
    if (auto tensor = entry.tensor.lock()) return tensor;
  }
  const auto values = read(name, plain.bytes() / sizeof(float), to_string(plain.shape()));
  const auto tensor = floats_named(name, wanted.bytes() / sizeof(float));
  onednn::translate<ModelError>(name, [&] {
    auto from = onednn::borrow(plain, values.data());
    auto to = onednn::borrow(wanted, tensor->data());
    dnnl::reorder(from, to).execute(onednn::stream(), from, to);
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
