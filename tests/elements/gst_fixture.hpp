// SPDX-License-Identifier: MIT
#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "elements/gst_support.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/register.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::tests {

/// GStreamer with the project's elements in it.
class GstTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    elements::register_static_plugin();
    g_log_set_default_handler(fail_on_warning, nullptr);
  }

 private:
  // GLib and GStreamer warn where an element breaks a rule (data before a segment, a reference too many).
  static void fail_on_warning(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
    if ((level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) != 0) {
      ADD_FAILURE() << (domain == nullptr ? "" : domain) << ": " << message;
    }
  }
};

/// The tiny model as a property setting, with a leading space.
inline std::string with_model(const TinyModelOptions& options = {}) {
  return " model=" + tiny_model(options).string() + " ";
}

/// Waits up to `limit` for a condition that another thread makes true.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A GstHarness around a bin described as for gst-launch-1.0; PLAYING from the start.
class Harness {
 public:
  explicit Harness(const std::string& line) : harness_(gst_harness_new_empty()) {
    GError* error = nullptr;
    GstElement* bin = gst_parse_bin_from_description(line.c_str(), TRUE, &error);
    if (error != nullptr) {
      ADD_FAILURE() << line << ": " << error->message;
      g_clear_error(&error);
    }
    element_.reset(GST_ELEMENT(gst_object_ref_sink(bin)));
    static GstStaticPadTemplate source =
        GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    static GstStaticPadTemplate sink =
        GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    gst_harness_add_element_full(harness_, bin, &source, "sink", &sink, "src");
    bus_ = gst_bus_new();
    gst_element_set_bus(bin, bus_);
    gst_harness_play(harness_);
  }
  ~Harness() {
    gst_element_set_bus(element_.get(), nullptr);
    gst_object_unref(bus_);
    gst_harness_teardown(harness_);
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  GstHarness* get() { return harness_; }
  GstElement* element() { return element_.get(); }
  GstBus* bus() { return bus_; }
  elements::ElementPtr named(const char* name) {
    return elements::ElementPtr(gst_bin_get_by_name(GST_BIN(element_.get()), name));
  }
  void set_caps(const std::string& caps) { gst_harness_set_src_caps_str(harness_, caps.c_str()); }
  GstFlowReturn push(elements::BufferPtr buffer) { return gst_harness_push(harness_, buffer.release()); }
  elements::BufferPtr pull() { return elements::BufferPtr(gst_harness_pull(harness_)); }

  /// Events of this type that have come out so far; takes all events.
  int events(GstEventType type) {
    int count = 0;
    while (const elements::EventPtr event{gst_harness_try_pull_event(harness_)}) {
      if (GST_EVENT_TYPE(event.get()) == type) ++count;
    }
    return count;
  }

  /// Text of the next message of this type, waiting up to `limit`; "" if there is none.
  std::string message(GstMessageType type, GstClockTime limit = 10 * GST_SECOND) {
    GstMessage* found = gst_bus_timed_pop_filtered(bus_, limit, type);
    if (found == nullptr) {
      return "";
    }
    GError* error = nullptr;
    std::string text = "?";
    if (type == GST_MESSAGE_ERROR) {
      gst_message_parse_error(found, &error, nullptr);
    } else if (type == GST_MESSAGE_WARNING) {
      gst_message_parse_warning(found, &error, nullptr);
    }
    if (error != nullptr) {
      text = error->message;
      g_clear_error(&error);
    }
    gst_message_unref(found);
    return text;
  }

 private:
  GstHarness* harness_;
  elements::ElementPtr element_;
  GstBus* bus_ = nullptr;
};

inline std::string caps_of(int width, int height, const char* format, const char* feature = nullptr) {
  return std::string("video/x-raw") +
         (feature == nullptr ? "" : std::string("(memory:SystemMemory, ") + feature + ")") +
         ", format=" + format + ", width=" + std::to_string(width) + ", height=" + std::to_string(height) +
         ", framerate=30/1";
}

/// A seeded picture of smooth blobs; the same one for every packed format and every stride.
///   padding  bytes more per row than needed, twice as many in the second plane, three times in the third (a
///            GstVideoMeta says so)
inline elements::BufferPtr picture(const GstVideoInfo& info, int number = 0, int padding = 0) {
  gsize offsets[GST_VIDEO_MAX_PLANES] = {};
  gint strides[GST_VIDEO_MAX_PLANES] = {};
  const guint planes = GST_VIDEO_INFO_N_PLANES(&info);
  gsize bytes = 0;
  for (guint plane = 0; plane < planes; ++plane) {
    const gsize rows = plane == 0 ? static_cast<gsize>(info.height)
                                  : (GST_VIDEO_INFO_SIZE(&info) - info.offset[planes - 1]) /
                                        static_cast<gsize>(info.stride[planes - 1]);
    offsets[plane] = padding == 0 ? info.offset[plane] : bytes;
    strides[plane] = info.stride[plane] + padding * static_cast<gint>(plane + 1);
    bytes += static_cast<gsize>(strides[plane]) * rows;
  }
  elements::BufferPtr buffer(
      gst_buffer_new_allocate(nullptr, padding == 0 ? GST_VIDEO_INFO_SIZE(&info) : bytes, nullptr));
  gst_buffer_memset(buffer.get(), 0, 0xa5, gst_buffer_get_size(buffer.get()));
  if (padding != 0) {
    gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                   static_cast<guint>(info.width), static_cast<guint>(info.height), planes,
                                   offsets, strides);
  }
  GstVideoFrame frame;
  gst_video_frame_map(&frame, &info, buffer.get(), GST_MAP_WRITE);
  for (guint channel = 0; channel < 3; ++channel) {
    auto* plane = static_cast<guint8*>(GST_VIDEO_FRAME_COMP_DATA(&frame, channel));
    const int stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, channel);
    // All the rows there are: of two fields, chroma may have one more than its component's height.
    const int rows = GST_VIDEO_INFO_IS_INTERLACED(&info) && channel > 0
                         ? (info.height + 3) / 4 * 2
                         : GST_VIDEO_FRAME_COMP_HEIGHT(&frame, channel);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(&frame, channel); ++x) {
        const int value =
            (x * (5 + static_cast<int>(channel)) + y * 3 + number * 31) ^ ((x / 16) * (y / 16) * 37);
        plane[y * stride + x * GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, channel)] = static_cast<guint8>(value);
      }
    }
  }
  gst_video_frame_unmap(&frame);
  GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(number) * GST_SECOND / 30;
  GST_BUFFER_DURATION(buffer.get()) = GST_SECOND / 30;
  GST_BUFFER_OFFSET(buffer.get()) = static_cast<guint64>(number);
  return buffer;
}
inline elements::BufferPtr picture(int width, int height, GstVideoFormat format, int number = 0,
                                   int padding = 0) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, static_cast<guint>(width), static_cast<guint>(height));
  return picture(info, number, padding);
}

