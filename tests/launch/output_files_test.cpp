// SPDX-License-Identifier: MIT
// Outputs that would destroy what is read: by themselves, and as users of the commands meet them.
#include "launch/output_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "engine/errors.hpp"
#include "launch/commands.hpp"
#include "tests/launch/tiny_files.hpp"
#include "tests/support/random_classifier.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::vector<NamedFile>& outputs, const std::vector<NamedFile>& inputs) {
  try {
    check_outputs(outputs, inputs);
  } catch (const engine::SettingError& error) {
    return error.what();
  }
  return "accepted";
}

class OutputFiles : public ::testing::Test {
 protected:
  OutputFiles() { write_text(folder_ / "a.jpg", "x"); }
  const TempFolder folder_;
};

TEST_F(OutputFiles, NamesThatAreApartAreAccepted) {
  EXPECT_EQ(refusal({{"--json", folder_ / "a.json"}, {"--output", folder_ / "b.jpg"}, {"--trace", ""}},
                    {{"the input", folder_ / "a.jpg"}, {"--labels", ""}}),
            "accepted");
  EXPECT_EQ(refusal({{"--json", "/dev/null"}, {"--trace", "/dev/null"}}, {}), "accepted");
  EXPECT_EQ(refusal({{"--json", folder_ / "none.jpg"}}, {{"the input", folder_ / "none.jpg"}}), "accepted")
      << "what is not there cannot be lost";
}

TEST_F(OutputFiles, InputsAreNotOverwrittenByAnyOfTheirNames) {
  const NamedFile input{"the input", folder_ / "a.jpg"};
  fs::create_symlink(folder_ / "a.jpg", folder_ / "link.json");
  fs::create_hard_link(folder_ / "a.jpg", folder_ / "hard.json");
  for (const auto& name : {folder_ / "a.jpg", folder_ / "link.json", folder_ / "hard.json",
                           folder_ / ("../" + folder_.path().filename().string() + "/./a.jpg")}) {
    EXPECT_THAT(refusal({{"--json", name}}, {input}),
                AllOf(HasSubstr("--json '" + name.string() + "' would overwrite the input"),
                      HasSubstr((folder_ / "a.jpg").string())));
  }
  EXPECT_THAT(
      refusal({{"--json", folder_ / "a.jpg"}}, {{"the input", "file://" + (folder_ / "a%2Ejpg").string()}}),
      HasSubstr("would overwrite the input"));
  EXPECT_THAT(refusal({{"--json", folder_ / "a.jpg"}}, {{"-m", folder_.path()}}),
              HasSubstr("would overwrite -m"))
      << "files of a folder";
}

TEST_F(OutputFiles, OutputsAreNotOneFile) {
  EXPECT_THAT(
      refusal({{"--json", folder_ / "new/x"}, {"--trace", folder_ / "./new/../new/x"}}, {}),
      AllOf(HasSubstr("--json '"), HasSubstr("' and --trace '"), HasSubstr("are one file: give each")));
  EXPECT_THAT(refusal({{"--json", folder_ / "a.jpg"}, {"--output", folder_ / "a.jpg"}}, {}),
              HasSubstr("are one file"));
  EXPECT_THAT(refusal({{"--json", "-"}, {"--trace", "-"}}, {}),
              HasSubstr("--json and --trace cannot both be standard output"));
}

TEST_F(OutputFiles, OneIsNoFolderOfAnother) {
  EXPECT_THAT(refusal({{"--output", folder_ / "new/sub/a.png"}, {"--json", folder_ / "new"}}, {}),
              AllOf(HasSubstr("a.png' is in the folder that --json '"), HasSubstr("new' would be")));
  EXPECT_EQ(refusal({{"--output", folder_ / "new/a.png"}, {"--json", folder_ / "new/a.json"}}, {}),
            "accepted");
}

TEST_F(OutputFiles, FoldersAreNoFiles) {
  EXPECT_THAT(refusal({{"--json", folder_.path()}}, {}), HasSubstr("is a folder where one file is written"));
  EXPECT_THAT(refusal({{"--json", folder_ / "new/"}}, {}), HasSubstr("new/' is a folder"));
}

/// Runs in a folder of inputs, of which none may change.
class CommandOutputs : public CompileTest {
 protected:
  CommandOutputs() {
    cv::imwrite((folder_ / "a.png").string(), make_picture(40, 30));
    fs::copy_file(tests::tiny_model(), folder_ / "m.rcnn");
    fs::copy_file(tests::tiny_classifier(), folder_ / "e.rcnn");
    write_text(folder_ / "v.mp4", "no video, but somebody's");
    write_text(folder_ / "labels.txt", "a\nb\nc\n");
    for (const auto& entry : fs::directory_iterator(folder_.path())) before_[entry.path()] = state_of(entry);
  }
  /// The message on wrong use.
  std::string refused(const std::string& arguments) const {
    const auto outcome = run_shell("cd " + folder_.path().string() + " && " +
                                   tests::built_file("launch/neuron-rcnn") + " " + arguments);
    EXPECT_EQ(outcome.code, kWrongUse) << arguments << ": " << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    std::map<fs::path, State> after;
    for (const auto& entry : fs::directory_iterator(folder_.path())) after[entry.path()] = state_of(entry);
    EXPECT_TRUE(after == before_) << arguments << " changed or left a file";
    return outcome.err;
  }

