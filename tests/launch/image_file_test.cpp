// SPDX-License-Identifier: MIT
#include "launch/image_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "engine/errors.hpp"
#include "tests/launch/launch_support.hpp"
#include "tests/support/as_nobody.hpp"

namespace rcnn::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::filesystem::path& file) {
  try {
    read_image(file);
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "accepted";
}

void expect_colour(const cv::Mat& image, int x, int y, std::array<int, 3> bgr, int tolerance) {
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(image.at<cv::Vec3b>(y, x)[channel], bgr[static_cast<std::size_t>(channel)], tolerance)
        << "at " << x << ", " << y << ", channel " << channel;
  }
}

/// The picture of tests/launch/data: red, green / blue, white.
void expect_quarters(const cv::Mat& image, int tolerance) {
  ASSERT_EQ(image.size(), cv::Size(24, 16));
  ASSERT_EQ(image.type(), CV_8UC3);
  expect_colour(image, 5, 3, {0, 0, 255}, tolerance);
  expect_colour(image, 18, 3, {0, 255, 0}, tolerance);
  expect_colour(image, 5, 12, {255, 0, 0}, tolerance);
  expect_colour(image, 18, 12, {255, 255, 255}, tolerance);
}

TEST(ReadImage, ExifOrientationTurnsEveryFormatUpright) {
  for (const char* name : {"exif6.jpg", "exif6.png", "exif6.webp", "exif6.tif"}) {
    SCOPED_TRACE(name);
    expect_quarters(read_image(launch_data(name)), 4);
  }
}

std::string app_segment(char marker, const std::string& content) {
  const auto size = content.size() + 2;
  return {std::string("\xFF") + marker + static_cast<char>(size >> 8) + static_cast<char>(size & 0xFF) +
          content};
}

// As editors write them. OpenCV alone would look into the first segment of the kind only.
TEST(ReadImage, ExifOrientationIsFoundBehindXmp) {
  const TempFolder folder;
  auto file = read_text(launch_data("exif6.jpg"));
  file.insert(2, app_segment('\xE1', std::string("http://ns.adobe.com/xap/1.0/\0<x/>", 33)));
  write_text(folder / "xmp.jpg", file);
  expect_quarters(read_image(folder / "xmp.jpg"), 4);
}

TEST(ReadImage, MorePicturesBehindTheFirstAreSaid) {
  const TempFolder folder;
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", make_picture(24, 16), bytes);
  const std::string one(bytes.begin(), bytes.end());
  const auto remark_of = [&](const std::string& file) {
    write_text(folder / "file.jpg", file);
    std::string remark;
    EXPECT_EQ(read_image(folder / "file.jpg", &remark).size(), cv::Size(24, 16));
    return remark;
  };
  EXPECT_THAT(remark_of(one + one + one),
              AllOf(HasSubstr("file.jpg' holds more pictures"), HasSubstr(".mjpeg")));
  EXPECT_EQ(remark_of(one), "");
  EXPECT_EQ(remark_of(one + "a trailer"), "");
  auto mpo = one;
  mpo.insert(2, app_segment('\xE2', std::string("MPF\0II*\0", 8)));
  EXPECT_EQ(remark_of(mpo + one), "") << "other views of the first picture, as it says";
}

TEST(ReadImage, FilesInFoldersThatMayNotBeEnteredAreNotCalledMissing) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "closed");
  write_image(make_picture(8, 8), folder / "closed/a.png");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  const tests::AsNobody nobody;
  EXPECT_THAT(refusal(folder / "closed/a.png"), HasSubstr("a.png': Permission denied"));
}

// The inks of CMYK cannot mix a pure green; OpenCV's naive conversion of this file stays close.
TEST(ReadImage, CmykBecomesBgr) { expect_quarters(read_image(launch_data("cmyk.jpg")), 8); }

TEST(ReadImage, GreyAlphaAndSixteenBitsBecomeEightBitBgr) {
  const TempFolder folder;
  cv::imwrite((folder / "grey.png").string(), cv::Mat(4, 5, CV_8UC1, cv::Scalar(77)));
  cv::imwrite((folder / "alpha.png").string(), cv::Mat(4, 5, CV_8UC4, cv::Scalar(10, 20, 30, 0)));
  cv::imwrite((folder / "deep.png").string(), cv::Mat(4, 5, CV_16UC3, cv::Scalar(0x1234, 0x8000, 0xFFFF)));

  expect_colour(read_image(folder / "grey.png"), 2, 2, {77, 77, 77}, 0);
  expect_colour(read_image(folder / "alpha.png"), 2, 2, {10, 20, 30}, 0);  // Dropped, not blended.
  expect_colour(read_image(folder / "deep.png"), 2, 2, {0x12, 0x80, 0xFF}, 0);
}

