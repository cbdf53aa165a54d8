// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/doctor_checks.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/environment.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

const char* const kVariable = "RCNN_DEFAULT_MODEL";

TEST(DoctorModel, NamesTheFileThatRunsWithoutAModel) {
  const TempFolder folder;
  write_text(folder / "mine.rcnn", "any");
  const tests::Environment environment(kVariable, (folder / "mine.rcnn").string());
  const auto checks = check_default_model();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].health, Health::kOk);
  EXPECT_EQ(checks[0].found, (folder / "mine.rcnn").string());
}

TEST(DoctorModel, WarnsWhereItIsMissing) {
  const tests::Environment environment(kVariable, "/nowhere/mine.rcnn");
  const auto checks = check_default_model();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].health, Health::kWarn);
  EXPECT_THAT(checks[0].advice, HasSubstr("RCNN_DEFAULT_MODEL='/nowhere/mine.rcnn' is no file"));
}

}  // namespace
}  // namespace rcnn::launch
