// SPDX-License-Identifier: MIT
#include "engine/ops/packed_weights.hpp"

#include <algorithm>
#include <utility>

#include "engine/ops/onednn.hpp"

namespace rcnn::engine {

PackedWeights::PackedWeights(Read read) : read_(std::move(read)) {}

std::shared_ptr<const Tensor> PackedWeights::get(const std::string& name, const Format& plain,
                                                 const Format& wanted) {
  const std::lock_guard lock(mutex_);
  auto& entries = entries_[name];
  std::erase_if(entries, [](const Entry& entry) { return entry.tensor.expired(); });
  for (const auto& entry : entries) {
    if (!(entry.format == wanted)) continue;
    if (auto tensor = entry.tensor.lock()) return tensor;
  }
  const auto values = read_(name);
  if (values.size_bytes() != plain.bytes()) {
    throw ModelError("parameter '" + name + "' has " + std::to_string(values.size()) +
                     " values; its operator needs " + to_string(plain.shape()));
  }
  const auto floats = static_cast<std::int64_t>(wanted.bytes() / sizeof(float));
  const auto tensor = std::make_shared<Tensor>(TensorSpec{name, {floats}, DType::kF32, Layout::kRowMajor});
  onednn::translate<ModelError>(name, [&] {
    auto from = onednn::borrow(plain, values.data());
    auto to = onednn::borrow(wanted, tensor->data());
    dnnl::reorder(from, to).execute(onednn::stream(), from, to);
    onednn::stream().wait();
  });
  entries.push_back({wanted, tensor});
  return tensor;
}

}  // namespace rcnn::engine