/// Two pixels, (200, 100, 50) of alpha 10 and (20, 40, 60) of alpha 0, uncompressed.
/// \param extra  what the file calls alpha: 1 associated, 2 unassociated
std::string rgba_tiff(bool big_endian, bool big_tiff, int extra) {
  std::string file;
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      const int place = big_endian ? bytes - 1 - i : i;
      file += static_cast<char>(static_cast<unsigned char>(value >> (8 * place)));
    }
  };
  const int wide = big_tiff ? 8 : 4;
  const std::uint64_t bits_at = big_tiff ? 16 : 8, pixels_at = bits_at + 8, directory = pixels_at + 8;
  file = big_endian ? "MM" : "II";
  put(big_tiff ? 43 : 42, 2);
  if (big_tiff) put(8, 2), put(0, 2);  // Offsets have 8 bytes.
  put(directory, wide);
  for (int i = 0; i < 4; ++i) put(8, 2);
  for (const int value : {200, 100, 50, 10, 20, 40, 60, 0}) put(static_cast<std::uint64_t>(value), 1);
  constexpr int kShort = 3, kLong = 4;
  const auto entry = [&](std::uint64_t tag, std::uint64_t count, std::uint64_t value,
                         bool is_offset = false) {
    put(tag, 2);
    put(is_offset ? kLong : kShort, 2);
    put(count, wide);
    put(value, is_offset ? 4 : 2);
    file.append(static_cast<std::size_t>(is_offset ? wide - 4 : wide - 2), '\0');
  };
  put(10, big_tiff ? 8 : 2);
  entry(256, 1, 2);
  entry(257, 1, 1);
  if (big_tiff) {  // Four of two bytes fit into the entry.
    put(258, 2), put(kShort, 2), put(4, wide);
    for (int i = 0; i < 4; ++i) put(8, 2);
  } else {
    put(258, 2), put(kShort, 2), put(4, wide), put(bits_at, wide);
  }
  entry(259, 1, 1);
  entry(262, 1, 2);
  entry(273, 1, pixels_at, true);
  entry(277, 1, 4);
  entry(278, 1, 1);
  entry(279, 1, 8, true);
  entry(338, 1, static_cast<std::uint64_t>(extra));
  put(0, wide);
  return file;
}

// libtiff alone would darken them: (7, 3, 1) and black.
TEST(ReadImage, ColoursUnderATiffsAlphaAreThoseStored) {
  const TempFolder folder;
  for (const bool big_endian : {false, true}) {
    for (const bool big_tiff : {false, true}) {
      for (const int extra : {1, 2}) {
        SCOPED_TRACE(::testing::Message() << big_endian << big_tiff << extra);
        write_text(folder / "alpha.tif", rgba_tiff(big_endian, big_tiff, extra));
        const auto image = read_image(folder / "alpha.tif");
        ASSERT_EQ(image.size(), cv::Size(2, 1));
        expect_colour(image, 0, 0, {50, 100, 200}, 0);
        expect_colour(image, 1, 0, {60, 40, 20}, 0);
      }
    }
  }
}

TEST(ReadImage, RefusesByNameAndReason) {
  const TempFolder folder;
  write_text(folder / "text.jpg", "not an image at all");
  write_text(folder / "empty.png", "");
  EXPECT_THAT(refusal(folder / "none.jpg"), HasSubstr("none.jpg': there is no such file"));
  EXPECT_THAT(refusal(folder / "text.jpg"), HasSubstr("text.jpg': not an image"));
  EXPECT_THAT(refusal(folder / "empty.png"), HasSubstr("empty.png': not an image"));
  ASSERT_EQ(::mkfifo((folder / "pipe.png").c_str(), 0600), 0);  // Nobody will ever write into it.
  EXPECT_THAT(refusal(folder / "pipe.png"), HasSubstr("pipe.png': it is no regular file"));
}

// OpenCV alone would return a JPEG's missing part as grey, and detections in it.
TEST(ReadImage, RefusesImagesThatWereCutShort) {
  const TempFolder folder;
  for (const char* extension : {".jpg", ".png", ".bmp", ".webp", ".tif"}) {
    const auto file = folder / (std::string("cut") + extension);
    cv::imwrite(file.string(), make_picture(64, 48));
    const auto whole = read_text(file);
    write_text(file, whole.substr(0, whole.size() * 2 / 3));
    EXPECT_THAT(refusal(file), HasSubstr("Cannot read")) << file;
  }
}