/// The same picture in memory that has no padding, its rows from the first to the last or, as negative
/// strides of a GstVideoMeta say, from the last to the first.
inline elements::BufferPtr laid_out(const GstVideoInfo& info, GstBuffer* picture, bool upwards) {
  elements::BufferPtr buffer(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  if (upwards) {
    gsize offsets[GST_VIDEO_MAX_PLANES] = {};
    gint strides[GST_VIDEO_MAX_PLANES] = {};
    const guint planes = GST_VIDEO_INFO_N_PLANES(&info);
    for (guint plane = 0; plane < planes; ++plane) {
      const int above = GST_VIDEO_INFO_COMP_HEIGHT(&info, plane) - 1;
      offsets[plane] = info.offset[plane] + static_cast<gsize>(info.stride[plane] * above);
      strides[plane] = -info.stride[plane];
    }
    gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                   static_cast<guint>(info.width), static_cast<guint>(info.height), planes,
                                   offsets, strides);
  }
  GstVideoFrame from, to;
  EXPECT_TRUE(gst_video_frame_map(&from, &info, picture, GST_MAP_READ));
  EXPECT_TRUE(gst_video_frame_map(&to, &info, buffer.get(), GST_MAP_WRITE));
  EXPECT_TRUE(gst_video_frame_copy(&to, &from));
  gst_video_frame_unmap(&to);
  gst_video_frame_unmap(&from);
  return buffer;
}

/// How a pipeline ended.
struct Outcome {
  std::string end = {};                    ///< "eos", "error" or "timeout"
  std::string error = {};                  ///< Text of the first error
  std::string source = {};                 ///< Element that posted it
  std::vector<std::string> warnings = {};  ///< Texts
  std::vector<std::string> infos = {};     ///< Texts
  int errors = 0;                          ///< Error messages in all
};

