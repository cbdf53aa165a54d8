// SPDX-License-Identifier: MIT
#include "launch/image_size.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/errors.hpp"

namespace rcnn::launch {
namespace {

TEST(ImageSize, IsWidthTimesHeight) {
  EXPECT_EQ(parse_image_size("--size", "608x448"), (engine::Size{608, 448}));
}

TEST(ImageSize, OthersAreRefusedByTheOptionsName) {
  for (const char* text :
       {"", "608", "0x448", "608x", "608x448x3", "-608x448", "608 x 448", "100000x1", "16385x1", "1x99999"}) {
    try {
      parse_image_size("--size", text);
      FAIL() << "accepted " << text;
    } catch (const engine::SettingError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("--size '" + std::string(text) + "'"));
      EXPECT_THAT(error.what(), ::testing::HasSubstr("16384x16384"));
    }
  }
}

}  // namespace
}  // namespace rcnn::launch
