// SPDX-License-Identifier: MIT
#include "launch/number_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

std::string said_of(std::string text) { return number_between(0, 1)(text); }

TEST(NumberCheck, TakesTheRangeAndItsEnds) {
  for (const char* text : {"0", "1", "0.25", ".5", "1.", "1e-3"}) EXPECT_EQ(said_of(text), "") << text;
}

TEST(NumberCheck, RefusesWhatIsOutsideOrNoNumber) {
  for (const char* text : {"-0.1", "1.01", "inf", "-inf", "nan", "NaN", "-nan", "half", "", "0x1p-1", "0x0",
                           "0X.8", "+0.5", " 0.5", "0.5 ", "0,5"}) {
    EXPECT_NE(said_of(text), "") << text;
  }
}

TEST(NumberCheck, SaysWhatItTakes) {
  EXPECT_EQ(said_of("2"), "'2' is no number from 0 to 1");
  std::string text = "1e3";
  EXPECT_EQ(whole_number_between(1, 64)(text), "'1e3' is no whole number from 1 to 64");
}

TEST(NumberCheck, WholeNumbersAreWrittenPlainly) {
  const auto check = whole_number_between(0, 100);
  for (std::string text : {"0", "7", "100"}) EXPECT_EQ(check(text), "") << text;
  for (std::string text :
       {"101", "-1", "010", "0x10", "1e1", "1.0", "+5", " 5", "5 ", "", "99999999999999999999"}) {
    EXPECT_NE(check(text), "") << text;
  }
}

TEST(NumberCheck, OptionsTakeNoOtherNumbers) {
  for (const char* wrong : {"detect a.png --frames 1e3", "detect a.png --frames 99999999999999999999",
                            "detect a.png --max-in-flight 010", "detect a.png --max-in-flight 0x10",
                            "bench -m m.rcnn --iterations 0", "bench -m m.rcnn --warm-ups -1", "top 0"}) {
    const auto outcome = run_neuron_rcnn(wrong);
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, ::testing::ContainsRegex("is no whole number from [01] to [0-9]+; see"))
        << wrong;
  }
}

TEST(NumberCheck, OptionsTakeNoHexadecimalFractions) {
  for (const char* wrong :
       {"detect a.png --threshold 0x1p-1", "compile --config a -o b --threshold 0x1p-1",
        "compile --config a -o b --calibrate c --error-budget 0x1p-1", "top --interval 0x1p1"}) {
    const auto outcome = run_neuron_rcnn(wrong);
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, ::testing::ContainsRegex("'0x1p-?1' is no number from")) << wrong;
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
