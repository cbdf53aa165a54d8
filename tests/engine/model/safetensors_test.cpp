// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/checkpoint_formats.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;
using tests::f32_bytes;
using tests::raw;
using tests::refusal_of_bytes;
using tests::safetensors;

std::string refused(const std::string& header, const std::string& data) {
  return refusal_of_bytes(safetensors(header, data));
}

TEST(Safetensors, ReadsTensorsOfSeveralTypes) {
  const auto file = safetensors(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},)"
      R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"c":{"dtype":"I64","shape":[],"data_offsets":[12,20]},)"
      R"("e":{"dtype":"F32","shape":[0,3],"data_offsets":[20,20]}}  )",
      f32_bytes({1.5F, -2}) + raw("\x80\x3f\x20\xc0") + tests::little(std::int64_t{-7}));
  const auto checkpoint = parse_checkpoint(tests::bytes_of(file), "x.safetensors");
  EXPECT_EQ(checkpoint.format, "safetensors");
  ASSERT_EQ(checkpoint.tensors.size(), 4U);
  EXPECT_EQ(*checkpoint.tensors.at("a").values, (std::vector<float>{1.5F, -2}));
  EXPECT_EQ(checkpoint.tensors.at("a").shape, (Shape{1, 2}));
  EXPECT_EQ(*checkpoint.tensors.at("b").values, (std::vector<float>{1, -2.5F}));
  EXPECT_EQ(*checkpoint.tensors.at("c").values, std::vector<float>{-7});
  EXPECT_TRUE(checkpoint.tensors.at("e").values->empty());
}

TEST(Safetensors, OffsetsMustCoverTheDataOnce) {
  const auto data = f32_bytes({1, 2, 3, 4});
  const auto header = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + a +
           R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" + b + "}}";
  };
  EXPECT_NO_THROW(parse_checkpoint(tests::bytes_of(safetensors(header("[8,16]", "[0,8]"), data)), "x"));
  EXPECT_THAT(refused(header("[0,8]", "[4,12]"), data), HasSubstr("inside another tensor"));
  EXPECT_THAT(refused(header("[0,8]", "[0,8]"), data), HasSubstr("inside another tensor"));
  EXPECT_THAT(refused(header("[0,8]", "[8,16]"), data + "1234"), HasSubstr("4 bytes after the last"));
  EXPECT_THAT(refused(header("[0,8]", "[12,20]"), data + "1234"), HasSubstr("after a gap"));
  EXPECT_THAT(refused(header("[0,8]", "[8,16]"), data.substr(0, 15)), HasSubstr("truncated"));
  EXPECT_THAT(refused(header("[0,8]", "[8,12]"), data), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(refused(header("[0,8]", "[16,8]"), data), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(refused(header("[0,8]", "[8,18446744073709551615]"), data), HasSubstr("truncated"));
  EXPECT_THAT(refused(header("[0,8]", "[8,99999999999999999999999]"), data), HasSubstr("lacks a proper"));
  EXPECT_THAT(refused(header("[0,8]", "[-8,0]"), data), HasSubstr("lacks a proper"));
}

TEST(Safetensors, HeadersAreChecked) {
  const auto entry = [](const std::string& dtype, const std::string& shape) {
    return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":[0,8]}})";
  };
  const auto data = f32_bytes({1, 2});
  EXPECT_THAT(refused(entry("\"F8_E4M3\"", "[8]"), data), HasSubstr("F8_E4M3"));
  EXPECT_THAT(refused(entry("7", "[2]"), data), HasSubstr("lacks a proper"));
  EXPECT_THAT(refused(entry("\"F32\"", "[2,-1]"), data), HasSubstr("lacks a proper"));
  EXPECT_THAT(refused(entry("\"F32\"", "[4611686018427387904,4611686018427387904]"), data),
              HasSubstr("impossible"));
  EXPECT_THAT(refused(entry("\"F32\"", "[[2]]"), data), HasSubstr("deeper"));
  EXPECT_THAT(refused(R"({"a":7})", ""), HasSubstr("no tensor"));
  EXPECT_THAT(refused(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
                      R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})",
                      ""),
              HasSubstr("'a' twice"));
  EXPECT_THAT(refused(R"({"a":)", ""), HasSubstr("damaged"));
  EXPECT_THAT(refused("{\"a\":" + std::string(100'000, '['), ""), HasSubstr("deeper"));
  EXPECT_THAT(refusal_of_bytes(tests::little(std::uint64_t{1000}) + "{}"), HasSubstr("claims 1000 bytes"));
  EXPECT_THAT(refusal_of_bytes(tests::little(std::uint64_t{0xFFFFFFF}) + "{}"), HasSubstr("claims"));
  EXPECT_THAT(refused(R"({"__metadata__":{"programs":"[]"}})", ""), HasSubstr("compiled model already"));
}

}  // namespace
}  // namespace rcnn::engine
