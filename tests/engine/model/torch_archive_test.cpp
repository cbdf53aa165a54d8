// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/checkpoint_formats.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"
#include "tests/engine/model/zip_archive.hpp"

namespace rcnn::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::expect_counted;
using tests::f32_bytes;
using tests::fixture;
using tests::raw;
using tests::refusal_of_bytes;
using tests::zip_of;

std::string whole(std::int64_t value) { return "\x8a\x08" + tests::little(value); }

std::string tuple_of(const std::vector<std::int64_t>& values) {
  std::string text = "(";
  for (const auto value : values) text += whole(value);
  return text + "t";
}

/// data.pkl of {"weight": tensor over storage "0"}.
std::string tensor_pickle(const std::string& storage_type, std::int64_t count, std::int64_t offset,
                          const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  return "\x80\x02}U\x06weightctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\n" + storage_type +
         "\nU\x01"
         "0U\x03"
         "cpu" +
         whole(count) + "tQ" + whole(offset) + tuple_of(shape) + tuple_of(strides) +
         "\x89"
         "ccollections\nOrderedDict\n)RtRs.";
}

const std::vector<float> kCounted{-1, -0.75, -0.5, -0.25, 0, 0.25};

TEST(TorchArchive, TensorsOfEveryTypeAndStride) {
  for (const auto* name : {"training.pth", "bare_state.pth", "distributed.pth"}) {
    SCOPED_TRACE(name);
    const auto checkpoint = read_checkpoint(fixture(name));
    EXPECT_EQ(checkpoint.format, "pth");
    EXPECT_EQ(checkpoint.tensors.size(), 14U);  // The optimizer's are not the model's.
    for (const auto& [key, tensor] : checkpoint.tensors) {
      expect_counted(key, tensor);
      EXPECT_EQ(tensor.shape, key == "scalar" ? Shape{} : (Shape{2, 3})) << key;
    }
  }
}

TEST(TorchArchive, TiedParametersShareTheirValues) {
  const auto checkpoint = read_checkpoint(fixture("training.pth"));
  EXPECT_EQ(checkpoint.tensors.at("tied.first").values, checkpoint.tensors.at("tied.second").values);
  EXPECT_NE(checkpoint.tensors.at("f32").values, checkpoint.tensors.at("tied.first").values);
}

TEST(TorchArchive, PrefixMayBeAnything) {
  const auto pickle = tensor_pickle("FloatStorage", 6, 0, {2, 3}, {3, 1});
  for (const std::string prefix : {"archive/", "model_final 2/", ""}) {
    const auto file = zip_of({{prefix + "data.pkl", pickle}, {prefix + "data/0", f32_bytes(kCounted)}});
    expect_counted("weight", parse_checkpoint(tests::bytes_of(file), "x.pth").tensors.at("weight"));
  }
}

TEST(TorchArchive, BigEndianStoragesAreSwapped) {
  std::string swapped;
  for (const float value : kCounted) {
    const auto bytes = f32_bytes({value});
    swapped += std::string(bytes.rbegin(), bytes.rend());
  }
  const auto pickle = tensor_pickle("FloatStorage", 6, 0, {2, 3}, {3, 1});
  const auto file = zip_of({{"a/data.pkl", pickle}, {"a/byteorder", "big"}, {"a/data/0", swapped}});
  expect_counted("weight", parse_checkpoint(tests::bytes_of(file), "x.pth").tensors.at("weight"));
  const auto strange = zip_of({{"a/data.pkl", pickle}, {"a/byteorder", "middle"}, {"a/data/0", swapped}});
  EXPECT_THAT(refusal_of_bytes(strange), HasSubstr("byteorder is 'middle'"));
}

