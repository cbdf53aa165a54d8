// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_part.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compile/bind.hpp"
#include "engine/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Four programs: "backbone", "rpn-head", "box-head", "mask-head".
CompiledModel compile_tiny(const tests::TinyModelOptions& tiny = {.masks = true},
                           const std::string& precision = "f32") {
  const CompileOptions options{.input = tiny.input, .partition = "backbone+rpn-head", .precision = precision};
  return compile(tests::tiny_config(tiny), tests::tiny_checkpoint(tiny), options);
}

/// A model's programs, each in a file of its own.
class Parts : public ::testing::Test {
 protected:
  Parts() : model_(compile_tiny()) {
    for (const auto& program : model_.programs) write(model_, program.graph.name);
  }
  void write(const CompiledModel& model, const std::string& program) const {
    write_artifact_part(model, {program}, folder_ / (program + ".rcnn"));
  }
  /// What open() says of the folder.
  std::string refusal() const {
    try {
      Artifact::open(folder_.path());
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(folder_.path().string()));
      return error.what();
    }
    return "accepted";
  }

  const tests::TempFolder folder_;
  const CompiledModel model_;
};

TEST_F(Parts, TogetherAreTheWholeModel) {
  const auto whole = Artifact::open(folder_.path());
  EXPECT_NO_THROW(whole->require_weights());
  EXPECT_THAT(whole->held_programs(), ElementsAre("backbone", "rpn-head", "box-head", "mask-head"));
  EXPECT_EQ(whole->config(), std::get<ModelConfig>(model_.config));
  ASSERT_EQ(whole->tensors().size(), model_.weights.size());
  for (const auto& [name, tensor] : model_.weights) {
    EXPECT_TRUE(whole->tensors().at(name).held) << name;
    const auto values = whole->weight(name);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), tensor.values->begin(), tensor.values->end()))
        << name;
  }
}

TEST_F(Parts, OfTwoByteWeightsAreTheWholeModel) {
  const auto model = compile_tiny({.masks = true}, "bf16");
  for (const auto& program : model.programs) write(model, program.graph.name);
  const auto whole = Artifact::open(folder_.path());
  for (const auto& [name, tensor] : model.weights) {
    const auto values = whole->weight(name);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), tensor.values->begin(), tensor.values->end()))
        << name;
  }
}

TEST_F(Parts, AloneDescribeTheModelAndHoldTheirOwnWeights) {
  const auto part = Artifact::open(folder_ / "box-head.rcnn");
  EXPECT_THAT(part->held_programs(), ElementsAre("box-head"));
  EXPECT_EQ(part->programs().size(), 4U);
  EXPECT_EQ(part->tensors().size(), model_.weights.size());
  EXPECT_NO_THROW(part->weight("roi_heads.box_head.fc1.weight"));
  EXPECT_FALSE(part->tensors().at("backbone.fpn_lateral2.weight").held);
  EXPECT_THROW(part->weight("backbone.fpn_lateral2.weight"), ModelError);
  EXPECT_LT(part->bytes(), Artifact::open(folder_ / "backbone.rcnn")->bytes());
  try {
    part->require_weights();
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("box-head.rcnn holds no weights of 'backbone', 'rpn-head', 'mask-head'"),
                      HasSubstr("--program")));
  }
}

TEST_F(Parts, OfAnotherConfigAreRefusedWithWhatDiffers) {
  write(compile_tiny({.num_classes = 4, .masks = true}), "box-head");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'backbone.rcnn' and 'box-head.rcnn' do not fit together: config/"),
                               HasSubstr("3 in the one and 4 in the other")));
}

TEST_F(Parts, OfOtherOptionsAreRefusedWithWhatDiffers) {
  write(compile_tiny({.input = {.width = 96, .height = 64}, .masks = true}), "rpn-head");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'backbone.rcnn' and 'rpn-head.rcnn'"), HasSubstr("options/input"),
                               HasSubstr("stretch:160x128"), HasSubstr("stretch:96x64")));
}

TEST_F(Parts, OfOtherWeightsAreRefused) {
  write(compile_tiny({.seed = 5, .masks = true}), "mask-head");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("'backbone.rcnn' and 'mask-head.rcnn'"), HasSubstr("different weights")));
}

TEST_F(Parts, ThatHoldTheSameProgramAreRefused) {
  fs::copy_file(folder_ / "box-head.rcnn", folder_ / "copy.rcnn");
  EXPECT_THAT(refusal(), HasSubstr("both 'box-head.rcnn' and 'copy.rcnn' hold program 'box-head'"));
  fs::remove(folder_ / "copy.rcnn");
  write_artifact(model_, folder_ / "whole.rcnn");
  EXPECT_THAT(refusal(), HasSubstr("and 'whole.rcnn' hold program"));
}

TEST_F(Parts, ThatAreMissingAreNamed) {
  fs::remove(folder_ / "rpn-head.rcnn");
  try {
    Artifact::open(folder_.path())->require_weights();
    FAIL() << "accepted";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no weights of 'rpn-head'"));
  }
}

TEST_F(Parts, DamagedOnesAreNamed) {
  tests::write_text(folder_ / "box-head.rcnn", "not an artifact, whatever its name");
  EXPECT_THAT(refusal(), HasSubstr("box-head.rcnn"));
}

TEST(ArtifactFiles, OfAFolderAreTheArtifactsInIt) {
  const tests::TempFolder folder;
  tests::write_text(folder / ".c.rcnn", "as one that is being written");
  EXPECT_THROW(artifact_files(folder.path()), ModelError);
  for (const char* name : {"b.rcnn", "a.rcnn", "notes.txt"}) tests::write_text(folder / name, "x");
  EXPECT_THAT(artifact_files(folder.path()), ElementsAre(folder / "a.rcnn", folder / "b.rcnn"));
  EXPECT_THAT(artifact_files(folder / "any"), ElementsAre(folder / "any"));
}

TEST(WriteArtifactPart, OfAnUnknownProgramIsRefusedWithThoseThereAre) {
  const tests::TempFolder folder;
  try {
    write_artifact_part(compile_tiny(), {"backbone-rpn"}, folder / "part.rcnn");
    FAIL() << "written";
  } catch (const SettingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the model has backbone, rpn-head, box-head, mask-head"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace rcnn::engine
