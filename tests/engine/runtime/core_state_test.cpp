// SPDX-License-Identifier: MIT
#include "engine/runtime/core_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rcnn::engine {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const CoreState::Clock::time_point kBegin = CoreState::Clock::now() - hours(1);

std::shared_ptr<Job> job(const std::string& program, std::vector<int> cores = {0}) {
  return std::make_shared<Job>(program, std::move(cores), Execution{}, std::weak_ptr<Dispatcher>{});
}

/// An execution of `program` that took two seconds.
std::string run(CoreState& core, const std::string& program, bool mine, bool failed) {
  core.begin(job(program), kBegin);
  return core.finish(kBegin + seconds(2), mine, failed);
}

TEST(CoreState, CountsByProgramWhatItCompletes) {
  CoreState core;
  run(core, "a", true, false);
  run(core, "b", true, true);
  run(core, "b", false, false);  // Somebody else completed it: only the time counts.
  core.count_timeout("b");
  EXPECT_EQ(core.started, 3u);
  const auto status = core.status(7);
  EXPECT_EQ(status.id, 7);
  EXPECT_EQ(status.total.executions, 1u);
  EXPECT_EQ(status.total.failures, 1u);
  EXPECT_EQ(status.total.timeouts, 1u);
  EXPECT_EQ(status.total.busy, seconds(6));
  ASSERT_EQ(status.programs.size(), 2u);
  EXPECT_EQ(status.programs[0].second.busy, seconds(2));
  EXPECT_EQ(status.programs[0].second.timeouts, 0u);
  EXPECT_EQ(status.programs[1].second.executions, 0u);
  EXPECT_EQ(status.programs[1].second.timeouts, 1u);
}

TEST(CoreState, IsBusyWithWhatRunsNow) {
  CoreState core;
  core.idle = true;
  core.begin(job("a"), kBegin);
  EXPECT_FALSE(core.idle);
  const auto status = core.status(0);
  EXPECT_GE(status.total.busy, hours(1));
  ASSERT_EQ(status.programs.size(), 0u);  // None has ended, none was listed.
  core.programs["a"];
  EXPECT_GE(core.status(0).programs.at(0).second.busy, hours(1));
}

TEST(CoreState, FailuresInARowTakeItOutOfServiceAndOneThatDoesWellBringsItBack) {
  CoreState core;
  for (int i = 1; i < CoreState::kFailuresInRow; ++i) EXPECT_EQ(run(core, "a", true, true), "");
  EXPECT_EQ(run(core, "a", true, false), "");
  for (int i = 1; i < CoreState::kFailuresInRow; ++i) EXPECT_EQ(run(core, "a", true, true), "");
  EXPECT_EQ(run(core, "a", false, true), "") << "a failure that nobody is told of";
  EXPECT_FALSE(core.lost());
  EXPECT_THAT(run(core, "a", true, true), HasSubstr("out of service after 5 failures in a row"));
  EXPECT_TRUE(core.lost());
  EXPECT_FALSE(core.status(0).in_service);
  EXPECT_EQ(run(core, "a", true, true), "") << "it is announced once";
  EXPECT_EQ(run(core, "a", true, false), ": in service again");
  EXPECT_FALSE(core.lost());
}

TEST(CoreState, AnnouncesWhetherOtherCoresCanTakeItsWork) {
  const auto notice_of = [](const std::vector<int>& cores) {
    CoreState core;
    std::string notice;
    for (int i = 0; i < CoreState::kFailuresInRow; ++i) {
      core.begin(job("a", cores), kBegin);
      notice = core.finish(kBegin + seconds(2), true, true);
    }
    return notice;
  };
  EXPECT_THAT(notice_of({0, 1}), HasSubstr("goes to these as long as one of them does better"));
  EXPECT_THAT(notice_of({0}), AllOf(HasSubstr("no other core holds program 'a'"),
                                    HasSubstr("placement=replicate"), Not(HasSubstr("goes to these"))));
}

TEST(CoreState, IsLostWhileOverdueAndFreeAgainOnceTheProgramReturns) {
  CoreState core;
  core.begin(job("a"), kBegin);
  core.overdue_since = kBegin;
  EXPECT_TRUE(core.lost());
  EXPECT_FALSE(core.out_of_service());
  core.finish(kBegin + seconds(2), false, false);
  EXPECT_FALSE(core.lost());
  EXPECT_TRUE(core.idle);
  EXPECT_EQ(core.running, nullptr);
}

}  // namespace
}  // namespace rcnn::engine
