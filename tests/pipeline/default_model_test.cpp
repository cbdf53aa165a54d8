// SPDX-License-Identifier: MIT
#include "pipeline/default_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/shared_files.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::pipeline {
namespace {

const char* const kVariable = "RCNN_DEFAULT_MODEL";

TEST(DefaultModel, IsTheOneThatTheEnvironmentNames) {
  const tests::Environment named(kVariable, tests::tiny_model().string());
  EXPECT_EQ(default_model(), tests::tiny_model());
}

TEST(DefaultModel, IsTheBuildTreesOwnBesideTheProgram) {
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("")}) {
    const tests::Environment unnamed(kVariable, value);
    const std::filesystem::path own = tests::built_file("media/default.rcnn");
    if (!std::filesystem::exists(own)) {
      GTEST_SKIP() << own << " is not built: cmake --build makes it with the target default_model";
    }
    EXPECT_EQ(default_model(), std::filesystem::canonical(own));
  }
}

TEST(DefaultModel, OneThatIsNotThereIsNamed) {
  const tests::Environment named(kVariable, "/no/such.rcnn");
  try {
    default_model();
    FAIL() << "taken";
  } catch (const engine::SettingError& error) {
    EXPECT_THAT(
        error.what(),
        testing::AllOf(testing::HasSubstr("No model is set"), testing::HasSubstr("/no/such.rcnn"),
                       testing::HasSubstr("model=FILE.rcnn"), testing::HasSubstr("neuron-rcnn compile")));
  }
}

}  // namespace
}  // namespace rcnn::pipeline
