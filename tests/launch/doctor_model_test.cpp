// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/doctor_checks.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/random_classifier.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

const char* const kVariable = "RCNN_DEFAULT_MODEL";

TEST(DoctorModel, NamesTheFileThatRunsWithoutAModel) {
  const tests::Environment environment(kVariable, tests::tiny_model().string());
  const auto checks = check_default_model();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].health, Health::kOk);
  EXPECT_EQ(checks[0].found, tests::tiny_model().string());
  EXPECT_EQ(checks[0].advice, "");
}

TEST(DoctorModel, WarnsOfAFileThatIsNoDetector) {
  const TempFolder folder;
  const auto garbage = folder / "mine.rcnn";
  write_text(garbage, "garbage");
  for (const auto& [file, problem] :
       {std::pair{garbage, "mine.rcnn"}, {tests::tiny_classifier(), "classifier"}}) {
    const tests::Environment environment(kVariable, file.string());
    const auto checks = check_default_model();
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].health, Health::kWarn);
    EXPECT_EQ(checks[0].found, file.string());
    EXPECT_THAT(checks[0].advice, HasSubstr(problem));
  }
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
