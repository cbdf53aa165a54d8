// SPDX-License-Identifier: MIT
#include "elements/output_layout.hpp"  // First: proves the header is self-contained.

#include <gst/video/gstvideometa.h>

#include "elements/rcnn_meta.hpp"
#include "tests/elements/gst_fixture.hpp"
#include "tests/support/files.hpp"
#include "tests/support/shared_files.hpp"

namespace rcnn::elements {
namespace {

using OutputLayoutTest = tests::GstTest;

constexpr int kPadding = 12;

std::string detector() { return "neuronrcnn overlay=false" + tests::with_model(); }
std::string six() { return tests::six(" ! ", "", "overlay=false"); }

GstVideoInfo info_of(const std::string& caps) {
  GstVideoInfo info;
  const CapsPtr parsed(gst_caps_from_string(caps.c_str()));
  EXPECT_TRUE(gst_video_info_from_caps(&info, parsed.get())) << caps;
  return info;
}

/// What a frame shows, its rows one behind the other. `packed`: as the caps alone say it lies there.
std::vector<guint8> pixels_of(GstBuffer* buffer, const GstVideoInfo& info, bool packed) {
  const BufferPtr plain(packed ? gst_buffer_copy(buffer) : nullptr);
  if (packed) {
    while (GstVideoMeta* meta = gst_buffer_get_video_meta(plain.get())) {
      gst_buffer_remove_meta(plain.get(), &meta->meta);
    }
  }
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &info, packed ? plain.get() : buffer, GST_MAP_READ)) {
    ADD_FAILURE() << "cannot be mapped";
    return {};
  }
  std::vector<guint8> pixels;
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
    const int interlaced = (info.height + 3) / 4 * 2;
    const int rows = plane > 0 && GST_VIDEO_INFO_IS_INTERLACED(&info)
                         ? interlaced
                         : GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane);
    const int bytes = GST_VIDEO_FRAME_COMP_WIDTH(&frame, plane) * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, plane);
    for (int y = 0; y < rows; ++y) {
      const auto* row = static_cast<const guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane)) +
                        y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
      pixels.insert(pixels.end(), row, row + bytes);
    }
  }
  gst_video_frame_unmap(&frame);
  return pixels;
}

const guint8* address_of(GstBuffer* buffer) {
  GstMapInfo map;
  EXPECT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
  const guint8* address = map.data;
  gst_buffer_unmap(buffer, &map);
  return address;
}

/// A frame as it came out, and where the one that went in lay.
struct Passed {
  BufferPtr buffer;
  const guint8* put = nullptr;
};

Passed through(const std::string& line, const std::string& caps, BufferPtr frame, bool reads_meta) {
  tests::Harness harness(line);
  if (reads_meta) {
    gst_harness_add_propose_allocation_meta(harness.get(), GST_VIDEO_META_API_TYPE, nullptr);
  }
  harness.set_caps(caps);
  Passed passed;
  passed.put = address_of(frame.get());
  EXPECT_EQ(harness.push(std::move(frame)), GST_FLOW_OK);
  passed.buffer = harness.pull();
  return passed;
}

TEST_F(OutputLayoutTest, CopiesWhatDownstreamWouldMisread) {
  for (const std::string& line : {detector(), six()}) {
    for (const char* format : {"I420", "NV12", "BGR", "BGRx"}) {
      for (const auto& [width, height] : {std::pair{96, 64}, std::pair{71, 53}}) {
        const std::string caps = tests::caps_of(width, height, format);
        const GstVideoInfo info = info_of(caps);
        const auto expected = pixels_of(tests::picture(info, 5).get(), info, false);
        BufferPtr frame = tests::picture(info, 5, kPadding);
        GST_BUFFER_FLAG_SET(frame.get(), GST_BUFFER_FLAG_MARKER);
        const auto [out, put] = through(line, caps, std::move(frame), false);
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(gst_buffer_get_size(out.get()), info.size) << caps;
        EXPECT_EQ(pixels_of(out.get(), info, true), expected) << caps;
        EXPECT_EQ(pixels_of(out.get(), info, false), expected) << caps;
        EXPECT_EQ(GST_BUFFER_PTS(out.get()), 5 * GST_SECOND / 30);
        EXPECT_EQ(GST_BUFFER_DURATION(out.get()), GST_SECOND / 30);
        EXPECT_EQ(GST_BUFFER_OFFSET(out.get()), 5u);
        EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out.get(), GST_BUFFER_FLAG_MARKER));
        const auto* found = rcnn_buffer_get_detections_meta(out.get());
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(gst_buffer_get_n_meta(out.get(), GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE), found->count);
      }
    }
  }
}

