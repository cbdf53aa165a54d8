// SPDX-License-Identifier: MIT
#include "elements/stream_file.hpp"  // First: proves the header is self-contained.

#include <algorithm>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using StreamFile = tests::GstTest;
using tests::Pipeline;

std::string id_of(const std::string& uri, const std::string& track = "") {
  return TextPtr(g_compute_checksum_for_string(G_CHECKSUM_SHA256, uri.c_str(), -1)).get() + track;
}

/// What a stream of this id comes from behind the pipeline's element "out", as far as its links tell.
std::string file_behind(const std::string& line, const std::string& stream) {
  Pipeline pipeline(line);
  EXPECT_EQ(pipeline.link_error(), "");
  const PadPtr sink(gst_element_get_static_pad(pipeline.named("out").get(), "sink"));
  return file_of_stream(sink.get(), stream);
}

const std::string kTwo =
    "concat name=both ! queue ! fakesink name=out  filesrc location=/one ! identity ! both. "
    "filesrc location=/a%20b ! queue ! both.";

TEST_F(StreamFile, KnowsAFileByTheStreamsId) {
  EXPECT_EQ(file_behind("filesrc location=/one ! fakesink name=out", id_of("file:///one")), "/one");
  EXPECT_EQ(file_behind(kTwo, id_of("file:///one", "/001")), "/one");
  EXPECT_EQ(file_behind(kTwo, id_of("file:///a%2520b", "/001:0")), "/a%20b");
}

TEST_F(StreamFile, KnowsWhatIsNoFileByItsUri) {
  const std::string uri = "udp://127.0.0.1:5004";
  EXPECT_EQ(file_behind("udpsrc uri=" + uri + " ! fakesink name=out", id_of(uri)), uri);
}

TEST_F(StreamFile, TakesTheOnlySourceOfAStreamWhoseIdIsMadeOtherwise) {
  EXPECT_EQ(file_behind("filesrc location=/one ! queue ! fakesink name=out", "video:0:1:RTP:AVP:96"), "/one");
  EXPECT_EQ(file_behind(kTwo, "video:0:1:RTP:AVP:96"), "");
}

TEST_F(StreamFile, NamesNoneThatIsAnothers) {
  EXPECT_EQ(file_behind(kTwo, id_of("file:///three", "/001")), "");
  EXPECT_EQ(file_behind("filesrc location=/one ! fakesink name=out", id_of("file:///before")), "");
  EXPECT_EQ(file_behind("videotestsrc ! fakesink name=out", "ab12"), "");
  EXPECT_EQ(file_behind("fakesink name=out fakesrc", "ab12"), "");
}

}  // namespace
}  // namespace rcnn::elements