/// A whole pipeline described as for gst-launch-1.0. An element named "out" is watched: its sink pad's
/// buffers.
class Pipeline {
 public:
  explicit Pipeline(const std::string& line) {
    GError* error = nullptr;
    pipeline_.reset(gst_parse_launch(line.c_str(), &error));
    if (error != nullptr) {
      link_error_ = error->message;
      g_clear_error(&error);
    }
    const elements::ElementPtr out(pipeline_ ? gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out")
                                             : nullptr);
    if (out) {
      const elements::PadPtr pad(gst_element_get_static_pad(out.get(), "sink"));
      gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, seen, this, nullptr);
    }
  }
  ~Pipeline() {
    if (pipeline_) {
      gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    }
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() { return pipeline_.get(); }
  const std::string& link_error() const { return link_error_; }
  elements::ElementPtr named(const char* name) {
    return elements::ElementPtr(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }
  GstStateChangeReturn set(GstState state) { return gst_element_set_state(pipeline_.get(), state); }
  bool reaches(GstState state, GstClockTime limit = 20 * GST_SECOND) {
    set(state);
    GstState now = GST_STATE_NULL;
    return gst_element_get_state(pipeline_.get(), &now, nullptr, limit) != GST_STATE_CHANGE_FAILURE &&
           now == state;
  }
  /// Forgets what is on the bus, where messages wait until somebody reads them or the pipeline is NULL.
  void clear_bus() {
    GstBus* bus = gst_element_get_bus(pipeline_.get());
    while (GstMessage* message = gst_bus_pop(bus)) gst_message_unref(message);
    gst_object_unref(bus);
  }
  /// Frames that came to "out".
  int count() const { return count_; }
  /// Called on the streaming thread with each buffer that comes to "out". Set before playing.
  std::function<void(GstBuffer*)> on_buffer;

  /// Plays until EOS or an error.
  Outcome run(GstClockTime limit = 60 * GST_SECOND) {
    set(GST_STATE_PLAYING);
    return wait(limit);
  }
  /// Waits for EOS or an error, then for what else is on the bus.
  Outcome wait(GstClockTime limit) {
    Outcome outcome{.end = "timeout"};
    GstBus* bus = gst_element_get_bus(pipeline_.get());
    const auto types = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING |
                                                   GST_MESSAGE_INFO);
    GstClockTime patience = limit;
    while (GstMessage* message = gst_bus_timed_pop_filtered(bus, patience, types)) {
      note(outcome, message);
      gst_message_unref(message);
      patience = outcome.end == "timeout" ? limit : 200 * GST_MSECOND;
    }
    gst_object_unref(bus);
    return outcome;
  }

 private:
  static GstPadProbeReturn seen(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto* pipeline = static_cast<Pipeline*>(self);
    ++pipeline->count_;
    if (pipeline->on_buffer) {
      pipeline->on_buffer(GST_PAD_PROBE_INFO_BUFFER(info));
    }
    return GST_PAD_PROBE_OK;
  }
  static void note(Outcome& outcome, GstMessage* message) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
      outcome.end = outcome.end == "timeout" ? "eos" : outcome.end;
      return;
    }
    GError* error = nullptr;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning(message, &error, nullptr);
      outcome.warnings.emplace_back(error->message);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_INFO) {
      gst_message_parse_info(message, &error, nullptr);
      outcome.infos.emplace_back(error->message);
    } else {
      gst_message_parse_error(message, &error, nullptr);
      if (outcome.errors++ == 0) {
        outcome.end = "error";
        outcome.error = error->message;
        outcome.source = GST_MESSAGE_SRC_NAME(message);
      }
    }
    g_clear_error(&error);
  }

  elements::ElementPtr pipeline_;
  std::string link_error_;
  std::atomic<int> count_{0};
};

/// All six elements in a row, the model set on the first.
inline std::string six(const std::string& between = " ! ", const std::string& first = "",
                       const std::string& last = "", const TinyModelOptions& options = {}) {
  return "preprocess-resize-800" + with_model(options) + first + between + "neuron-backbone-rpn" + between +
         "cpu-rpn-proposals" + between + "roi-align" + between + "neuron-box-head" + between +
         "postprocess-overlay " + last;
}

}  // namespace rcnn::tests
