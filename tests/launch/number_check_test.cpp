// SPDX-License-Identifier: MIT
#include "launch/number_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

std::string said_of(std::string text) { return number_between(0, 1)(text); }

TEST(NumberCheck, TakesTheRangeAndItsEnds) {
  for (const char* text : {"0", "1", "0.25", "1e-3"}) EXPECT_EQ(said_of(text), "") << text;
}

TEST(NumberCheck, RefusesWhatIsOutsideOrNoNumber) {
  for (const char* text : {"-0.1", "1.01", "inf", "-inf", "nan", "NaN", "-nan", "half", ""}) {
    EXPECT_NE(said_of(text), "") << text;
  }
}

TEST(NumberCheck, NamesTheOptionAndTheValue) {
  const auto outcome = run_neuron_rcnn("detect a.png --threshold nan");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              ::testing::AllOf(::testing::HasSubstr("--threshold"), ::testing::HasSubstr("nan")));
}

}  // namespace
}  // namespace rcnn::launch
