// SPDX-License-Identifier: MIT
#include "engine/rcnn/kept_boxes.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include "engine/simd/instruction_sets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/rcnn/kept_boxes.cpp"
#include <hwy/foreach_target.h>  // Compiles this file once per instruction set.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rcnn::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// No fused multiply-add here (nor by the compiler: -ffp-contract=off): a last bit decides whether a box
/// lives.
bool any_overlap(std::span<const KeptBoxes::Group> groups, const Box& box, float limit) {
  const hn::CappedTag<float, KeptBoxes::kGroup> d;
  const auto zero = hn::Zero(d);
  const auto x0 = hn::Set(d, box.x0);
  const auto y0 = hn::Set(d, box.y0);
  const auto x1 = hn::Set(d, box.x1);
  const auto y1 = hn::Set(d, box.y1);
  const auto area = hn::Set(d, box.area());
  const auto threshold = hn::Set(d, limit);
  for (const auto& kept : groups) {
    for (std::size_t lane = 0; lane < KeptBoxes::kGroup; lane += hn::Lanes(d)) {
      const auto left = hn::Max(hn::Load(d, kept.x0.data() + lane), x0);
      const auto top = hn::Max(hn::Load(d, kept.y0.data() + lane), y0);
      const auto right = hn::Min(hn::Load(d, kept.x1.data() + lane), x1);
      const auto bottom = hn::Min(hn::Load(d, kept.y1.data() + lane), y1);
      const auto width = hn::Max(zero, hn::Sub(right, left));
      const auto height = hn::Max(zero, hn::Sub(bottom, top));
      const auto common = hn::Mul(width, height);
      const auto all = hn::Sub(hn::Add(hn::Load(d, kept.area.data() + lane), area), common);
      if (!hn::AllFalse(d, hn::Gt(hn::Div(common, all), threshold))) return true;
    }
  }
  return false;
}

}  // namespace rcnn::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rcnn::engine {
namespace {

HWY_EXPORT(any_overlap);

/// torchvision compares the f32 IoU with the threshold in double, as the config writes it: an IoU of 3/10
/// rounds to 0.30000001 and is over 0.3, while it is not over 0.3f. So take the decimal number that
/// `threshold` stands for, and of the floats the largest that does not exceed it.
float largest_float_within(float threshold) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), threshold).ptr;
  double written = threshold;
  std::from_chars(text.data(), end, written);
  return static_cast<double>(threshold) > written
             ? std::nextafter(threshold, -std::numeric_limits<float>::infinity())
             : threshold;
}

}  // namespace

KeptBoxes::KeptBoxes(float threshold) : limit_(largest_float_within(threshold)) {}

void KeptBoxes::add(const Box& box) {
  const auto lane = count_++ % kGroup;
  if (lane == 0) {
    groups_.emplace_back();
    groups_.back().area.fill(std::numeric_limits<float>::quiet_NaN());
  }
  auto& group = groups_.back();
  group.x0[lane] = box.x0;
  group.y0[lane] = box.y0;
  group.x1[lane] = box.x1;
  group.y1[lane] = box.y1;
  group.area[lane] = box.area();
}

bool KeptBoxes::suppress(const Box& box) const {
  return HWY_DYNAMIC_DISPATCH(any_overlap)(groups_, box, limit_);
}

}  // namespace rcnn::engine
#endif  // HWY_ONCE
