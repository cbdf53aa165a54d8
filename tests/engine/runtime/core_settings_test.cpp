// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <thread>

#include "engine/errors.hpp"
#include "engine/runtime/core_pool.hpp"

namespace rcnn::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kVariables[] = {
    "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES", "NEURON_RT_EXEC_TIMEOUT", "NEURON_EMU_THREADS_PER_CORE",
    "NEURON_EMU_CORE_MEMORY",  "NEURON_EMU_PIN",      "NEURON_EMU_PRECISION",   "NEURON_EMU_FAULT",
    "NEURONCORE_GROUP_SIZES",  "NEURON_EMU_ISA"};

using Variables = std::map<std::string, std::string>;

/// The variables as given and no others, while it lives.
class Environment {
 public:
  explicit Environment(const Variables& values) {
    for (const char* variable : kVariables) {
      const char* old = std::getenv(variable);
      if (old != nullptr) before_[variable] = old;
      unsetenv(variable);
    }
    for (const auto& [variable, value] : values) setenv(variable.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const char* variable : kVariables) unsetenv(variable);
    for (const auto& [variable, value] : before_) setenv(variable.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> before_;
};

std::string refusal(const Variables& values) {
  const Environment environment(values);
  try {
    CoreSettings::from_environment();
  } catch (const SettingError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CoreSettings, DefaultsAreOneThreadACoreAndACorePerHardwareThread) {
  const Environment environment(Variables{});
  const auto settings = CoreSettings::from_environment();
  EXPECT_EQ(settings.cores.size(), std::max(1U, std::thread::hardware_concurrency()));
  EXPECT_EQ(settings.cpus, static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(settings.cores.front(), 0);
  EXPECT_EQ(settings.threads_per_core, 1);
  EXPECT_EQ(settings.memory_bytes, std::size_t{4096} << 20);
  EXPECT_FALSE(settings.pin);
  EXPECT_EQ(settings.timeout, std::chrono::seconds(30));
  EXPECT_TRUE(settings.faults.empty());
}

TEST(CoreSettings, VisibleCoresWinOverTheirNumber) {
  const Environment environment(Variables{{"NEURON_RT_VISIBLE_CORES", "1,3"}, {"NEURON_RT_NUM_CORES", "7"}});
  EXPECT_THAT(CoreSettings::from_environment().cores, ElementsAre(1, 3));
}

TEST(CoreSettings, NumberOfCoresCountsFromZero) {
  const Environment environment(Variables{{"NEURON_RT_NUM_CORES", "3"}});
  EXPECT_THAT(CoreSettings::from_environment().cores, ElementsAre(0, 1, 2));
}

TEST(CoreSettings, GroupSizesAreSummedAndSayWhatToSetInstead) {
  const Environment environment(Variables{{"NEURONCORE_GROUP_SIZES", "1,1,2"}});
  const auto settings = CoreSettings::from_environment();
  EXPECT_THAT(settings.cores, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(settings.deprecation, HasSubstr("NEURON_RT_NUM_CORES=4"));
  EXPECT_THAT(settings.deprecation, HasSubstr("NEURON_RT_VISIBLE_CORES to ids such as 0-3"));
}

TEST(CoreSettings, NewerVariablesWinOverGroupSizes) {
  for (const auto& [variable, value] :
       Variables{{"NEURON_RT_VISIBLE_CORES", "1"}, {"NEURON_RT_NUM_CORES", "1"}}) {
    const Environment environment(Variables{{"NEURONCORE_GROUP_SIZES", "2,2"}, {variable, value}});
    const auto settings = CoreSettings::from_environment();
    EXPECT_EQ(settings.cores.size(), 1U) << variable;
    EXPECT_EQ(settings.deprecation, "") << variable;
  }
}

TEST(CoreSettings, ThreadsOfACoreShareTheHardwareOut) {
  const Environment environment(Variables{{"NEURON_EMU_THREADS_PER_CORE", "256"}});
  EXPECT_THAT(CoreSettings::from_environment().cores, ElementsAre(0));  // Never none.
}

TEST(CoreSettings, ReadsEveryKnob) {
  const Environment environment(Variables{{"NEURON_RT_NUM_CORES", "2"},
                                          {"NEURON_EMU_THREADS_PER_CORE", "2"},
                                          {"NEURON_EMU_CORE_MEMORY", "64"},
                                          {"NEURON_EMU_PIN", "1"},
                                          {"NEURON_EMU_PRECISION", "1"},
                                          {"NEURON_RT_EXEC_TIMEOUT", "0.25"},
                                          {"NEURON_EMU_FAULT", "0:fail:10,1:stuck:3"}});
  const auto settings = CoreSettings::from_environment();
  EXPECT_EQ(settings.threads_per_core, 2);
  EXPECT_EQ(settings.memory_bytes, std::size_t{64} << 20);
  EXPECT_TRUE(settings.pin);
  EXPECT_TRUE(settings.emulate_precision);
  EXPECT_EQ(settings.timeout, std::chrono::milliseconds(250));
  ASSERT_EQ(settings.faults.size(), 2U);
  EXPECT_EQ(settings.faults[0].core, 0);
  EXPECT_EQ(settings.faults[0].kind, "fail");
  EXPECT_EQ(settings.faults[0].every, 10);
  EXPECT_EQ(settings.faults[1].core, 1);
  EXPECT_EQ(settings.faults[1].kind, "stuck");
  EXPECT_EQ(settings.faults[1].every, 3);
}

TEST(CoreSettings, EmptyVariablesCountAsUnset) {
  const Environment environment(
      {{"NEURON_RT_VISIBLE_CORES", ""}, {"NEURON_RT_NUM_CORES", ""}, {"NEURON_EMU_FAULT", ""}});
  EXPECT_NO_THROW(CoreSettings::from_environment());
}

TEST(CoreSettings, RefusalsNameVariableAndValueAndWhatIsAccepted) {
  struct Row {
    const char* variable;
    const char* value;
    const char* accepted;
  };
  constexpr Row kRows[] = {
      {"NEURON_RT_VISIBLE_CORES", "two", "such as 2, 0-3 or 1,3"},
      {"NEURON_RT_NUM_CORES", "0", "from 1 to 128"},
      {"NEURON_RT_NUM_CORES", "4x", "from 1 to 128"},
      {"NEURON_RT_NUM_CORES", "99999999999999999999", "from 1 to 128"},
      {"NEURONCORE_GROUP_SIZES", "1,", "such as 1,1,2"},
      {"NEURONCORE_GROUP_SIZES", "2,0", "1 or more each"},
      {"NEURONCORE_GROUP_SIZES", "1;1", "such as 1,1,2"},
      {"NEURONCORE_GROUP_SIZES", "100,29", "128 in all"},
      {"NEURONCORE_GROUP_SIZES", "2147483647,2147483647", "128 in all"},
      {"NEURON_RT_EXEC_TIMEOUT", "0", "seconds from 0.001"},
      {"NEURON_RT_EXEC_TIMEOUT", "nan", "seconds from 0.001"},
      {"NEURON_RT_EXEC_TIMEOUT", "-1", "seconds from 0.001"},
      {"NEURON_EMU_THREADS_PER_CORE", "-2", "from 1 to 256"},
      {"NEURON_EMU_CORE_MEMORY", "lots", "from 1 to 1048576"},
      {"NEURON_EMU_PIN", "yes", "from 0 to 1"},
      {"NEURON_EMU_PRECISION", "2", "from 0 to 1"},
      {"NEURON_EMU_ISA", "MMX", "expected one of"},
      {"NEURON_EMU_FAULT", "0:fail", "core:kind:every-n"},
      {"NEURON_EMU_FAULT", "0:explode:1", "kind fail or stuck"},
      {"NEURON_EMU_FAULT", "0:fail:0", "count of 1 or more"},
      {"NEURON_EMU_FAULT", "0:fail:1,", "three fields"},
      {"NEURON_EMU_FAULT", "77:fail:1", "not among the visible cores"},
  };
  for (const auto& row : kRows) {
    const auto message = refusal({{row.variable, row.value}});
    EXPECT_THAT(message, HasSubstr(row.variable));
    EXPECT_THAT(message, HasSubstr(row.value));
    EXPECT_THAT(message, HasSubstr(row.accepted));
  }
}

TEST(ParseCores, AcceptsIdsListsAndRanges) {
  EXPECT_THAT(parse_cores("2", "cores"), ElementsAre(2));
  EXPECT_THAT(parse_cores("0-3", "cores"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(parse_cores("3,1", "cores"), ElementsAre(1, 3));
  EXPECT_THAT(parse_cores("5,0-1", "cores"), ElementsAre(0, 1, 5));
}

TEST(ParseCores, RefusesAnythingElseInTheNameOfWhoAsked) {
  for (const char* text :
       {"", ",", "1,", "a", "1-", "-1", "3-1", "1,1", "0-2,2", "1 2", "0x1", "128", "1-4000000000"}) {
    try {
      parse_cores(text, "property cores");
      ADD_FAILURE() << "'" << text << "' was accepted";
    } catch (const SettingError& error) {
      EXPECT_THAT(error.what(), HasSubstr("property cores='" + std::string(text) + "'"));
    }
  }
}

TEST(ParseCoreChoice, AutoAndNothingAreAllCores) {
  EXPECT_THAT(parse_core_choice(""), ElementsAre());
  EXPECT_THAT(parse_core_choice("auto"), ElementsAre());
  EXPECT_THAT(parse_core_choice("AUTO"), ElementsAre());
  EXPECT_THAT(parse_core_choice("0,2"), ElementsAre(0, 2));
  EXPECT_THROW(parse_core_choice("automatic"), SettingError);
  EXPECT_THROW(parse_core_choice("0,auto"), SettingError);
}

TEST(ParsePlacement, KnowsTwoWords) {
  EXPECT_EQ(parse_placement("replicate"), Placement::kReplicate);
  EXPECT_EQ(parse_placement("split"), Placement::kSplit);
  EXPECT_THROW(parse_placement("Replicate"), SettingError);
}

}  // namespace
}  // namespace rcnn::engine
