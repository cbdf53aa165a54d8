// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>

#include "engine/ops/ops.hpp"
#include "engine/tensor/bf16.hpp"

namespace rcnn::engine {
namespace {

class RoundToSteps final : public Operator {
 public:
  RoundToSteps(const std::string& name, const Format& source, const ActivationStep& activation)
      : Operator(name), activation_(activation), count_(source.bytes() / sizeof(float)) {
    implementation_ = "loop";
    inputs_ = {source};
    output_ = source;
    in_place_ = 0;
  }

  void run(std::span<const void* const> /*inputs*/, std::span<void* const> outputs,
           void* /*scratch*/) const override {
    const float low = activation_.least(), high = activation_.most();
    const float step = activation_.step, inverse = 1 / step;
    // Adding 1.5 * 2^23 leaves no room for a fraction: to the nearest, ties to even, in any vector unit.
    constexpr float kNoFraction = 12582912.F;
    for (float& value : std::span(static_cast<float*>(outputs[0]), count_)) {
      const float within = std::min(std::max(low, value * inverse), high);  // What is no number becomes `low`
      value = (within + kNoFraction - kNoFraction) * step;
    }
  }

 private:
  ActivationStep activation_;
  std::size_t count_;
};

class RoundToBf16 final : public Operator {
 public:
  RoundToBf16(const std::string& name, const Format& source)
      : Operator(name), count_(source.bytes() / sizeof(float)) {
    implementation_ = "loop";
    inputs_ = {source};
    output_ = source;
    in_place_ = 0;
  }

  void run(std::span<const void* const> /*inputs*/, std::span<void* const> outputs,
           void* /*scratch*/) const override {
    for (float& value : std::span(static_cast<float*>(outputs[0]), count_)) value = nearest_bf16(value);
  }

 private:
  std::size_t count_;
};

}  // namespace

std::unique_ptr<Operator> make_round_to_steps(const std::string& name, const Format& source,
                                              const ActivationStep& activation) {
  return std::make_unique<RoundToSteps>(name, source, activation);
}

std::unique_ptr<Operator> make_round_to_bf16(const std::string& name, const Format& source) {
  return std::make_unique<RoundToBf16>(name, source);
}

}  // namespace rcnn::engine
