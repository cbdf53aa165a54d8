// SPDX-License-Identifier: MIT
#include "engine/simd/instruction_sets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include "engine/errors.hpp"
#include "tests/support/environment.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;
using tests::Environment;

/// Holds nothing, whatever the test program itself was begun with; as it was again afterwards.
class InstructionSets : public ::testing::Test {
 protected:
  InstructionSets() { hwy::DisableTargets(0); }
  ~InstructionSets() override {
    hwy::DisableTargets(0);
    hold_instruction_sets();
  }
};

TEST_F(InstructionSets, WithoutTheVariableTheBestThereIs) {
  const Environment environment("NEURON_EMU_ISA", std::nullopt);
  EXPECT_FALSE(hold_instruction_sets());
  EXPECT_EQ(instruction_set(), hwy::TargetName(hwy::SupportedAndGeneratedTargets().front()));
}

TEST_F(InstructionSets, HeldToEachThereIs) {
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    const Environment environment("NEURON_EMU_ISA", hwy::TargetName(target));
    EXPECT_NO_THROW(check_instruction_set_setting());
    EXPECT_TRUE(hold_instruction_sets());
    EXPECT_EQ(instruction_set(), hwy::TargetName(target));
    hwy::DisableTargets(0);
  }
}

TEST_F(InstructionSets, ABetterOneThanThereIsHoldsNothing) {
  const auto before = instruction_set();
  const Environment environment("NEURON_EMU_ISA", hwy::TargetName(HWY_TARGETS & -HWY_TARGETS));
  hold_instruction_sets();
  EXPECT_EQ(instruction_set(), before);
}

TEST_F(InstructionSets, AWrongNameIsRefusedWithThoseThereAre) {
  const auto before = instruction_set();
  const Environment environment("NEURON_EMU_ISA", "MMX");
  EXPECT_FALSE(hold_instruction_sets());
  EXPECT_EQ(instruction_set(), before);
  try {
    check_instruction_set_setting();
    FAIL() << "accepted";
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("NEURON_EMU_ISA='MMX'"));
    EXPECT_THAT(error.what(), HasSubstr(before));
  }
}

}  // namespace
}  // namespace rcnn::engine
