// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compile/compiler.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {
namespace {

TEST(InputSpec, IsReadAndWrittenTheSameWay) {
  for (const char* text : {"stretch:800x800", "stretch:640x480", "shortest-edge:800:1333",
                           "centre-crop:256:224", "centre-crop:256:224:bicubic", "stretch:224x224:bicubic"}) {
    EXPECT_EQ(to_string(parse_input_spec(text)), text);
  }
  const auto wide = parse_input_spec("stretch:640x480");
  EXPECT_EQ(wide.width, 640);
  EXPECT_EQ(wide.height, 480);
  EXPECT_EQ(wide.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(parse_input_spec("shortest-edge:600:1000").longest, 1000);
  const auto crop = parse_input_spec("centre-crop:256:224:bicubic");
  EXPECT_EQ(crop.shortest, 256);
  EXPECT_EQ(crop.width, 224);
  EXPECT_EQ(crop.interpolation, Interpolation::kBicubic);
}

TEST(InputSpec, RefusesTheRestSayingWhatIsAccepted) {
  for (const char* text :
       {"", "800x800", "stretch:", "stretch:800", "stretch:800x", "stretch:800x800 ", "stretch:8x800",
        "stretch:-800x800", "stretch:800x99999", "stretch:99999999999x800", "shortest-edge:800",
        "shortest-edge:1333:800", "shortest-edge:800:1333:2", "Stretch:800x800",
        "shortest-edge:800:1333:bicubic", "centre-crop:256:224:cubic", "centre-crop:256:224:bicubic:"}) {
    try {
      parse_input_spec(text);
      FAIL() << "accepted '" << text << "'";
    } catch (const SettingError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("stretch:800x800"));
      EXPECT_THAT(error.what(), ::testing::HasSubstr("shortest-edge:800:1333"));
    }
  }
}

TEST(NetworkSize, StretchesOrKeepsTheAspect) {
  EXPECT_EQ(network_size(parse_input_spec("stretch:640x480"), {31, 17}), (Size{640, 480}));
  EXPECT_EQ(network_size(parse_input_spec("shortest-edge:800:1333"), {640, 480}), (Size{1067, 800}));
}

}  // namespace
}  // namespace rcnn::engine
