// SPDX-License-Identifier: MIT
#include "launch/model_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {
namespace {

// The RPN head runs on five levels with one set of weights: counted per node, the sum would exceed the whole.
TEST(ModelSummary, SharedWeightsCountOnce) {
  const auto summary = summarize_model(*engine::Artifact::open(tests::tiny_model()));
  ASSERT_EQ(summary.programs.size(), 2U);
  double parameters = 0;
  for (const auto& program : summary.programs) {
    parameters += program.parameters;
    EXPECT_EQ(program.bytes, program.parameters * 4);
    EXPECT_GT(program.operators, 2U);
  }
  EXPECT_EQ(parameters, summary.parameters);
  EXPECT_THAT(summary.host_operators, ::testing::SizeIs(4));
}

TEST(ModelSummary, TableAndJsonSayTheSame) {
  const auto summary = summarize_model(*engine::Artifact::open(tests::tiny_model()));
  std::ostringstream table;
  print_programs(summary, table);
  const auto json = to_json(summary);
  for (const auto& program : json.at("programs")) {
    EXPECT_THAT(table.str(), ::testing::HasSubstr(program.at("name").get<std::string>()));
  }
  EXPECT_EQ(json.at("input"), "stretch:160x128");
  EXPECT_EQ(json.at("precision"), "f32");
}

}  // namespace
}  // namespace rcnn::launch
