// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/commands.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Ls, JsonHasTheFieldsOfNeuronLs) {
  const auto outcome = run_neuron_rcnn("ls --json", "NEURON_RT_VISIBLE_CORES=1,3 NEURON_EMU_CORE_MEMORY=100");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto devices = json::parse(outcome.out);
  ASSERT_EQ(devices.size(), 1U);
  const auto& device = devices[0];
  EXPECT_EQ(device.at("neuron_device"), 0);
  EXPECT_EQ(device.at("nc_count"), 2);
  EXPECT_EQ(device.at("neuroncore_ids"), json({1, 3}));
  EXPECT_EQ(device.at("memory_size"), 200 << 20);
  EXPECT_TRUE(device.at("connected_to").empty());
  EXPECT_TRUE(device.at("neuron_processes").is_array());
}

TEST(Ls, TableNamesTheCores) {
  const auto outcome = run_neuron_rcnn("ls", "NEURON_RT_VISIBLE_CORES=1,3");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("1,3"));
  EXPECT_THAT(outcome.out, HasSubstr("8.0 GiB"));
}

TEST(Ls, WarnsOfASettingByAnOldName) {
  const auto outcome = run_neuron_rcnn("ls --json", "NEURONCORE_GROUP_SIZES=2,1");
  EXPECT_EQ(json::parse(outcome.out)[0].at("nc_count"), 3);
  EXPECT_THAT(outcome.err, HasSubstr("NEURONCORE_GROUP_SIZES"));
}

TEST(Ls, RefusesASettingThatIsNone) {
  const auto outcome = run_neuron_rcnn("ls", "NEURON_RT_NUM_CORES=none");
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("NEURON_RT_NUM_CORES"));
}

}  // namespace
}  // namespace rcnn::launch
