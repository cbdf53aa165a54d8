// SPDX-License-Identifier: MIT
#include "launch/number_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "launch/commands.hpp"
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
                            "bench -m m.rcnn --iterations 0", "bench -m m.rcnn --warm-ups -1", "top 0",
                            "compile --config a -o b --batch 0x1", "compile --config a -o b --batch 01"}) {
    const auto outcome = run_neuron_rcnn(wrong);
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, ::testing::ContainsRegex("is no whole number from [01] to [0-9]+; see"))
        << wrong;
  }
}

/// Options that CLI11 alone would read a number for.
std::vector<std::string> unchecked_numbers(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    const auto type = option->get_type_name();  // "INT:1 to 64"
    const bool number = type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT");
    if (number && type.find(" to ") == std::string::npos)
      names.push_back(app.get_name() + " " + option->get_name());
  }
  for (const auto* part : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (auto& name : unchecked_numbers(*part)) names.push_back(std::move(name));
  }
  return names;
}

TEST(NumberCheck, StandsAtEveryOptionThatTakesANumber) {
  CLI::App program;
  for (const auto add : {add_compile, add_detect, add_classify, add_inspect, add_analyze, add_bench,
                         add_profile, add_doctor, add_ls, add_top}) {
    add(program);
  }
  EXPECT_THAT(unchecked_numbers(program), ::testing::IsEmpty());
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
