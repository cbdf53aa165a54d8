// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "launch/commands.hpp"
#include "tests/launch/background_process.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A command on two cores in a process of its own, for as long as the object lives.
class PlayingProcess {
 public:
  explicit PlayingProcess(const std::string& command) : process_("env NEURON_RT_NUM_CORES=2 " + command) {}

  /// Runs `top` on it until it shows this stream: the process takes its time to begin.
  Outcome top(const std::string& options, const std::string& stream) const {
    Outcome outcome;
    for (int i = 0; i < 600; ++i) {
      outcome = run_neuron_rcnn("top --once " + options + " " + std::to_string(pid()));
      if (outcome.code == 0 && outcome.out.find(stream) != std::string::npos) break;
      usleep(50'000);
    }
    return outcome;
  }
  pid_t pid() const { return process_.pid(); }

 private:
  const BackgroundProcess process_;
};

TEST(Top, ShowsCoresProgramsAndStreamsOfARunningProcess) {
  const PlayingProcess process(
      "GST_PLUGIN_PATH=" + tests::built_file("elements") +
      " gst-launch-1.0 -q videotestsrc ! video/x-raw,format=BGR,width=96,height=64 ! "
      "neuronrcnn name=camera dispatch=priority priority=3 model=" +
      tests::tiny_model().string() + " ! fakesink sync=false");
  const auto outcome = process.top("--interval 0.5", "camera");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("process " + std::to_string(process.pid())),
                                 HasSubstr("in service"), HasSubstr("backbone-rpn"), HasSubstr("box-head"),
                                 HasSubstr("camera"), HasSubstr("priority 3")));
  const auto data = json::parse(process.top("--json --interval 0.5", "camera").out);
  const auto& runtime = data.at("neuron_runtime_data").at(0);
  EXPECT_EQ(runtime.at("pid"), process.pid());
  const auto& report = runtime.at("report");
  EXPECT_EQ(report.at("neuroncore_counters").at("neuroncores_in_use").size(), 2U);
  const auto& memory = report.at("memory_used").at("neuron_runtime_used_bytes");
  EXPECT_GT(memory.at("neuron_device"), 0);
  EXPECT_GT(memory.at("host"), memory.at("neuron_device"));
  EXPECT_EQ(report.at("streams").at(0).at("slots"), 4);
  EXPECT_GT(report.at("streams").at(0).at("entered"), 0);
}

TEST(Top, ShowsDetectOverAFolder) {
  const TempFolder folder;
  const auto picture = tests::source_file("tests/launch/data/exif6.png");
  for (int i = 0; i < 3000; ++i) {
    std::filesystem::create_symlink(picture, folder / (std::to_string(i) + ".png"));
  }
  const PlayingProcess process(tests::built_file("launch/neuron-rcnn") + " detect -m " +
                               tests::tiny_model().string() + " --json /dev/null " + (folder / "").string());
  const auto outcome = process.top("--interval 0.5", "neuron-rcnn detect");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("neuron-rcnn detect"), HasSubstr("box-head")));
}

TEST(Top, NamesAProcessThatRunsNoCores) {
  const auto outcome = run_neuron_rcnn("top --once 1");
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, HasSubstr("Process 1 runs no NeuronCores"));
}

TEST(Top, RefusesWhatIsNoProcess) {
  for (const char* wrong : {"top -- -5", "top nonsense", "top --interval 0"}) {
    EXPECT_EQ(run_neuron_rcnn(wrong).code, kWrongUse) << wrong;
  }
}

}  // namespace
}  // namespace rcnn::launch