// As `truncate -s 30G` makes them: reading one whole would take all memory there is.
TEST(ReadImage, HugeFilesAreRefusedUnread) {
  const TempFolder folder;
  write_text(folder / "zeros.jpg", "");
  write_text(folder / "large.jpg", "\xFF\xD8\xFF\xE0");
  for (const char* name : {"zeros.jpg", "large.jpg"}) {
    std::filesystem::resize_file(folder / name, std::uintmax_t{30} << 30);
  }
  EXPECT_THAT(refusal(folder / "zeros.jpg"), HasSubstr("zeros.jpg': not an image"));
  EXPECT_THAT(refusal(folder / "large.jpg"),
              HasSubstr("large.jpg': it has 32212254720 bytes, and at most 1073741824 are read"));
}

std::string chunk(const std::string& name, const std::string& content) {
  std::string size(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) size[i] = static_cast<char>(content.size() >> (8 * i) & 0xFF);
  return name + size + content;
}

/// Of one frame, 8x8.
std::string animated_webp() {
  std::vector<std::uint8_t> still;
  cv::imencode(".webp", make_picture(8, 8), still);
  const std::string frame(still.begin() + 12, still.end());  // Past RIFF, its size and WEBP.
  const std::string corner(6, '\0'), side("\x07\0\0", 3), timing("\x64\0\0\0", 4);
  return chunk("RIFF", "WEBP" + chunk("VP8X", std::string("\x02\0\0\0", 4) + side + side) +
                           chunk("ANIM", std::string(6, '\0')) +
                           chunk("ANMF", corner + side + side + timing + frame));
}

// Where OpenCV reads them, the first frame is the picture, as in Detectron2.
TEST(ReadImage, AnimatedWebpIsReadOrNamedAsSuch) {
  const TempFolder folder;
  write_text(folder / "moving.webp", animated_webp());
  EXPECT_THAT(refusal(folder / "moving.webp"),
              ::testing::AnyOf("accepted", HasSubstr("moving.webp': it is an animated WebP")));
}

TEST(ReadImage, WhatLibrariesPrintIsSaidWithTheFilesName) {
  const TempFolder folder;
  write_text(folder / "damaged.jpg", damaged_jpeg());
  auto png = [&] {
    write_image(make_picture(64, 48), folder / "broken.png");
    return read_text(folder / "broken.png");
  }();
  png[png.size() / 2] ^= 0x55;
  write_text(folder / "broken.png", png);
  ::testing::internal::CaptureStderr();
  std::string remark;
  EXPECT_EQ(read_image(folder / "damaged.jpg", &remark).size(), cv::Size(96, 64));
  EXPECT_THAT(remark, HasSubstr("damaged.jpg' may be damaged: Corrupt JPEG data"));
  const auto said = refusal(folder / "broken.png");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(said, HasSubstr("broken.png': not an image, or damaged (libpng "));
}

TEST(WriteImage, WritesWhatReadImageReads) {
  const TempFolder folder;
  const auto picture = make_picture(33, 21);
  for (const char* name : {"new/a.png", "b.bmp", "c.ppm", "d.tiff", "E.PNG"}) {
    write_image(picture, folder / name);
    EXPECT_EQ(cv::norm(read_image(folder / name), picture, cv::NORM_INF), 0) << name;
  }
}

