// SPDX-License-Identifier: MIT
#include "engine/quantize/trial_tap.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/operator_cases.hpp"
#include "tests/support/relative_error.hpp"

namespace rcnn::engine {
namespace {

const Graph kProgram{"p", {}, {"x"}, {"y", "z"}};

Format plain(const std::vector<float>& values) {
  return {{static_cast<std::int64_t>(values.size())}, Layout::kRowMajor};
}

void run(TrialTap& tap, const std::vector<float>& x, const std::vector<float>& y,
         const std::vector<float>& z) {
  const auto visitor = tap.begin("p");
  visitor->visit("x", plain(x), x);
  visitor->visit("inner", plain({7}), std::vector<float>{7});
  visitor->visit("y", plain(y), y);
  visitor->visit("z", plain(z), z);
}

std::vector<float> plus(std::vector<float> values, float what) {
  for (float& value : values) value += what;
  return values;
}

TEST(TrialTap, FindsTheWorstOutputsErrorRunByRun) {
  const auto y1 = tests::random_values(7000, 1), y2 = plus(tests::random_values(7000, 2), 3);
  const auto z = tests::random_values(7000, 3);
  ReferenceOutputs references;
  const auto exact = TrialTap::collecting(kProgram, references);
  run(*exact, {1}, y1, z);
  run(*exact, {2}, y2, z);
  EXPECT_EQ(exact->error(), 0);

  const auto trial = TrialTap::comparing(kProgram, references);
  run(*trial, {2}, plus(y2, 0.02F), plus(z, 0.001F));  // In another order
  run(*trial, {1}, plus(y1, 0.02F), plus(z, 0.001F));
  // y's mean changes from run to run, which is most of its deviation: uniform in [-1, 1) and in [2, 4).
  EXPECT_NEAR(trial->error(), 0.02 / std::sqrt(1.0 / 3 + 1.5 * 1.5), 2e-4);
}

TEST(TrialTap, LeavesOutTheChannelsThatFillABlock) {
  const Format format({1, 9, 20, 20}, Layout::kBlocked8);  // Two blocks, of which the second has one channel
  auto y = tests::random_values(format.bytes() / sizeof(float), 1);
  for (std::size_t i = y.size() / 2; i < y.size(); ++i) {
    if (i % 8 != 0) y[i] = 0;
  }
  auto changed = y;
  for (std::size_t i = 0; i < y.size(); ++i) changed[i] += y[i] == 0 ? 0.F : 0.1F;
  ReferenceOutputs references;
  TrialTap::collecting(kProgram, references)->begin("p")->visit("y", format, y);
  const auto trial = TrialTap::comparing(kProgram, references);
  trial->begin("p")->visit("y", format, changed);
  EXPECT_NEAR(trial->error(), 0.1 / std::sqrt(1.0 / 3), 0.01);
}

TEST(TrialTap, ComparesWhatLiesOtherwiseValueByValue) {
  const Shape shape{2, 20, 15, 17};
  const auto value = [](std::size_t image, std::size_t channel, std::size_t pixel) {
    return static_cast<float>(channel * 1000 + pixel) + 0.5F * static_cast<float>(image);
  };
  const std::size_t channels = 20, pixels = 15 * 17;
  std::vector<float> last(2 * channels * pixels), blocked(std::size_t{2} * 32 * pixels, 7.F);
  for (std::size_t image = 0; image < 2; ++image) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) {
        last[(image * pixels + p) * channels + c] = value(image, c, p);
        blocked[((image * 2 + c / 16) * pixels + p) * 16 + c % 16] = value(image, c, p);
      }
    }
  }
  ReferenceOutputs references;
  TrialTap::collecting(kProgram, references)->begin("p")->visit("y", Format(shape, Layout::kNhwc), last);
  const auto trial = TrialTap::comparing(kProgram, references);
  trial->begin("p")->visit("y", Format(shape, Layout::kBlocked16), blocked);
  EXPECT_EQ(trial->error(), 0);
  const auto& kept = references.kept.begin()->second;
  EXPECT_EQ(kept.size(), (last.size() + 6) / 7);
  EXPECT_EQ(kept[1], value(0, 0, 7));
}

TEST(TrialTap, IsExactWhereNothingChanged) {
  const auto y = tests::random_values(700, 1);
  ReferenceOutputs references;
  const auto exact = TrialTap::collecting(kProgram, references);
  run(*exact, {1}, y, y);
  const auto trial = TrialTap::comparing(kProgram, references);
  run(*trial, {1}, y, y);
  EXPECT_EQ(trial->error(), 0);
}

TEST(TrialTap, KnowsOnlyItsProgramAndRunsThatItHasSeen) {
  ReferenceOutputs references;
  const auto exact = TrialTap::collecting(kProgram, references);
  EXPECT_EQ(exact->begin("q"), nullptr);
  run(*exact, {1}, tests::random_values(70, 1), {1, 2});
  const auto trial = TrialTap::comparing(kProgram, references);
  run(*trial, {3}, tests::random_values(70, 2), {5, 6});
  EXPECT_EQ(trial->error(), 0) << "of other inputs";
}

}  // namespace
}  // namespace rcnn::engine
