// SPDX-License-Identifier: MIT
#include "engine/quantize/trial_tap.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace rcnn::engine {
namespace {

constexpr std::size_t kEvery = 7;   ///< Element is compared, counted row-major, ...
constexpr std::size_t kFew = 4096;  ///< ... all where there are fewer than these

/// In their order however they lie: a run that is compared need not lay them out as the exact one did.
/// Without channels that pad a block.
std::vector<float> sample(const Format& format, std::span<const float> values) {
  const auto shape = format.shape();
  const auto layout = format.layout().value_or(Layout::kRowMajor);
  const bool plain = layout == Layout::kRowMajor;
  const auto channels = plain ? 1 : static_cast<std::size_t>(shape[1]);
  const auto pixels = plain ? 1 : static_cast<std::size_t>(shape[2] * shape[3]);
  const auto block = layout == Layout::kNhwc ? channels : static_cast<std::size_t>(channel_block(layout));
  const auto blocks = (channels + block - 1) / block;
  const auto count = plain ? values.size() : static_cast<std::size_t>(element_count(shape));
  std::vector<float> some;
  for (std::size_t i = 0; i < count; i += count < kFew ? 1 : kEvery) {
    const auto pixel = i % pixels, channel = i / pixels % channels, image = i / pixels / channels;
    some.push_back(values[((image * blocks + channel / block) * pixels + pixel) * block + channel % block]);
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
