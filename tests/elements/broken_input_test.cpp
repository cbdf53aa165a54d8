// SPDX-License-Identifier: MIT
// Input that breaks: the frame or the stream concerned ends, nothing hangs, and the counters tell the truth.
#include <gmock/gmock.h>

#include <filesystem>

#include "elements/stage_flow.hpp"
#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using BrokenInput = tests::GstTest;
using tests::Pipeline;

const std::string kVideo = "video/x-raw,format=BGR,width=96,height=64";

guint64 stat(GstElement* element, const char* field) {
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
  gst_structure_free(stats);
  return value;
}

// A folder of this test's own.
class Folder {
 public:
  explicit Folder(const char* name) : path_(tests::tiny_model().parent_path() / name) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const char* file) const { return path_ / file; }

 private:
  const std::filesystem::path path_;
};

TEST_F(BrokenInput, CorruptedPixelsAreStillPixels) {
  Pipeline pipeline("videotestsrc num-buffers=20 ! " + kVideo +
                    " ! breakmydata probability=0.1 seed=3 ! neuronrcnn name=n" + tests::with_model() +
                    " ! fakesink name=out");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 20);
}

TEST_F(BrokenInput, ATruncatedFileEndsOnceWithWhatCameBefore) {
  const Folder folder("truncated");
  const auto whole = folder / "whole.mp4";
  const int frames = 60;
  ASSERT_EQ(Pipeline("videotestsrc pattern=snow num-buffers=60 ! video/x-raw,width=96,height=64 ! "
                     "x264enc key-int-max=10 ! mp4mux faststart=true ! filesink location=" +
                     whole.string())
                .run()
                .end,
            "eos");
  int before = 0;
  for (const int percent : {5, 40, 70, 100}) {
    const auto part = folder / "part.mp4";
    std::filesystem::copy_file(whole, part, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(
        part, std::filesystem::file_size(whole) * static_cast<std::uintmax_t>(percent) / 100);
    Pipeline pipeline("filesrc location=" + part.string() + " ! decodebin ! videoconvert ! " + kVideo +
                      " ! " + tests::six(" ! ", "inference-interval=20") + " ! fakesink name=out sync=false");
    const auto outcome = pipeline.run();
    EXPECT_NE(outcome.end, "timeout") << percent << " % of the file";
    EXPECT_LE(outcome.errors, 1) << "the demuxer says what is wrong, nobody repeats it";
    EXPECT_GE(pipeline.count(), before) << percent << " % of the file";
    before = pipeline.count();
  }
  EXPECT_EQ(before, frames);
}

TEST_F(BrokenInput, AHalfWrittenImageTouchesNoOther) {
  const Folder folder("images");
  ASSERT_EQ(Pipeline("videotestsrc num-buffers=5 ! video/x-raw,width=96,height=64 ! jpegenc ! multifilesink "
                     "location=" +
                     (folder / "%d.jpg").string())
                .run()
                .end,
            "eos");
  std::filesystem::resize_file(folder / "2.jpg", std::filesystem::file_size(folder / "2.jpg") / 2);
  Pipeline pipeline("multifilesrc location=" + (folder / "%d.jpg").string() +
                    " caps=image/jpeg,framerate=1/1 ! jpegdec ! videoconvert ! " + kVideo +
                    " ! neuronrcnn name=n" + tests::with_model() + " ! fakesink name=out sync=false");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_GE(pipeline.count(), 4) << "jpegdec may make something of the half";
}

TEST_F(BrokenInput, AFailedFrameIsCountedAndTheRestGoesOn) {
  // Whatever its caps say, one buffer is too short.
  Pipeline pipeline("videotestsrc num-buffers=12 ! " + kVideo +
                    " ! identity name=cutter ! neuronrcnn name=n "
                    "on-error=drop" +
                    tests::with_model() + " ! fakesink name=out");
  const ElementPtr cutter = pipeline.named("cutter");
  const PadPtr pad(gst_element_get_static_pad(cutter.get(), "src"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        auto* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        if (GST_BUFFER_OFFSET(buffer) == 5) {
          gst_buffer_resize(buffer, 0, 10);
        }
        GST_PAD_PROBE_INFO_DATA(info) = buffer;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_EQ(pipeline.count(), 11);
  const ElementPtr element = pipeline.named("n");
  EXPECT_EQ(stat(element.get(), "in"), 12u);
  EXPECT_EQ(stat(element.get(), "out"), 11u);
  EXPECT_EQ(stat(element.get(), "failed"), 1u);
  EXPECT_EQ(stat(element.get(), "dropped-error"), 1u);
}

TEST_F(BrokenInput, ASourceThatDisappearsEndsItsOwnStreamOnly) {
  Pipeline other("videotestsrc ! " + kVideo + " ! neuronrcnn" + tests::with_model() +
                 " ! fakesink name=out sync=false");
  ASSERT_TRUE(other.reaches(GST_STATE_PLAYING));
  Pipeline pipeline("videotestsrc is-live=true ! " + kVideo +
                    ",framerate=200/1 ! identity name=camera error-after=5 ! " + tests::six() +
                    " ! fakesink name=out");
  const auto outcome = pipeline.run();
  EXPECT_EQ(outcome.end, "error");
  EXPECT_EQ(outcome.source, "camera");
  const int before = other.count();
  EXPECT_TRUE(tests::eventually([&] { return other.count() > before + 5; }));
}

}  // namespace
}  // namespace rcnn::elements
