// SPDX-License-Identifier: MIT
#include "launch/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/launch/launch_support.hpp"

namespace rcnn::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Program, VersionIsTheProjects) {
  const auto outcome = run_neuron_rcnn("--version");
  EXPECT_EQ(outcome.code, 0);
  ASSERT_THAT(outcome.out, ::testing::MatchesRegex("neuron-rcnn [0-9.]+\n"));
  const auto version = outcome.out.substr(12, outcome.out.size() - 13);
  EXPECT_THAT(read_text(tests::source_file("CMakeLists.txt")), HasSubstr(" VERSION " + version));
}

TEST(Program, EverySubcommandDocumentsItselfAndHasJson) {
  EXPECT_THAT(run_neuron_rcnn("--help").out, HasSubstr("doctor"));
  for (const std::string name : {"compile", "detect", "inspect", "analyze", "bench", "doctor", "ls"}) {
    const auto outcome = run_neuron_rcnn(name + " --help");
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_EQ(outcome.err, "") << name;
    EXPECT_THAT(outcome.out, HasSubstr("--json")) << name;
  }
}

TEST(Program, WrongUseIsOneLineAndTwo) {
  for (const char* arguments :
       {"", "frobnicate", "frobnicate --help", "detect", "detect -m x.rcnn", "compile --frob", "inspect",
        "detect -m x.rcnn a.jpg --threshold 7", "detect -m x.rcnn a.jpg --format xml",
        "detect -m x.rcnn a.jpg --max-in-flight 0", "doctor extra",
        "analyze --config COCO-Detection/faster_rcnn_R_50_FPN_3x --input stretch:0x0"}) {
    const auto outcome = run_neuron_rcnn(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("neuron-rcnn: "));
  }
}

TEST(Program, WrongUseNamesTheHelpOfTheSubcommand) {
  EXPECT_THAT(run_neuron_rcnn("compile --frob").err, HasSubstr("see neuron-rcnn compile --help"));
}

TEST(Program, UnknownCommandsAreNamedBesideThoseThereAre) {
  for (const char* arguments : {"nosuch", "nosuch --help"}) {
    const auto outcome = run_neuron_rcnn(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("'nosuch'"), HasSubstr("compile, detect, classify")));
  }
  EXPECT_THAT(run_neuron_rcnn("").err, HasSubstr("compile, detect, classify"));
}

TEST(Program, FilesWhoseNamesBeginWithADashAreNamedWithTheWayToGiveThem) {
  for (const char* arguments : {"detect -dash.jpg", "detect -dash.jpg --json -", "detect a.jpg -dash.jpg"}) {
    const auto outcome = run_neuron_rcnn(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("'-dash.jpg' is no option"), HasSubstr("./-dash.jpg")));
  }
}

TEST(Program, EmptyValuesAreNotTakenForNone) {
  for (const std::string arguments :
       {"compile --arch resnet18 -o x.rcnn --weights", "compile -o x.rcnn --weights w.pth --bind",
        "compile --arch resnet18 -o x.rcnn --labels", "compile --arch resnet18 -o", "detect a.png -m",
        "detect a.png --json", "detect a.png --output", "detect a.png --proposals", "bench -m", "inspect"}) {
    const auto outcome = run_neuron_rcnn(arguments + " ''");
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("is given an empty value")) << arguments;
  }
  EXPECT_THAT(run_neuron_rcnn("detect --json= a.png b.png").err, HasSubstr("--json is given an empty value"))
      << "the next argument is an input";
  EXPECT_THAT(run_neuron_rcnn("detect none.png -m none.rcnn --cores ''").err,
              AllOf(HasSubstr("none.rcnn"), ::testing::Not(HasSubstr("empty value"))));
}

TEST(Program, FailedWorkIsOneLineAndOne) {
  for (const char* arguments :
       {"inspect none.rcnn", "detect -m none.rcnn a.jpg",
        "compile --config COCO-Detection/faster_rcnn_R_50_FPN_3x --weights none.pkl -o x.rcnn"}) {
    const auto outcome = run_neuron_rcnn(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("none.")) << "names what was given";
  }
}

TEST(Program, FullStandardOutputIsAFailure) {
  EXPECT_EQ(run_shell(tests::built_file("launch/neuron-rcnn") +
                      " analyze --config COCO-Detection/faster_rcnn_R_50_FPN_3x >/dev/full")
                .code,
            1);
  for (const char* arguments : {" --help", " detect --help", " --version"}) {
    EXPECT_EQ(run_shell(tests::built_file("launch/neuron-rcnn") + arguments + " >/dev/full").code, 1)
        << arguments;
  }
}

}  // namespace
}  // namespace rcnn::launch
