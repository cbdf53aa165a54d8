// SPDX-License-Identifier: MIT
#include "launch/detect_video.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/errors.hpp"
#include "engine/files/pending_file.hpp"
#include "launch/image_file.hpp"
#include "launch/interrupt.hpp"
#include "launch/stall_watch.hpp"

namespace rcnn::launch {
namespace {

struct MessageUnref {
  void operator()(GstMessage* message) const { gst_message_unref(message); }
};
using MessagePointer = std::unique_ptr<GstMessage, MessageUnref>;

struct Report {
  std::string text;
  std::string details;   ///< A stock element's reason, which the text has, too; empty: none
  bool setting = false;  ///< A property of this project's elements is at fault
};

/// What a message's element was made by; empty for pads and others.
std::string_view factory_of(GstObject* source) {
  if (!GST_IS_ELEMENT(source)) return {};
  const GstElementFactory* factory = gst_element_get_factory(GST_ELEMENT(source));
  return factory == nullptr ? std::string_view() : GST_OBJECT_NAME(factory);
}

bool is_own_element(GstObject* object) { return std::ranges::count(own_elements(), factory_of(object)) > 0; }

/// Stock elements say what failed in general terms and put the reason into the last line of the debug text.
/// What they call a setting is theirs; of this project's elements it is the user's.
Report read_report(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, &debug);
  } else {
    gst_message_parse_warning(message, &error, &debug);
  }
  const bool own = is_own_element(GST_MESSAGE_SRC(message));
  const bool setting = error->domain == GST_RESOURCE_ERROR && error->code == GST_RESOURCE_ERROR_SETTINGS;
  Report report{error->message, {}, own && setting};
  if (debug != nullptr && !own) {
    const std::string details = debug;
    const auto line = details.rfind('\n');
    if (line != std::string::npos) report.details = details.substr(line + 1);
  }
  if (!report.details.empty()) report.text += fmt::format(" ({})", report.details);
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

/// Reading of files ends where nothing comes any more; cameras and other machines may take their time.
bool is_file(const Input& input) {
  return input.kind == InputKind::kVideo && (!is_uri(input.path) || input.path.starts_with("file:"));
}

/// AVI's demuxer takes what is there for the whole; the file's header says how long that was.
bool is_cut_avi(const std::string& path) {
  std::array<unsigned char, 12> head{};
  std::ifstream stream(path, std::ios::binary);
  stream.read(reinterpret_cast<char*>(head.data()), head.size());
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (!stream || !text.starts_with("RIFF") || !text.ends_with("AVI ")) return false;
  std::uintmax_t said = 0;
  for (std::size_t i = 0; i < 4; ++i) said |= std::uintmax_t{head[4 + i]} << (8 * i);
  constexpr std::uintmax_t kBeforeSize = 8;
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return !error && size < said + kBeforeSize;
}

class VideoRun {
 public:
  enum class Cause : std::uint8_t { kEndOfStream, kInterrupt, kStall };

  /// \param annotated  where the annotated video is written until it takes its place; empty: nowhere
  VideoRun(const VideoJob& job, const std::filesystem::path& annotated, const DetectOptions& options,
           ResultSink& sink)
      : job_(job),
        frame_limit_(options.frames),
        sink_(sink),
        pipeline_(new VideoPipeline({job.input, annotated, job.camera_element}, options),
                  StopOrAbandon{job.patience.stop}),
        bus_(gst_element_get_bus(pipeline_->element())) {}

