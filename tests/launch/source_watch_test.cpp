// SPDX-License-Identifier: MIT
#include "launch/source_watch.hpp"

#include <gtest/gtest.h>

#include "launch/gst_parts.hpp"
#include "tests/launch/tiny_files.hpp"

namespace rcnn::launch {
namespace {

/// A file's decoding, watched to its end.
class Decoding {
 public:
  explicit Decoding(const std::filesystem::path& file)
      : pipeline_(gst_pipeline_new(nullptr)), watch_(pipeline_.get()) {
    gst_object_ref_sink(pipeline_.get());
    auto* bin = GST_BIN(pipeline_.get());
    GstElement* source = add_element(bin, "filesrc");
    GstElement* decoder = add_element(bin, "decodebin");
    GstElement* sink = add_element(bin, "fakesink");
    g_object_set(source, "location", file.c_str(), nullptr);
    gst_element_link(source, decoder);
    g_signal_connect(decoder, "pad-added", G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer to) {
                       const GstPointer<GstPad> entry(gst_element_get_static_pad(GST_ELEMENT(to), "sink"));
                       gst_pad_link(pad, entry.get());
                     }),
                     sink);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    const GstPointer<GstBus> bus(gst_element_get_bus(pipeline_.get()));
    gst_message_unref(gst_bus_timed_pop_filtered(
        bus.get(), GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  }
  ~Decoding() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  const SourceWatch& watch() const { return watch_; }

 private:
  GstPointer<GstElement> pipeline_;
  SourceWatch watch_;
};

class SourceWatchTest : public ::testing::Test {
 protected:
  SourceWatchTest() { write_clip(folder_ / "in.mp4", 50); }
  const TempFolder folder_;
};

TEST_F(SourceWatchTest, KnowsHowFarAContainerWasRead) {
  const Decoding decoding(folder_ / "in.mp4");
  EXPECT_EQ(decoding.watch().read_until_ns(), 2 * GST_SECOND);
  EXPECT_FALSE(decoding.watch().has_lost_frames());
  EXPECT_FALSE(decoding.watch().has_mended_frames());
}

TEST_F(SourceWatchTest, NoticesWhatCannotBeDecoded) {
  damage(folder_ / "in.mp4", 0.3, 0.5);
  const Decoding decoding(folder_ / "in.mp4");
  EXPECT_TRUE(decoding.watch().has_lost_frames());
  EXPECT_TRUE(decoding.watch().has_mended_frames());
}

TEST_F(SourceWatchTest, ElementaryStreamsHaveNoSuchPlace) {
  make_by_gst("videotestsrc num-buffers=5 ! x264enc", folder_ / "in.h264");
  const Decoding decoding(folder_ / "in.h264");
  EXPECT_EQ(decoding.watch().read_until_ns(), std::nullopt);
}

}  // namespace
}  // namespace rcnn::launch