 private:
  using State = std::pair<std::uintmax_t, fs::file_time_type>;  ///< Bytes and when they were written
  static State state_of(const fs::directory_entry& entry) {
    return {entry.file_size(), entry.last_write_time()};
  }
  std::map<fs::path, State> before_;
};

TEST_F(CommandOutputs, OfDetect) {
  EXPECT_THAT(refused("detect -m m.rcnn v.mp4 --json v.mp4 --format json-lines"),
              HasSubstr("--json 'v.mp4' would overwrite the input 'v.mp4'"));
  EXPECT_THAT(refused("detect -m m.rcnn a.png --json a.png"), HasSubstr("would overwrite the input"));
  EXPECT_THAT(refused("detect -m m.rcnn a.png --json m.rcnn --format json-lines"),
              HasSubstr("--json 'm.rcnn' would overwrite -m 'm.rcnn'"));
  EXPECT_THAT(refused("detect -m m.rcnn a.png --output x.png --json x.png"), HasSubstr("are one file"));
  EXPECT_THAT(refused("detect -m m.rcnn a.png --output o --json o/a.png"), HasSubstr("are one file"));
  EXPECT_THAT(refused("detect -m m.rcnn a.png --json new/"), HasSubstr("'new/' is a folder"));
}

TEST_F(CommandOutputs, OfClassify) {
  EXPECT_THAT(refused("classify -m e.rcnn a.png --json a.png"), HasSubstr("would overwrite the input"));
  EXPECT_THAT(refused("classify -m e.rcnn a.png --json e.rcnn"), HasSubstr("would overwrite -m"));
  EXPECT_THAT(refused("classify -m e.rcnn a.png --labels labels.txt --json labels.txt"),
              HasSubstr("would overwrite --labels"));
  EXPECT_THAT(refused("classify -m e.rcnn a.png --output x.png --json x.png"), HasSubstr("are one file"));
  EXPECT_THAT(refused("classify -m e.rcnn a.png --json new/"), HasSubstr("'new/' is a folder"));
}

// The copies of the first run are no pictures to look at, and are written anew; others in their folder are.
TEST_F(CommandOutputs, OfASecondRunIntoAFolderBelowTheInput) {
  fs::create_directories(folder_ / "in/out");
  fs::copy_file(folder_ / "a.png", folder_ / "in/a.png");
  fs::copy_file(folder_ / "a.png", folder_ / "in/out/b.png");
  const auto folder = (folder_ / "in").string();
  for (const std::string command : {"detect -m m.rcnn", "classify -m e.rcnn"}) {
    SCOPED_TRACE(command);
    for (int run = 0; run < 2; ++run) {
      const auto outcome =
          run_shell("cd " + folder_.path().string() + " && " + tests::built_file("launch/neuron-rcnn") + " " +
                    command + " in --output in/out --json found.json");
      ASSERT_EQ(outcome.code, 0) << outcome.err;
      EXPECT_TRUE(fs::exists(folder_ / "in/out/out/b.png"));
      EXPECT_FALSE(fs::exists(folder_ / "in/out/out/a.png"));
    }
    fs::copy_file(folder_ / "a.png", folder_ / "in/out/a.png", fs::copy_options::overwrite_existing);
    const auto outcome =
        run_shell("cd " + folder_.path().string() + " && " + tests::built_file("launch/neuron-rcnn") + " " +
                  command + " in --output in/out");
    EXPECT_EQ(outcome.code, kWrongUse);
    EXPECT_THAT(outcome.err, HasSubstr("--output 'in/out/a.png' would overwrite the input 'in/out/a.png'"));
    EXPECT_EQ(read_text(folder_ / "in/out/a.png"), read_text(folder_ / "a.png"));
    fs::remove(folder_ / "in/out/a.png");
  }
}

TEST_F(CommandOutputs, OfProfile) {
  EXPECT_THAT(refused("profile -m m.rcnn --json m.rcnn"), HasSubstr("would overwrite -m"));
  EXPECT_THAT(refused("profile -m m.rcnn --trace m.rcnn"),
              HasSubstr("--trace 'm.rcnn' would overwrite -m 'm.rcnn'"));
  EXPECT_THAT(refused("profile -m m.rcnn --image a.png --json a.png"), HasSubstr("would overwrite --image"));
  EXPECT_THAT(refused("profile -m m.rcnn --json x --trace x"), HasSubstr("are one file"));
  EXPECT_THAT(refused("profile -m m.rcnn --json - --trace -"), HasSubstr("standard output"));
}

TEST_F(CommandOutputs, OfCompile) {
  const std::string tiny = "compile --config tiny.yaml --weights tiny.safetensors --labels labels.txt ";
  EXPECT_THAT(refused(tiny + "-o tiny.safetensors"),
              HasSubstr("--output 'tiny.safetensors' would overwrite --weights 'tiny.safetensors'"));
  EXPECT_THAT(refused(tiny + "-o tiny.yaml"), HasSubstr("would overwrite --config"));
  EXPECT_THAT(refused(tiny + "-o ./labels.txt"), HasSubstr("would overwrite --labels"));
  EXPECT_THAT(refused(tiny + "--precision int8 --calibrate a.png -o a.png"),
              HasSubstr("would overwrite --calibrate"));
  EXPECT_THAT(refused("compile --bind m.rcnn --weights tiny.safetensors -o m.rcnn"),
              HasSubstr("would overwrite --bind"));
}

}  // namespace
}  // namespace rcnn::launch