  /// Until the stream has ended, one way or the other. \throws engine::Error
  void run() {
    started_ = gst_element_set_state(pipeline_->element(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
    while (!ended_ && !gave_up_) {
      // The timeout bounds how late Ctrl-C is noticed.
      constexpr GstClockTime kPatience = 100 * GST_MSECOND;
      const MessagePointer message(gst_bus_timed_pop(bus_.get(), kPatience));
      deliver();
      if (message != nullptr) {
        handle(message.get());
      } else if (is_copy_failed() && !lost_copy_) {  // Whatever is said of it comes before.
        lose_copy(fmt::format("No annotated copy of '{}': its frames cannot be encoded; leave --output out",
                              job_.input.path));
      }
      if (!ended_) look_after();
    }
    deliver();
  }

  Cause cause() const { return cause_; }
  /// Whether everything is written that came: false where even the end of the stream did not come through.
  bool ended() const { return ended_; }
  /// Whether the annotated video was given up, which the sink has heard.
  bool lost_copy() const { return lost_copy_; }
  std::uint64_t frames() const { return frames_; }
  /// What is amiss with a file that came to its end; empty: nothing.
  std::string damage() const {
    // Neither live sources nor a wanted number of frames have an end that could be missed.
    if (!is_file(job_.input) || frame_limit_ > 0) return {};
    constexpr std::uint64_t kTolerance = GST_SECOND / 2;
    const auto until = std::max(pipeline_->source().read_until_ns().value_or(duration_), last_pts_);
    if (is_cut_avi(job_.input.path)) return "was cut off: it is shorter than its header says";
    if (pipeline_->source().has_length() && until + longest_gap_ + kTolerance < duration_) {
      return fmt::format("ends at {:.1f} s of {:.1f} s: it was cut off, or is damaged",
                         static_cast<double>(until) * 1e-9, static_cast<double>(duration_) * 1e-9);
    }
    return pipeline_->source().has_lost_frames() ? "is damaged: some of its frames could not be decoded" : "";
  }
  /// Whether frames came out in whose place the decoder found less than a frame.
  bool has_mended_frames() const { return is_file(job_.input) && pipeline_->source().has_mended_frames(); }
  /// Why results could not be written; null: they could.
  std::exception_ptr unwritten() const { return unwritten_; }

 private:
  void handle(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS:
        ended_ = !is_copy_failed();  // A muxer ends what it cannot write.
        break;
      case GST_MESSAGE_ERROR:
        // A demuxer that is told to end before it knows what it reads calls that an error.
        gave_up_ = cause_ == Cause::kInterrupt && pipeline_->progress().entered == 0;
        if (gave_up_) break;
        if (started_ && is_copys(message)) {
          lose_copy(copy_error(message));
        } else {
          fail(message);
        }
        break;
      case GST_MESSAGE_WARNING:
        sink_.warned(read_report(message).text);
        break;
      case GST_MESSAGE_ELEMENT:
        if (const auto missing = missing_plugin(message)) missing_ = *missing;
        break;
      default:
        break;
    }
  }

  bool is_copy_failed() const { return pipeline_->copy() != nullptr && pipeline_->copy()->failed(); }
  bool is_copys(GstMessage* message) const {
    return pipeline_->copy() != nullptr && pipeline_->copy()->owns(GST_MESSAGE_SRC(message));
  }

  std::string copy_error(GstMessage* message) const {
    const auto report = read_report(message);
    if (factory_of(GST_MESSAGE_SRC(message)) == "filesink") {
      return fmt::format("Cannot write '{}': {}; give a place that you may write to and that has room",
                         job_.annotated.string(), report.details.empty() ? report.text : report.details);
    }
    return fmt::format("No annotated copy of '{}': {}", job_.input.path, report.text);
  }

  /// It is no reason to lose what is found.
  void lose_copy(const std::string& why) {
    pipeline_->copy()->give_up();
    if (!std::exchange(lost_copy_, true)) sink_.failed(why);
  }

  [[noreturn]] void fail(GstMessage* message) const {
    if (is_copys(message)) throw engine::Error(copy_error(message));
    auto report = read_report(message);
    if (report.setting) throw engine::SettingError(report.text);
    if (!missing_.empty()) {
      report.text += fmt::format(
          "; GStreamer has no {}: apt-get install gstreamer1.0-libav gstreamer1.0-plugins-bad", missing_);
    }
    throw engine::Error(fmt::format("No result for '{}': {}", job_.input.path, report.text));
  }

  void deliver() {
    for (const auto& result : pipeline_->take_results()) {
      if (unwritten_ != nullptr) break;
      try {
        sink_.found(result);
      } catch (const OutputError&) {
        unwritten_ = std::current_exception();
      }
      ++frames_;
      const auto pts = result.pts_ns.value_or(last_pts_);
      longest_gap_ = std::max(longest_gap_, pts - std::min(pts, last_pts_));
      last_pts_ = pts;
    }
    gint64 duration = 0;
    if (gst_element_query_duration(pipeline_->element(), GST_FORMAT_TIME, &duration) != FALSE && duration > 0)
      duration_ = static_cast<std::uint64_t>(duration);
    sink_.progressed(static_cast<double>(last_pts_), static_cast<double>(duration_),
                     fmt::format("{}, frame {}", job_.input.name, frames_));
  }

  /// Ends the stream where that was asked for or nothing comes any more.
  void look_after() {
    const auto progress = pipeline_->progress();
    if (lost_copy_ && progress.drained) {  // The end of the results is enough.
      ended_ = true;
      return;
    }
    watch_.look(progress.total(), StallWatch::Clock::now());
    if (progress.entered > progress.left) watch_.forget();  // Cores will finish those frames, or fail.
    if (cause_ != Cause::kEndOfStream) return hasten(progress);
    if (interrupt_.requested() || unwritten_ != nullptr) {
      cause_ = Cause::kInterrupt;
      pipeline_->end_source();
      watch_.forget();
    } else if (is_file(job_.input) && watch_.still() >= job_.patience.source) {
      cause_ = Cause::kStall;
    }
  }

  /// Where the end of the stream does not come through, it is made behind the source, then not waited for.
  void hasten(const StreamProgress& progress) {
    if (watch_.still() < (progress.drained ? job_.patience.source : job_.patience.ending)) return;
    watch_.forget();
    gave_up_ = progress.entered == 0 || progress.source_ended || ended_behind_;
    if (gave_up_) return;
    ended_behind_ = true;
    pipeline_->end_behind_source();
  }

  const VideoJob& job_;
  const std::uint64_t frame_limit_;
  ResultSink& sink_;
  Interrupt interrupt_;
  VideoPipelinePointer pipeline_;
  GstPointer<GstBus> bus_;
  StallWatch watch_{StallWatch::Clock::now()};
  std::string missing_;
  Cause cause_ = Cause::kEndOfStream;
  bool started_ = false;
  bool lost_copy_ = false;
  bool ended_ = false;
  bool ended_behind_ = false;
  bool gave_up_ = false;
  std::exception_ptr unwritten_;
  std::uint64_t frames_ = 0;
  std::uint64_t last_pts_ = 0;
  std::uint64_t longest_gap_ = 0;  ///< Between two frames, ns
  std::uint64_t duration_ = 0;     ///< As the container says, ns; 0: unknown
};

/// Character devices that Linux counts among its video devices.
bool is_video_device(const std::string& path) {
  constexpr unsigned kVideoMajor = 81;
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 || major(status.st_rdev) == kVideoMajor;
}

void check_readable(const Input& input) {
  const bool camera = input.kind == InputKind::kCamera;
  std::error_code error;
  if (camera && !is_video_device(input.path)) {
    throw engine::Error(
        fmt::format("'{}' is no camera: cameras are video devices such as /dev/video0; 'ls /dev/video*' "
                    "shows those there are",
                    input.path));
  }
  if (is_uri(input.path)) return;
  if (camera && !std::filesystem::exists(input.path, error)) {
    throw engine::Error(fmt::format("Cannot read '{}': there is no such camera; check the name", input.path));
  }
  if (const auto missing = why_missing(input.path); !missing.empty())
    throw engine::Error(fmt::format("Cannot read '{}': {}", input.path, missing));
}

/// Says what is missing. A camera's recording has no end of its own.
void report_missing(const VideoRun& run, const VideoJob& job, ResultSink& sink) {
  std::string what;
  if (run.cause() == VideoRun::Cause::kStall) {
    what = fmt::format(
        "'{}' has given nothing for {} s after {} frames: is it damaged, or of a format that GStreamer "
        "cannot "
        "read? Convert it to mp4",
        job.input.path, std::chrono::duration_cast<std::chrono::seconds>(job.patience.source).count(),
        run.frames());
  } else if (run.cause() == VideoRun::Cause::kInterrupt &&
             (job.input.kind == InputKind::kVideo || !run.ended())) {
    what = fmt::format("'{}' was interrupted after {} frames", job.input.path, run.frames());
  }
  if (run.cause() == VideoRun::Cause::kEndOfStream) {
    if (const auto damage = run.damage(); !damage.empty()) {
      what = fmt::format("'{}' {}", job.input.path, damage);
    } else if (run.has_mended_frames()) {
      sink.warned(fmt::format(
          "'{}' is damaged: the decoder made up parts of some frames, where objects may be missed",
          job.input.path));
    }
  }
  if (what.empty() || run.unwritten() != nullptr) return;
  if (run.frames() > 0) {
    what += "; what there was is written";
    if (!run.ended() && !job.annotated.empty()) what += ", but for the annotated video";
  }
  sink.failed(what);
}

/// Null where no annotated video is wanted, or none can be written, which is no reason to look at nothing.
std::unique_ptr<engine::PendingFile> begin_copy(const VideoJob& job, ResultSink& sink) {
  if (job.annotated.empty()) return nullptr;
  try {
    return std::make_unique<engine::PendingFile>(job.annotated);
  } catch (const engine::Error& error) {
    sink.failed(error.what());
    return nullptr;
  }
}

}  // namespace

void detect_video(const VideoJob& job, const DetectOptions& options, ResultSink& sink) {
  if (job.input.kind != InputKind::kCamera || job.camera_element == "v4l2src") check_readable(job.input);
  const auto pending = begin_copy(job, sink);
  auto run =
      std::make_unique<VideoRun>(job, pending ? pending->path() : std::filesystem::path(), options, sink);
  run->run();
  report_missing(*run, job, sink);
  const bool whole = run->ended() && !run->lost_copy();
  const auto unwritten = run->unwritten();
  run.reset();  // The file is closed once the pipeline has stopped.
  if (pending && whole) {
    pending->commit();
    sink.copied(job.annotated);
  }
  if (unwritten != nullptr) std::rethrow_exception(unwritten);
}

}  // namespace rcnn::launch
