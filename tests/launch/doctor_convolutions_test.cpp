// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/ops/platform.hpp"
#include "engine/runtime/conv2d_cost_file.hpp"
#include "launch/doctor_checks.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

class DoctorConvolutions : public ::testing::Test {
 protected:
  DoctorConvolutions() {
    if (const char* before = std::getenv("XDG_CACHE_HOME"); before != nullptr) before_ = before;
    use(folder_ / "cache");
  }
  ~DoctorConvolutions() override {
    before_.empty() ? ::unsetenv("XDG_CACHE_HOME") : ::setenv("XDG_CACHE_HOME", before_.c_str(), 1);
  }
  static void use(const std::filesystem::path& cache) { ::setenv("XDG_CACHE_HOME", cache.c_str(), 1); }

  const TempFolder folder_;

 private:
  std::string before_;
};

TEST_F(DoctorConvolutions, SaysThatNothingIsMeasuredYet) {
  const auto checks = check_convolutions();
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].health, Health::kOk);
  EXPECT_THAT(checks[0].found, HasSubstr((folder_ / "cache" / "gst-neuron-rcnn").string()));
  EXPECT_THAT(checks[1].found, HasSubstr("not measured yet"));
}

TEST_F(DoctorConvolutions, ShowsThePickOfEachClass) {
  const auto platform = engine::platform();
  const engine::Conv2dCostFile file(engine::Conv2dCostFile::default_path(platform), platform);
  file.add({{{64, 64, 8, 1}, {{{0, 1}, {0, 3}, {0, 8}}}},
            {{64, 64, 1, 1, engine::DType::kU8}, {{{0, 1}, {0, 5}, {0, 20}}}},
            {{16, 16, 8, 2}, {{{0, 1}, {0, 5}, {0, 20}}}}});
  const auto checks = check_convolutions();
  ASSERT_EQ(checks.size(), 4U);
  EXPECT_EQ(checks[1].found, "16 -> 16 in f32, blocks of 8 channels on 2 threads: direct");
  EXPECT_EQ(checks[2].found, "64 -> 64 in 8 bits, channels last: direct");
  // 2500 cells against 13 * 13 tiles
  EXPECT_EQ(checks[3].found, "64 -> 64 in f32, blocks of 8 channels: F(4x4,3x3), 1.8 times direct");
}

TEST_F(DoctorConvolutions, WarnsWhereNothingCanBeKept) {
  write_text(folder_ / "file", "no folder");
  use(folder_ / "file" / "cache");
  const auto checks = check_convolutions();
  EXPECT_EQ(checks[0].health, Health::kWarn);
  EXPECT_THAT(checks[0].advice, HasSubstr("XDG_CACHE_HOME"));
}

}  // namespace
}  // namespace rcnn::launch
