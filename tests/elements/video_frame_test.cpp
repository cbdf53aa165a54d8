// SPDX-License-Identifier: MIT
#include "elements/video_frame.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include "engine/image/resize.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using VideoFrame = tests::GstTest;

/// What a frame's caps may say.
struct Case {
  const char* format;
  int width, height;
  std::string more = {};  ///< Further fields
  int padding = 0;
};

std::string caps_of(const Case& test) {
  return tests::caps_of(test.width, test.height, test.format) + test.more;
}

GstVideoInfo info_of(const std::string& text) {
  const CapsPtr caps(gst_caps_from_string(text.c_str()));
  GstVideoInfo info;
  EXPECT_TRUE(gst_video_info_from_caps(&info, caps.get())) << text;
  return info;
}

std::vector<std::uint8_t> bgr_of(const engine::ImageView& view) {
  const engine::Size size{view.width, view.height};
  std::vector<std::uint8_t> bgr(static_cast<std::size_t>(3 * size.width * size.height));
  engine::Resizer(size, size).resize_rows(view, 0, size.height, bgr);
  return bgr;
}

std::vector<std::uint8_t> converted(const Case& test, BufferPtr buffer) {
  tests::Harness harness("videoconvert ! capsfilter caps=video/x-raw,format=BGR");
  harness.set_caps(caps_of(test));
  EXPECT_EQ(harness.push(std::move(buffer)), GST_FLOW_OK);
  const BufferPtr bgr = harness.pull();
  const auto info = info_of(tests::caps_of(test.width, test.height, "BGR"));
  return bgr_of(MappedVideo(info, bgr.get(), GST_MAP_READ).view());
}

/// The largest difference between what the engine makes of a picture and what videoconvert does.
int difference(const Case& test) {
  const auto info = info_of(caps_of(test));
  const auto buffer = tests::picture(info, 1, test.padding);
  const auto ours = bgr_of(MappedVideo(info, buffer.get(), GST_MAP_READ).view());
  const auto theirs = converted(test, BufferPtr(gst_buffer_copy_deep(buffer.get())));
  EXPECT_EQ(ours.size(), theirs.size());
  int most = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) most = std::max(most, std::abs(ours[i] - theirs[i]));
  return most;
}

constexpr int kLevels = 2;  ///< Of 255

// What lies beyond the caps' size is padding, whatever a GstVideoMeta says of it.
TEST_F(VideoFrame, IsAsLargeAsItsCapsSay) {
  for (const char* format : {"BGR", "NV12", "I420"}) {
    auto padded = info_of(tests::caps_of(96, 64, format));
    const auto info = info_of(tests::caps_of(70, 50, format));
    const auto buffer = tests::picture(padded, 1, 0);
    if (gst_buffer_get_video_meta(buffer.get()) == nullptr) {
      gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&padded),
                                     96, 64, GST_VIDEO_INFO_N_PLANES(&padded), padded.offset, padded.stride);
    }
    const MappedVideo whole(padded, buffer.get(), GST_MAP_READ);
    const MappedVideo part(info, buffer.get(), GST_MAP_READWRITE);
    EXPECT_EQ(part.view().width, 70) << format;
    EXPECT_EQ(part.view().height, 50) << format;
    EXPECT_EQ(part.view().stride, whole.view().stride) << format;
    EXPECT_EQ(paint_target_of(part.frame()).width, 70) << format;
    if (part.view().format == engine::PixelFormat::kYuv420) {
      EXPECT_EQ(part.view().chroma.picture, (engine::Size{70, 50})) << format;
    }
  }
}

TEST_F(VideoFrame, IsRefusedWhereItsMetaIsSmallerThanItsCaps) {
  auto small = info_of(tests::caps_of(70, 50, "BGR"));
  const auto info = info_of(tests::caps_of(96, 64, "BGR"));
  const auto buffer = tests::picture(info, 1, 0);
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGR, 70, 50, 1,
                                 small.offset, small.stride);
  try {
    MappedVideo(info, buffer.get(), GST_MAP_READ);
    ADD_FAILURE() << "accepted";
  } catch (const engine::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("GstVideoMeta says 70x50, its caps 96x64"));
  }
}

TEST_F(VideoFrame, BecomesWhatVideoconvertMakesOfItAtEverySize) {
  for (const char* format : {"NV12", "I420"}) {
    for (const auto& [width, height] : {std::pair{1, 1}, {2, 2}, {3, 5}, {37, 21}, {96, 64}, {131, 66}}) {
      for (const int padding : {0, 29}) {
        EXPECT_LE(difference({format, width, height, "", padding}), kLevels)
            << format << " " << width << "x" << height << " + " << padding;
      }
    }
  }
}

TEST_F(VideoFrame, BecomesWhatVideoconvertMakesOfItInEveryColorimetry) {
  for (const char* format : {"NV12", "I420"}) {
    for (const char* colorimetry :
         {"bt601", "bt709", "bt2020", "smpte240m", "1:4:0:0", "1:3:5:1", "2:3:5:1"}) {
      EXPECT_LE(difference({format, 67, 35, std::string(", colorimetry=") + colorimetry, 0}), kLevels)
          << format << " " << colorimetry;
    }
    for (const int height : {480, 720, 2160}) {  // BT.601, BT.709 and BT.2020 where caps say nothing
      EXPECT_LE(difference({format, 16, height}), kLevels) << format << " " << height;
    }
  }
}