TEST(TorchArchive, ViewsBeyondTheirStorageAreRefused) {
  const auto refused = [](std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& strides) {
    return refusal_of_bytes(
        zip_of({{"a/data.pkl", tensor_pickle("FloatStorage", count, offset, shape, strides)},
                {"a/data/0", f32_bytes(kCounted)}}));
  };
  EXPECT_THAT(refused(6, 1, {2, 3}, {3, 1}), HasSubstr("does not fit its storage of 6"));
  EXPECT_THAT(refused(6, 0, {2, 3}, {4, 1}), HasSubstr("does not fit"));
  EXPECT_THAT(refused(6, 0, {2, 3}, {-3, 1}), HasSubstr("does not fit"));
  EXPECT_THAT(refused(6, -1, {2, 3}, {3, 1}), HasSubstr("does not fit"));
  EXPECT_THAT(refused(6, 0, {2}, {3, 1}), HasSubstr("does not fit"));
  EXPECT_THAT(refused(6, 0, {std::int64_t{1} << 39}, {0}), HasSubstr(".clone()"));
  EXPECT_THAT(refused(7, 0, {7}, {1}), HasSubstr("storage of 7 values"));
  EXPECT_THAT(refused(std::int64_t{1} << 62, 0, {2, 3}, {3, 1}), HasSubstr("has 24 bytes"));
  EXPECT_THAT(refused(-6, 0, {2, 3}, {3, 1}), HasSubstr("negative size"));
}

TEST(TorchArchive, ArchivesOfOtherKindsAreNamed) {
  EXPECT_THAT(refusal_of_bytes(zip_of({{"readme.txt", "hello"}})), HasSubstr("without data.pkl"));
  EXPECT_THAT(refusal_of_bytes(zip_of({{"a/data.pkl", "}."}, {"a/constants.pkl", "}."}})),
              HasSubstr("TorchScript"));
  const auto pickle = tensor_pickle("FloatStorage", 6, 0, {2, 3}, {3, 1});
  EXPECT_THAT(refusal_of_bytes(zip_of({{"a/data.pkl", pickle}})), HasSubstr("no entry 'a/data/0'"));
  EXPECT_THAT(refusal_of_bytes(zip_of({{"a/data.pkl", pickle}, {"a/data/0", std::string(5000, '\0')}}, true)),
              HasSubstr("compressed"));
  EXPECT_THAT(refusal_of_bytes(zip_of({{"a/data.pkl", tensor_pickle("EvilStorage", 6, 0, {6}, {1})}})),
              HasSubstr("'torch.EvilStorage'"));
}

TEST(TorchArchive, DamagedStorageFailsItsChecksum) {
  auto file = tests::read_text(fixture("bare_state.pth"));
  const auto at = file.find(f32_bytes(kCounted));
  ASSERT_NE(at, std::string::npos);
  file[at] = static_cast<char>(file[at] ^ 1);
  // torch writes no right checksums where it was told not to, which looks the same.
  EXPECT_THAT(refusal_of_bytes(file),
              AllOf(HasSubstr("damaged, then copy or download"), HasSubstr("set_crc32_options(False)")));
}

// torch.save({"model": {name: ndarray}}), which Detectron2 loads.
TEST(TorchArchive, NumPyArraysAreRead) {
  const auto data = f32_bytes(kCounted);
  const auto array = "cnumpy._core.numeric\n_frombuffer\n(U" +
                     std::string(1, static_cast<char>(data.size())) + data +
                     "cnumpy\ndtype\n(U\x02"
                     "f4tRK\x02K\x03\x86U\x01"
                     "CtR";
  const auto file =
      zip_of({{"a/data.pkl", "}U\x06weight" + array + "sU\x05other" + array + "sU\x01nK\x02s."}});
  const auto tensors = parse_checkpoint(tests::bytes_of(file), "x.pth").tensors;
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors.at("weight").shape, (Shape{2, 3}));
  expect_counted("weight", tensors.at("weight"));
}

TEST(TorchArchive, TensorsInAPlainPickleHaveNoStorage) {
  EXPECT_THAT(refusal_of_bytes(tensor_pickle("FloatStorage", 6, 0, {2, 3}, {3, 1})),
              HasSubstr("torch tensor in a plain"));
}

}  // namespace
}  // namespace rcnn::engine
