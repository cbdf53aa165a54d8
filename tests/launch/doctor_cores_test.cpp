// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "launch/doctor_checks.hpp"

namespace rcnn::launch {
namespace {

using ::testing::HasSubstr;

/// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

Check check_of(const Checks& checks, const std::string& what) {
  const auto found =
      std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.what == what; });
  if (found == checks.end()) throw std::runtime_error("no line about " + what);
  return *found;
}

TEST(DoctorCores, CountsTheVisibleCores) {
  const Variable variable("NEURON_RT_VISIBLE_CORES", "3");
  const auto check = check_of(check_cores(), "NeuronCores");
  EXPECT_EQ(check.health, Health::kOk);
  EXPECT_THAT(check.found, HasSubstr("1 core (ids 3)"));
  EXPECT_THAT(check_of(check_cores(), "NEURON_RT_VISIBLE_CORES").found, HasSubstr("ids of the cores: 3"));
}

TEST(DoctorCores, BadVariableFailsAndIsNamed) {
  const Variable variable("NEURON_RT_NUM_CORES", "many");
  const auto check = check_of(check_cores(), "NeuronCores");
  EXPECT_EQ(check.health, Health::kFail);
  EXPECT_THAT(check.found, HasSubstr("NEURON_RT_NUM_CORES"));
}

TEST(DoctorCores, MoreCoresThanProcessorsAreAWarning) {
  const Variable variable("NEURON_RT_NUM_CORES", "128");
  EXPECT_EQ(check_of(check_cores(), "NeuronCores").health, Health::kWarn);
}

TEST(DoctorCores, UnknownVariablesAreAWarning) {
  const Variable variable("NEURON_RT_LOG_LEVEL", "INFO");
  EXPECT_EQ(check_of(check_cores(), "NEURON_RT_LOG_LEVEL").health, Health::kWarn);
}

TEST(DoctorCores, GroupSizesCountAndAreAWarning) {
  const Variable variable("NEURONCORE_GROUP_SIZES", "1");
  EXPECT_THAT(check_of(check_cores(), "NeuronCores").found, HasSubstr("1 core"));
  const auto check = check_of(check_cores(), "NEURONCORE_GROUP_SIZES");
  EXPECT_EQ(check.health, Health::kWarn);
  EXPECT_THAT(check.advice, HasSubstr("NEURON_RT_NUM_CORES"));
}

TEST(DoctorCores, MemoryIsTold) {
  EXPECT_THAT(check_of(check_cores(), "memory").found, HasSubstr("available"));
}

}  // namespace
}  // namespace rcnn::launch
