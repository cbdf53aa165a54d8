// SPDX-License-Identifier: MIT
#include "engine/quantize/trial_tap.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace rcnn::engine {
namespace {

constexpr std::size_t kEvery =
    7;  ///< Element is compared; odd, so that every channel of a block has its turn

/// Without channels that pad a block.
std::vector<float> sample(const Format& format, std::span<const float> values) {
  const auto shape = format.shape();
  const auto block = static_cast<std::size_t>(channel_block(format.layout().value_or(Layout::kRowMajor)));
  const auto pixels = block == 1 ? 1 : static_cast<std::size_t>(shape[2] * shape[3]);
  const auto channels = block == 1 ? 1 : static_cast<std::size_t>(shape[1]);
  const auto blocks = (channels + block - 1) / block;
  std::vector<float> some;
  for (std::size_t i = 0; i < values.size(); i += kEvery) {
    const auto channel = i / (block * pixels) % blocks * block + i % block;
    if (channel < channels) some.push_back(values[i]);
  }
  return some;
}

}  // namespace

class TrialTap::Watching final : public ActivationTap::Run {
 public:
  explicit Watching(TrialTap& tap) : tap_(tap) {}

  void visit(const std::string& value, const Format& format, std::span<const float> values) override {
    if (tap_.inputs_.contains(value)) {  // They come first: the digest is that of all when the outputs do
      digest_ = XXH3_64bits_withSeed(values.data(), values.size_bytes(), digest_);
    }
    if (tap_.outputs_.contains(value)) tap_.take({digest_, value}, sample(format, values));
  }

 private:
  TrialTap& tap_;
  std::uint64_t digest_ = 0;
};

TrialTap::TrialTap(const Graph& program)
    : program_(program.name),
      inputs_(program.inputs.begin(), program.inputs.end()),
      outputs_(program.outputs.begin(), program.outputs.end()) {}

std::shared_ptr<TrialTap> TrialTap::collecting(const Graph& program, ReferenceOutputs& references) {
  std::shared_ptr<TrialTap> tap(new TrialTap(program));
  tap->collected_ = &references;
  return tap;
}

std::shared_ptr<TrialTap> TrialTap::comparing(const Graph& program, const ReferenceOutputs& references) {
  std::shared_ptr<TrialTap> tap(new TrialTap(program));
  tap->references_ = &references;
  return tap;
}

std::unique_ptr<ActivationTap::Run> TrialTap::begin(const std::string& program) {
  return program == program_ ? std::make_unique<Watching>(*this) : nullptr;
}

void TrialTap::take(const ReferenceOutputs::Key& key, std::vector<float> sample) {
  if (collected_ != nullptr) {
    const std::lock_guard lock(mutex_);
    collected_->kept[key] = std::move(sample);
    return;
  }
  const auto found = references_->kept.find(key);
  if (found == references_->kept.end() || found->second.size() != sample.size()) return;
  Difference difference;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double reference = found->second[i];
    difference.absolute += std::abs(sample[i] - reference);
    difference.sum += reference;
    difference.squares += reference * reference;
  }
  const std::lock_guard lock(mutex_);
  auto& all = differences_[key.second];
  all.absolute += difference.absolute;
  all.sum += difference.sum;
  all.squares += difference.squares;
  all.count += static_cast<double>(sample.size());
}

double TrialTap::error() const {
  double worst = 0;
  for (const auto& [output, all] : differences_) {
    const double mean = all.sum / all.count;
    const double variance = all.squares / all.count - mean * mean;
    if (variance > 0) worst = std::max(worst, all.absolute / all.count / std::sqrt(variance));
  }
  return worst;
}

}  // namespace rcnn::engine
