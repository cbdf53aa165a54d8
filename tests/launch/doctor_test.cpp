// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/commands.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kWithPlugin = "GST_PLUGIN_PATH=" + tests::built_file("elements");

TEST(Doctor, HealthyMachineIsReady) {
  const auto outcome = run_neuron_rcnn("doctor", kWithPlugin);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* text :
       {"oneDNN", "GStreamer", "plugin neuronrcnn", "NeuronCores", "element x264enc", "Ready"}) {
    EXPECT_THAT(outcome.out, HasSubstr(text));
  }
}

TEST(Doctor, JsonHasALineACheck) {
  const auto outcome = run_neuron_rcnn("doctor --json", kWithPlugin);
  const auto report = json::parse(outcome.out);
  for (const auto& check : report.at("checks")) {
    EXPECT_THAT(check.at("status").get<std::string>(), ::testing::AnyOf("ok", "warn"));
    EXPECT_TRUE(check.contains("what") && check.contains("found") && check.contains("advice"));
  }
}

TEST(Doctor, OneFailureIsNotReady) {
  const auto outcome = run_neuron_rcnn("doctor", std::string(kWithPlugin) + " NEURON_RT_NUM_CORES=none");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("Not ready: 1 failure"));
}

}  // namespace
}  // namespace rcnn::launch