// 50 lines: 13 rows of chroma in each field, of which GStreamer's own copy forgets the last.
TEST_F(OutputLayoutTest, CopiesBothFieldsOfInterlacedVideo) {
  const std::string caps = tests::caps_of(96, 50, "I420") + ", interlace-mode=interleaved";
  const GstVideoInfo info = info_of(caps);
  const auto expected = pixels_of(tests::picture(info).get(), info, false);
  const auto [out, put] = through(detector(), caps, tests::picture(info, 0, kPadding), false);
  EXPECT_EQ(pixels_of(out.get(), info, true), expected);
}

TEST_F(OutputLayoutTest, CopiesRowsThatRunUpwards) {
  const std::string caps = tests::caps_of(96, 64, "BGR");
  const GstVideoInfo info = info_of(caps);
  const BufferPtr picture = tests::picture(info);
  const auto [out, put] = through(detector(), caps, tests::laid_out(info, picture.get(), true), false);
  EXPECT_EQ(pixels_of(out.get(), info, true), pixels_of(picture.get(), info, true));
}

TEST_F(OutputLayoutTest, LeavesFramesWhereTheyAreForOneWhoReadsTheMeta) {
  for (const std::string& line : {detector(), six()}) {
    const std::string caps = tests::caps_of(71, 53, "I420");
    const GstVideoInfo info = info_of(caps);
    const auto expected = pixels_of(tests::picture(info).get(), info, false);
    const auto [out, put] = through(line, caps, tests::picture(info, 0, kPadding), true);
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(address_of(out.get()), put) << line;
    EXPECT_EQ(pixels_of(out.get(), info, false), expected) << line;
  }
}

TEST_F(OutputLayoutTest, LeavesFramesWhereTheyAreThatLieAsTheCapsSay) {
  const std::string caps = tests::caps_of(71, 53, "I420");
  const GstVideoInfo info = info_of(caps);
  for (const bool described : {false, true}) {
    BufferPtr frame = tests::picture(info);
    if (described) {
      gst_buffer_add_video_meta(frame.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420, 71, 53);
    }
    const auto [out, put] = through(detector(), caps, std::move(frame), false);
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(address_of(out.get()), put);
  }
}

// As decoders of a format with one plane pad its height.
TEST_F(OutputLayoutTest, CutsOffRowsBelowThePictureWithoutACopy) {
  const std::string caps = tests::caps_of(96, 50, "BGRx");
  const GstVideoInfo info = info_of(caps);
  BufferPtr frame = tests::picture(96, 64, GST_VIDEO_FORMAT_BGRx);
  gst_buffer_add_video_meta(frame.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGRx, 96, 64);
  const auto [out, put] = through(detector(), caps, std::move(frame), false);
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(gst_buffer_get_size(out.get()), info.size);
  EXPECT_EQ(address_of(out.get()), put);
}

TEST_F(OutputLayoutTest, AsksAgainWhenDownstreamIsAnother) {
  tests::Harness harness(detector());
  const std::string caps = tests::caps_of(96, 64, "I420");
  const GstVideoInfo info = info_of(caps);
  harness.set_caps(caps);
  ASSERT_EQ(harness.push(tests::picture(info, 0, kPadding)), GST_FLOW_OK);
  EXPECT_EQ(gst_buffer_get_size(harness.pull().get()), info.size);
  gst_harness_add_propose_allocation_meta(harness.get(), GST_VIDEO_META_API_TYPE, nullptr);
  ASSERT_TRUE(gst_harness_push_upstream_event(harness.get(), gst_event_new_reconfigure()));
  ASSERT_EQ(harness.push(tests::picture(info, 1, kPadding)), GST_FLOW_OK);
  EXPECT_GT(gst_buffer_get_size(harness.pull().get()), info.size);
}

// A decoder asks first; its frames have 368 lines, of which the video has 360. How many it has decoded when
// it is told to end varies.
TEST_F(OutputLayoutTest, RawVideoOfADecoderIsWhole) {
  constexpr std::size_t kFrame = 640 * 360 * 3 / 2;
  const tests::TempFolder folder;
  const std::string clip = tests::source_file("media/clip.mp4");
  const auto decoded = [&](const std::string& element) {
    tests::Pipeline pipeline("filesrc location=" + clip + " ! decodebin ! identity eos-after=3 ! " + element +
                             " ! filesink location=" + (folder / "raw.yuv").string());
    EXPECT_EQ(pipeline.run().end, "eos");
    pipeline.set(GST_STATE_NULL);
    auto bytes = tests::read_text(folder / "raw.yuv");
    EXPECT_GE(bytes.size(), 2 * kFrame);
    EXPECT_EQ(bytes.size() % kFrame, 0u);
    bytes.resize(2 * kFrame);
    return bytes;
  };
  const std::string expected = decoded("identity");
  EXPECT_TRUE(decoded(detector()) == expected);
  EXPECT_TRUE(decoded(six()) == expected);
}

}  // namespace
}  // namespace rcnn::elements
