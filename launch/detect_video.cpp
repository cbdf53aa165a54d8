// SPDX-License-Identifier: MIT
#include "launch/detect_video.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "engine/errors.hpp"
#include "engine/results/pending_file.hpp"
#include "launch/interrupt.hpp"

namespace rcnn::launch {
namespace {

struct MessageUnref {
  void operator()(GstMessage* message) const { gst_message_unref(message); }
};
using MessagePointer = std::unique_ptr<GstMessage, MessageUnref>;

struct Report {
  std::string text;
  bool setting = false;  ///< A property is at fault
};

bool is_own_element(GstObject* object) {
  if (!GST_IS_ELEMENT(object)) return false;
  const GstElementFactory* factory = gst_element_get_factory(GST_ELEMENT(object));
  if (factory == nullptr) return false;
  const auto own = own_elements();
  const std::string_view name = GST_OBJECT_NAME(factory);
  return std::any_of(own.begin(), own.end(), [&](const char* element) { return name == element; });
}

/// Stock elements say what failed in general terms and put the reason into the last line of the debug text.
Report read_report(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, &debug);
  } else {
    gst_message_parse_warning(message, &error, &debug);
  }
  Report report{error->message,
                error->domain == GST_RESOURCE_ERROR && error->code == GST_RESOURCE_ERROR_SETTINGS};
  if (debug != nullptr && !is_own_element(GST_MESSAGE_SRC(message))) {
    const std::string details = debug;
    const auto line = details.rfind('\n');
    if (line != std::string::npos) report.text += fmt::format(" ({})", details.substr(line + 1));
  }
  g_free(debug);
  g_error_free(error);
  return report;
}

/// "H.265 decoder", where the message says that a plugin for that is missing.
std::optional<std::string> missing_plugin(GstMessage* message) {
  const GstStructure* structure = gst_message_get_structure(message);
  if (structure == nullptr || gst_structure_has_name(structure, "missing-plugin") == FALSE)
    return std::nullopt;
  const char* name = gst_structure_get_string(structure, "name");
  return name == nullptr ? "decoder" : name;
}

class VideoRun {
 public:
  VideoRun(const VideoJob& job, const DetectOptions& options, ResultSink& sink)
      : job_(job), sink_(sink), pipeline_(job, options), bus_(gst_element_get_bus(pipeline_.element())) {}

  /// To the end of the stream. \throws engine::Error
  void run() {
    gst_element_set_state(pipeline_.element(), GST_STATE_PLAYING);
    bool ended = false;
    while (!ended) {
      // The timeout bounds how late Ctrl-C is noticed.
      constexpr GstClockTime kPatience = 100 * GST_MSECOND;
      const MessagePointer message(gst_bus_timed_pop(bus_.get(), kPatience));
      deliver();
      if (interrupt_.requested() && !stopping_) {
        stopping_ = true;
        gst_element_send_event(pipeline_.element(), gst_event_new_eos());
      }
      if (message != nullptr) ended = handle(message.get());
    }
    deliver();
  }

  bool stopped_early() const { return stopping_; }
  std::uint64_t frames() const { return frames_; }

 private:
  /// True at the end of the stream.
  bool handle(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS:
        return true;
      case GST_MESSAGE_ERROR:
        fail(read_report(message));
      case GST_MESSAGE_WARNING:
        sink_.warned(read_report(message).text);
        return false;
      case GST_MESSAGE_ELEMENT:
        if (const auto missing = missing_plugin(message)) missing_ = *missing;
        return false;
      default:
        return false;
    }
  }

  [[noreturn]] void fail(Report report) const {
    if (!missing_.empty()) {
      report.text += fmt::format(
          "; GStreamer has no {}: apt-get install gstreamer1.0-libav gstreamer1.0-plugins-bad", missing_);
    }
    if (report.setting) throw engine::SettingError(report.text);
    throw engine::Error(fmt::format("No result for '{}': {}", job_.input.path, report.text));
  }

  void deliver() {
    for (const auto& result : pipeline_.take_results()) {
      sink_.found(result);
      ++frames_;
      last_pts_ = result.pts_ns.value_or(last_pts_);
    }
    gint64 duration = 0;
    if (gst_element_query_duration(pipeline_.element(), GST_FORMAT_TIME, &duration) == FALSE) duration = 0;
    sink_.progressed(static_cast<double>(last_pts_), static_cast<double>(duration),
                     fmt::format("{}, frame {}", job_.input.name, frames_));
  }

  const VideoJob& job_;
  ResultSink& sink_;
  Interrupt interrupt_;
  VideoPipeline pipeline_;
  GstPointer<GstBus> bus_;
  std::string missing_;
  bool stopping_ = false;
  std::uint64_t frames_ = 0;
  std::uint64_t last_pts_ = 0;
};

void check_readable(const Input& input) {
  std::error_code error;
  if (input.path.find("://") != std::string::npos || std::filesystem::exists(input.path, error)) return;
  throw engine::Error(fmt::format("Cannot read '{}': there is no such {}; check the name", input.path,
                                  input.kind == InputKind::kCamera ? "camera" : "file"));
}

}  // namespace

bool detect_video(const VideoJob& job, const DetectOptions& options, ResultSink& sink) {
  if (job.input.kind != InputKind::kCamera || job.camera_element == "v4l2src") check_readable(job.input);
  std::optional<engine::PendingFile> pending;
  VideoJob written = job;
  if (!job.annotated.empty()) written.annotated = pending.emplace(job.annotated).path();
  bool stopped_early = false;
  std::uint64_t frames = 0;
  {
    VideoRun run(written, options, sink);
    run.run();
    stopped_early = run.stopped_early();
    frames = run.frames();
  }  // The file is closed once the pipeline has stopped.
  if (pending) pending->commit();
  if (stopped_early && job.input.kind == InputKind::kVideo) {
    sink.failed(fmt::format("'{}' was interrupted after {} frames; what came before is written",
                            job.input.path, frames));
  }
  return !stopped_early;
}

}  // namespace rcnn::launch
