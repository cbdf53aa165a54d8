// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"
#include "tests/support/files.hpp"
#include "tests/support/shared_files.hpp"

/// Checkpoint bytes made by hand, and the fixtures that make_fixtures.py wrote.
namespace rcnn::tests {

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::filesystem::path fixture(const std::string& name) {
  return source_file("tests/engine/model/data/" + std::string(name));
}

/// A string that may hold zero bytes.
template <std::size_t N>
std::string raw(const char (&text)[N]) {
  return {text, N - 1};
}

template <typename T>
std::string little(T value) {
  std::string text;
  for (std::size_t index = 0; index < sizeof(T); ++index) {
    text += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> (8 * index)));
  }
  return text;
}

inline std::string f32_bytes(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += little(std::bit_cast<std::uint32_t>(value));
  return text;
}

inline std::string safetensors(const std::string& header, const std::string& data) {
  return little(std::uint64_t{header.size()}) + header + data;
}

/// What `read` throws. Fails the test if it throws nothing or anything but a ModelError.
template <typename Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const engine::ModelError& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw something else: " << error.what();
    return "";
  }
  ADD_FAILURE() << "was not refused";
  return "";
}

inline std::string refusal_of_bytes(const std::string& bytes) {
  return refusal([&] { engine::parse_checkpoint(bytes_of(bytes), "weights.file"); });
}

/// Element k is k / 4 - 1, or k - 2 where the name begins with "int.".
inline void expect_counted(const std::string& name, const engine::CheckpointTensor& tensor) {
  const auto& values = *tensor.values;
  ASSERT_EQ(static_cast<std::int64_t>(values.size()), engine::element_count(tensor.shape)) << name;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const auto index = static_cast<float>(k);
    EXPECT_EQ(values[k], name.starts_with("int.") ? index - 2 : index / 4 - 1) << name << " element " << k;
  }
}

}  // namespace rcnn::tests
