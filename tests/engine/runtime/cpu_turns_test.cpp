// SPDX-License-Identifier: MIT
#include "engine/runtime/cpu_turns.hpp"

#include <gtest/gtest.h>

#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::engine {
namespace {

CpuTurns turns_of(int cpus, int threads_per_core, bool pin) {
  auto settings = settings_of({0, 1, 2, 3});
  settings.cpus = cpus;
  settings.threads_per_core = threads_per_core;
  settings.pin = pin;
  return CpuTurns(settings);
}

TEST(CpuTurns, AsManyAtOnceAsThereIsRoomFor) {
  auto turns = turns_of(5, 2, false);
  turns.take(0);
  EXPECT_TRUE(turns.free(3));
  turns.take(3);
  EXPECT_FALSE(turns.free(1));
  turns.give_back(0);
  EXPECT_TRUE(turns.free(1));
}

TEST(CpuTurns, ACoreWithMoreThreadsThanCpusHasItsTurnAllTheSame) {
  auto turns = turns_of(2, 4, true);
  EXPECT_TRUE(turns.free(3));
  turns.take(3);
  EXPECT_FALSE(turns.free(0));
}

TEST(CpuTurns, CoresThatAreBoundToOneCpuShareThat) {
  auto turns = turns_of(2, 1, true);
  turns.take(0);
  EXPECT_FALSE(turns.free(2));
  EXPECT_TRUE(turns.free(1));
  EXPECT_TRUE(turns.free(3));
}

TEST(CpuTurns, NoneAreCountedWhereTheCpusAreNotKnown) {
  auto turns = turns_of(0, 1, false);
  for (int core = 0; core < 4; ++core) turns.take(core);
  EXPECT_TRUE(turns.free(0));
}

}  // namespace
}  // namespace rcnn::engine
