// SPDX-License-Identifier: MIT
#include "engine/runtime/core_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20;
const int kWeightsA = 0;
const int kWeightsB = 0;

TEST(CoreMemory, SharedWeightsCountOnceAndScratchForTheLargestOnly) {
  CoreMemory memory(0, 100 * kMiB);
  const std::vector<ResidentProgram> first{{"a:one", &kWeightsA, 40 * kMiB, 5 * kMiB}};
  const std::vector<ResidentProgram> second{{"a:one", &kWeightsA, 40 * kMiB, 5 * kMiB},
                                            {"b:two", &kWeightsB, 10 * kMiB, 20 * kMiB}};
  memory.add(first);
  EXPECT_EQ(memory.used(), 45 * kMiB);
  memory.require(second);
  memory.add(second);
  EXPECT_EQ(memory.used(), 70 * kMiB);
  memory.remove(first);  // The second load still holds these weights.
  EXPECT_EQ(memory.used(), 70 * kMiB);
  memory.remove(second);
  EXPECT_EQ(memory.used(), 0U);
  EXPECT_TRUE(memory.empty());
}

TEST(CoreMemory, RefusalNamesWhatIsResidentAndWhatIsMissing) {
  CoreMemory memory(3, 64 * kMiB);
  memory.add(std::vector<ResidentProgram>{{"old:backbone", &kWeightsA, 50 * kMiB, 4 * kMiB}});
  try {
    memory.require(std::vector<ResidentProgram>{{"new:backbone", &kWeightsB, 12 * kMiB, 6 * kMiB}});
    FAIL() << "50 + 12 + 6 MiB fitted into 64";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("NeuronCore 3 has 64.0 MiB"), HasSubstr("'old:backbone' (50.0 MiB)"),
                      HasSubstr("'new:backbone' (12.0 MiB)"), HasSubstr("needs 4.0 MiB more")));
  }
}

TEST(CoreMemory, ExactlyFullIsNotTooMuch) {
  const CoreMemory memory(0, 64 * kMiB);
  EXPECT_NO_THROW(memory.require(std::vector<ResidentProgram>{{"p", nullptr, 60 * kMiB, 4 * kMiB}}));
  EXPECT_THROW(memory.require(std::vector<ResidentProgram>{{"p", nullptr, 60 * kMiB, 4 * kMiB + 1}}),
               DeviceError);
}

TEST(CoreMemory, AProgramWithoutKeySharesWithNobody) {
  CoreMemory memory(0, 64 * kMiB);
  memory.add(std::vector<ResidentProgram>{{"p", nullptr, 8 * kMiB, 0}, {"q", nullptr, 8 * kMiB, 0}});
  EXPECT_EQ(memory.used(), 16 * kMiB);
}

TEST(CoreMemory, ArenaGrowsWithinTheMemoryOnly) {
  CoreMemory memory(0, 64 * kMiB);
  memory.add(std::vector<ResidentProgram>{{"p", nullptr, 32 * kMiB, kMiB}});
  memory.grow_arena("p", 32 * kMiB);
  EXPECT_EQ(memory.used(), 64 * kMiB);
  EXPECT_THROW(memory.grow_arena("p", 33 * kMiB), DeviceError);
  memory.drop_arena();
  EXPECT_EQ(memory.used(), 33 * kMiB);
}

}  // namespace
}  // namespace rcnn::engine