TEST_F(VideoFrame, BecomesWhatVideoconvertMakesOfItAtEveryChromaSite) {
  for (const char* format : {"NV12", "I420"}) {
    for (const char* site : {"jpeg", "mpeg2", "cosited", "v-cosited", "dv"}) {
      for (const char* mode : {"progressive", "interleaved"}) {
        for (const int height : {48, 45, 46}) {
          const auto more = std::string(", chroma-site=") + site + ", interlace-mode=" + mode;
          EXPECT_LE(difference({format, 37, height, more}), kLevels) << format << more << " " << height;
        }
      }
    }
  }
}

TEST_F(VideoFrame, TellsLimitedFromFullRangeAndOneMatrixFromAnother) {
  const auto colours = [](const char* colorimetry) {
    const auto info = info_of(caps_of({"NV12", 16, 16, std::string(", colorimetry=") + colorimetry}));
    const auto buffer = tests::picture(info);
    return bgr_of(MappedVideo(info, buffer.get(), GST_MAP_READ).view());
  };
  EXPECT_NE(colours("bt601"), colours("bt709"));
  EXPECT_NE(colours("bt709"), colours("bt2020"));
  EXPECT_NE(colours("bt709"), colours("1:3:5:1"));
}

TEST_F(VideoFrame, IsDrawnIntoWhereItIsReadFrom) {
  for (const char* format : {"NV12", "I420", "BGR", "RGBx"}) {
    const auto info = info_of(caps_of({format, 38, 22, ""}));
    const auto buffer = tests::picture(info, 0, 12);
    const MappedVideo video(info, buffer.get(), GST_MAP_READWRITE);
    const auto view = video.view();
    const auto target = paint_target_of(video.frame());
    EXPECT_EQ(target.data, view.data);
    EXPECT_EQ(target.stride, view.stride);
    EXPECT_EQ(target.format, view.format);
    EXPECT_EQ(target.chroma.u, view.chroma.u);
    EXPECT_EQ(target.chroma.v, view.chroma.v);
    EXPECT_EQ(target.chroma.u_stride, view.chroma.u_stride);
    EXPECT_EQ(target.chroma.v_stride, view.chroma.v_stride);
  }
}

// In a copy of rows that run upwards, too.
TEST_F(VideoFrame, IsDrawnIntoAsTheFieldsThatItIsReadAs) {
  for (const char* format : {"NV12", "I420"}) {
    for (const char* mode : {"progressive", "interleaved"}) {
      const auto info = info_of(caps_of({format, 38, 24, std::string(", interlace-mode=") + mode}));
      const auto plain = tests::picture(info);
      for (const bool upwards : {false, true}) {
        const auto buffer = tests::laid_out(info, plain.get(), upwards);
        const MappedVideo video(info, buffer.get(), GST_MAP_READWRITE);
        paint_into(video.frame(), [&](const PaintTarget& target) {
          EXPECT_EQ(target.chroma.interlaced, video.view().chroma.interlaced) << format << " " << mode;
          EXPECT_EQ(target.chroma.interlaced, mode == std::string("interleaved")) << format << upwards;
        });
      }
    }
  }
}

TEST_F(VideoFrame, MapsRowsWhereTheVideoMetaSaysTheyAre) {
  const GstVideoInfo info = info_of(caps_of({"BGR", 37, 11}));
  const BufferPtr tight = tests::picture(37, 11, GST_VIDEO_FORMAT_BGR);
  const BufferPtr padded = tests::picture(37, 11, GST_VIDEO_FORMAT_BGR, 0, 29);
  const MappedVideo a(info, tight.get(), GST_MAP_READ);
  const MappedVideo b(info, padded.get(), GST_MAP_READ);
  EXPECT_EQ(a.view().format, engine::PixelFormat::kBgr);
  EXPECT_EQ(b.view().stride, a.view().stride + 29);
  for (int y = 0; y < 11; ++y) {
    const auto* row_a = a.view().data + y * a.view().stride;
    const auto* row_b = b.view().data + y * b.view().stride;
    EXPECT_TRUE(std::equal(row_a, row_a + 37 * 3, row_b)) << "row " << y;
  }
}

TEST_F(VideoFrame, RefusesABufferThatIsTooSmall) {
  const GstVideoInfo info = info_of(caps_of({"RGB", 64, 48}));
  const BufferPtr small(gst_buffer_new_allocate(nullptr, 100, nullptr));
  try {
    const MappedVideo mapped(info, small.get(), GST_MAP_READ);
    FAIL() << "mapped 100 bytes as 64x48";
  } catch (const engine::Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("100 bytes"), testing::HasSubstr("64x48")));
  }
}

// A GstVideoMeta that speaks of more chroma than there is memory.
TEST_F(VideoFrame, RefusesAPlaneThatReachesBeyondItsMemory) {
  for (const char* format : {"NV12", "I420"}) {
    const auto info = info_of(caps_of({format, 64, 48, ""}));
    gsize offsets[GST_VIDEO_MAX_PLANES] = {info.offset[0], info.offset[1], info.offset[2]};
    gint strides[GST_VIDEO_MAX_PLANES] = {info.stride[0], info.stride[1], info.stride[2]};
    const guint planes = GST_VIDEO_INFO_N_PLANES(&info);
    strides[planes - 1] *= 2;
    const BufferPtr buffer(gst_buffer_new_allocate(nullptr, info.size, nullptr));
    gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info), 64,
                                   48, planes, offsets, strides);
    EXPECT_THROW(MappedVideo(info, buffer.get(), GST_MAP_READ), engine::Error) << format;
  }
}

}  // namespace
}  // namespace rcnn::elements
