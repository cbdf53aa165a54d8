// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/doctor_checks.hpp"
#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// The line about the plugin, from a process of its own: a registry is read once per process.
json plugin_check(const TempFolder& folder, const std::string& plugin_path) {
  const auto outcome = run_neuron_rcnn("doctor --json", "GST_REGISTRY=" + (folder / "registry.bin").string() +
                                                            " GST_PLUGIN_PATH=" + plugin_path);
  const auto report = json::parse(outcome.out);
  for (const auto& check : report.at("checks")) {
    if (check.at("what") == "plugin neuronrcnn") return check;
  }
  return {};
}

TEST(DoctorGstreamer, FindsThePluginOfTheBuild) {
  const TempFolder folder;
  const auto check = plugin_check(folder, tests::built_file("elements"));
  EXPECT_EQ(check.at("status"), "ok") << check;
  EXPECT_THAT(check.at("found").get<std::string>(), HasSubstr("libgstneuronrcnn.so"));
}

TEST(DoctorGstreamer, MissingPluginComesWithThePathToSet) {
  const TempFolder folder;
  const auto check = plugin_check(folder, "");
  if (check.at("status") == "ok") GTEST_SKIP() << "the plugin is installed on this machine";
  EXPECT_EQ(check.at("status"), "fail");
  EXPECT_THAT(check.at("advice").get<std::string>(),
              HasSubstr("GST_PLUGIN_PATH=" + tests::built_file("elements")));
}

TEST(DoctorGstreamer, BlacklistedPluginIsNamedWithTheWayOut) {
  const TempFolder folder;
  write_text(folder / "libgstneuronrcnn.so", "not a library");
  const auto check = plugin_check(folder, folder.path().string());
  EXPECT_EQ(check.at("status"), "fail") << check;
  EXPECT_THAT(check.at("found").get<std::string>(), HasSubstr("blacklisted"));
  EXPECT_THAT(check.at("advice").get<std::string>(), HasSubstr("rm ~/.cache/gstreamer-1.0"));
}

}  // namespace
}  // namespace rcnn::launch
