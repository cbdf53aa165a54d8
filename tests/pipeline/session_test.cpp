// SPDX-License-Identifier: MIT
#include "pipeline/session.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SessionTest : public PipelineTest {};

TEST_F(SessionTest, WarmsEachProgramOnceAndMeasuresIt) {
  load(cores(2));
  EXPECT_GT(session_->warm_up_ns(), 0U);
  std::uint64_t executions = 0;
  for (const auto& core : pool_->status()) {
    executions += core.total.executions;
    ASSERT_EQ(core.programs.size(), 2U);
    EXPECT_THAT(core.programs[0].first, HasSubstr(" f32:backbone-rpn"));
    EXPECT_THAT(core.programs[1].first, HasSubstr(" f32:box-head"));
    EXPECT_GT(core.memory_used, 0U);
  }
  EXPECT_EQ(executions, 2U);
}

TEST_F(SessionTest, TwoSessionsShareOneSetOfWeights) {
  load(cores(1));
  const auto used = pool_->status()[0].memory_used;
  SessionOptions options;
  options.model = tests::tiny_model();
  const auto second = Session::create(options, *pool_);
  EXPECT_EQ(&second->model(), &session_->model());
  EXPECT_EQ(pool_->status()[0].memory_used, used);
}

TEST_F(SessionTest, PlacesOnTheCoresAskedFor) {
  engine::CorePool pool(cores(3));
  SessionOptions options;
  options.model = tests::tiny_model();
  options.cores = "1-2";
  options.placement = engine::Placement::kSplit;
  const auto session = Session::create(options, pool);
  EXPECT_THAT(session->programs().cores(), ::testing::ElementsAre(1, 2));
  EXPECT_EQ(pool.status()[0].memory_used, 0U);
}

// Programs are built for their cores' threads; those of the environment alone would leave a pool's in vain.
TEST_F(SessionTest, RunsProgramsOnAsManyThreadsAsItsPoolsCoresHave) {
  const auto tasks = [] {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
  };
  SessionOptions options;
  options.model = tests::tiny_model();
  engine::CorePool plain(cores(1));
  const auto first = Session::create(options, plain);  // The host's own threads are there from here on
  auto settings = cores(1);
  settings.threads_per_core = 5;
  engine::CorePool pool(settings);
  const auto before = tasks();
  const auto session = Session::create(options, pool);
  EXPECT_GE(tasks() - before, 4);
  EXPECT_NE(&session->model(), &first->model());
}

TEST_F(SessionTest, RefusesCoresThatAreNotThere) {
  engine::CorePool pool(cores(2));
  SessionOptions options;
  options.model = tests::tiny_model();
  options.cores = "7";
  EXPECT_THAT(refusal_of([&] { Session::create(options, pool); }),
              AllOf(HasSubstr("no NeuronCore 7"), HasSubstr("there are 0, 1")));
  options.cores = "all";
  EXPECT_THROW(Session::create(options, pool), engine::SettingError);
}

TEST_F(SessionTest, RefusesAModelThatIsNotThere) {
  engine::CorePool pool(cores(1));
  SessionOptions options;
  options.model = "/nowhere/model.rcnn";
  EXPECT_THROW(Session::create(options, pool), engine::ModelError);
}

TEST_F(SessionTest, NothingStaysLoadedWhenWarmingUpFails) {
  engine::CorePool pool(cores(1, {{0, "fail", 1}}));
  SessionOptions options;
  options.model = tests::tiny_model();
  EXPECT_THROW(Session::create(options, pool), engine::DeviceError);
  EXPECT_EQ(pool.status()[0].total.failures, 5U) << "in a row";
  for (int i = 0; i < 1000 && pool.status()[0].memory_used > 0;
       ++i) {  // The arena goes on the core's own thread.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(pool.status()[0].memory_used, 0U);
}

// The second execution is the box head's, the third the masks'.
TEST_F(SessionTest, WarmingUpIsTriedAgainWhereACoreFailsNowAndThen) {
  SessionOptions options;
  for (const bool masks : {false, true}) {
    options.model = tests::tiny_model({.masks = masks});
    for (const int every : {2, 3}) {
      engine::CorePool pool(cores(1, {{0, "fail", every}}));
      EXPECT_NE(Session::create(options, pool), nullptr);
      EXPECT_EQ(pool.status()[0].total.failures > 0, masks || every == 2) << every;
    }
  }
}

TEST_F(SessionTest, RefusesWhatACoreCannotHold) {
  auto settings = cores(1);
  settings.memory_bytes = 1000;
  engine::CorePool pool(settings);
  SessionOptions options;
  options.model = tests::tiny_model();
  EXPECT_THAT(refusal_of([&] { Session::create(options, pool); }), HasSubstr("NEURON_EMU_CORE_MEMORY"));
}

TEST_F(SessionTest, GeometryHasAnAnchorForEveryLogit) {
  load(cores(1));
  const auto geometry = session_->geometry({160, 128});
  EXPECT_EQ(geometry, session_->geometry({160, 128}));
  const auto& outputs = geometry->image_program->outputs();
  const auto levels = geometry->anchors.size();
  ASSERT_EQ(outputs.size(), 3 * levels);
  for (std::size_t level = 0; level < levels; ++level) {
    EXPECT_EQ(static_cast<std::int64_t>(geometry->anchors[level].size()),
              engine::element_count(outputs[levels + level].shape));
    EXPECT_EQ(4 * static_cast<std::int64_t>(geometry->anchors[level].size()),
              engine::element_count(outputs[2 * levels + level].shape));
  }
}

TEST_F(SessionTest, ParametersAreTheConfigs) {
  load(cores(1));
  const auto& config = session_->config();
  EXPECT_EQ(session_->proposal_params().nms_threshold, config.rpn.nms_threshold);
  EXPECT_EQ(session_->proposal_params().post_nms_topk, config.rpn.post_nms_topk);
  EXPECT_EQ(session_->detection_params().class_count, config.box_head.num_classes);
  EXPECT_EQ(session_->detection_params().score_threshold, config.box_head.score_threshold);
  EXPECT_EQ(session_->pooler_params().output_size, config.box_head.pooler_resolution);
  EXPECT_TRUE(session_->pooler_params().aligned);
  EXPECT_EQ(session_->normalization().mean, config.input.pixel_mean);
  EXPECT_FALSE(session_->normalization().rgb);
}

}  // namespace
}  // namespace rcnn::pipeline