TEST(WriteImage, MarksTheCopyForNobodyElseToSee) {
  const TempFolder folder;
  const auto picture = make_picture(64, 64);
  ::testing::internal::CaptureStderr();
  for (const char* name :
       {"a.jpg", "a.jpe", "a.png", "a.bmp", "a.dib", "a.webp", "a.tif", "a.jp2", "a.ppm", "a.pnm"}) {
    const auto file = folder / name;
    write_image(picture, file);
    EXPECT_TRUE(is_annotated_copy(file)) << name;
    std::string remark;
    const auto read = read_image(file, &remark);
    EXPECT_EQ(read.size(), picture.size()) << name;
    EXPECT_EQ(remark, "");
    cv::imwrite(file.string(), read);
    EXPECT_FALSE(is_annotated_copy(file)) << name << ": somebody's own now";
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  write_text(folder / "short.png", "x");
  for (const char* name : {"short.png", "none.png", "."})
    EXPECT_FALSE(is_annotated_copy(folder / name)) << name;
}

TEST(WriteImage, NamesTheFileThatCannotBeWrittenAndPrintsNothing) {
  const TempFolder folder;
  const auto said = [](const cv::Mat& image, const std::filesystem::path& file) -> std::string {
    try {
      write_image(image, file);
    } catch (const engine::Error& error) {
      return error.what();
    }
    return "written";
  };
  ::testing::internal::CaptureStderr();
  std::filesystem::create_symlink("/dev/full", folder / "full.png");
  EXPECT_THAT(said(make_picture(640, 480), folder / "full.png"), HasSubstr("full.png': give a folder"));
  EXPECT_THAT(said(make_picture(8, 8), folder / "a.xyz"), HasSubstr("a.xyz'"));
  EXPECT_THAT(said(make_picture(8, 8), folder / "a.pgm"), HasSubstr("a.pgm'"));
  EXPECT_THAT(said(cv::Mat(2, 17000, CV_8UC3, cv::Scalar(1, 2, 3)), folder / "a.webp"), HasSubstr("a.webp'"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(IsComplete, EndMarkerInAThumbnailDoesNotCount) {
  // Start, an APP1 segment of 6 bytes that holds an end marker, a scan without end.
  const std::vector<std::uint8_t> cut{0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD9,
                                      0,    0,    0xFF, 0xDA, 1,    2,    3};
  EXPECT_FALSE(is_complete(cut));
  auto whole = cut;
  whole.insert(whole.end(), {0xFF, 0xD9});
  EXPECT_TRUE(is_complete(whole));
}

// T.81, B.1.1.2: any marker may be preceded by them.
TEST(IsComplete, FillBytesBeforeMarkersArePassedOver) {
  std::vector<std::uint8_t> file;
  cv::imencode(".jpg", make_picture(24, 16), file);
  for (std::size_t marker = 2; file[marker + 1] != 0xDA;) {
    const std::size_t length = 2U + 256U * file[marker + 2] + file[marker + 3];
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(marker), 3, 0xFF);
    marker += 3 + length;
  }
  EXPECT_TRUE(is_complete(file));
  const TempFolder folder;
  write_text(folder / "filled.jpg", {file.begin(), file.end()});
  EXPECT_EQ(read_image(folder / "filled.jpg").size(), cv::Size(24, 16));
  file.resize(file.size() - 2);
  EXPECT_FALSE(is_complete(file));
}

// Each of the eight codes, on a 2x3 image of six different pixels (rows "12", "34", "56").
TEST(TurnUpright, FollowsEachExifCode) {
  const cv::Mat stored = (cv::Mat_<std::uint8_t>(3, 2) << 1, 2, 3, 4, 5, 6);
  const std::array<cv::Mat, 8> expected{
      (cv::Mat_<std::uint8_t>(3, 2) << 1, 2, 3, 4, 5, 6),   // 1: as it is
      (cv::Mat_<std::uint8_t>(3, 2) << 2, 1, 4, 3, 6, 5),   // 2: mirrored
      (cv::Mat_<std::uint8_t>(3, 2) << 6, 5, 4, 3, 2, 1),   // 3: half a turn
      (cv::Mat_<std::uint8_t>(3, 2) << 5, 6, 3, 4, 1, 2),   // 4: upside down
      (cv::Mat_<std::uint8_t>(2, 3) << 1, 3, 5, 2, 4, 6),   // 5: transposed
      (cv::Mat_<std::uint8_t>(2, 3) << 5, 3, 1, 6, 4, 2),   // 6: a quarter clockwise
      (cv::Mat_<std::uint8_t>(2, 3) << 6, 4, 2, 5, 3, 1),   // 7: transposed along the other diagonal
      (cv::Mat_<std::uint8_t>(2, 3) << 2, 4, 6, 1, 3, 5)};  // 8: a quarter counter-clockwise
  for (int code = 1; code <= 8; ++code) {
    const cv::Mat turned = turn_upright(stored, code);
    const auto& wanted = expected[static_cast<std::size_t>(code - 1)];
    ASSERT_EQ(turned.size(), wanted.size()) << code;
    EXPECT_EQ(cv::countNonZero(turned != wanted), 0) << code << "\n" << turned;
  }
}

TEST(ExifOrientation, HostileWebpChunksAreSurvived) {
  const std::string head("RIFF\0\0\0\0WEBP", 12);
  for (const auto& tail :
       {std::string("EXIF\xFF\xFF\xFF\xFFII*\0\xFF\xFF\xFF\xFF", 16), std::string("EXIF\0\0\0\0", 8),
        std::string("VP8 \xFF\xFF\xFF\xFF", 8), std::string("EXI", 3)}) {
    const auto text = head + tail;
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    EXPECT_EQ(exif_orientation(bytes), 1);
  }
}

TEST(ExifOrientation, HostileJpegSegmentsAreSurvived) {
  const std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 28);
  const auto whole = "\xFF\xD8" + app_segment('\xE1', exif);
  const auto orientation = [](const std::string& text) {
    return exif_orientation(std::vector<std::uint8_t>(text.begin(), text.end()));
  };
  EXPECT_EQ(orientation(whole), 6);
  for (std::size_t size = 0; size < whole.size() - 4; ++size)
    EXPECT_EQ(orientation(whole.substr(0, size)), 1);
  for (const char length : {'\0', '\1', '\2', '\xFF'}) {
    auto file = whole;
    file[4] = length == '\xFF' ? length : '\0';
    file[5] = length;
    EXPECT_EQ(orientation(file), length == '\xFF' ? 6 : 1) << "length " << static_cast<int>(length);
  }
}

}  // namespace
}  // namespace rcnn::launch
