// SPDX-License-Identifier: MIT
#include "launch/video_pipeline.hpp"

#include <spdlog/fmt/fmt.h>

#include <future>
#include <thread>
#include <utility>

#include "elements/frame_result.hpp"
#include "elements/rcnn_meta.hpp"
#include "elements/stage_element.hpp"
#include "engine/errors.hpp"
#include "launch/display.hpp"
#include "launch/raw_results.hpp"

namespace rcnn::launch {
namespace {

std::string uri_of(const std::string& path) {
  if (is_uri(path)) return path;
  GError* error = nullptr;
  gchar* uri = gst_filename_to_uri(path.c_str(), &error);
  if (uri == nullptr) {
    const std::string why = error->message;
    g_error_free(error);
    throw engine::Error(fmt::format("Cannot open '{}': {}", path, why));
  }
  std::string text = uri;
  g_free(uri);
  return text;
}

GstElement* add_network(GstBin* bin, const VideoJob& job, const DetectOptions& options) {
  GstElement* network = add_element(bin, "neuronrcnn");
  g_object_set(network, "model", options.model.c_str(), "cores", options.cores.c_str(), "max-in-flight",
               options.max_in_flight, "overlay",
               static_cast<gboolean>(options.display || !job.annotated.empty()), "deterministic",
               static_cast<gboolean>(options.deterministic), "score-threshold",
               static_cast<gdouble>(options.threshold), nullptr);
  gst_util_set_object_arg(G_OBJECT(network), "placement",
                          options.placement == engine::Placement::kSplit ? "split" : "replicate");
  if (options.raw) elements::keep_raw_outputs(network);
  return network;
}

bool is_end(const GstPadProbeInfo* info) {
  return (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0 &&
         GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS;
}

/// Pipelines whose threads still use them. Never destroyed.
struct Abandoned {
  std::mutex mutex;
  std::vector<VideoPipeline*> pipelines;
};
Abandoned& abandoned() {
  static auto* const all = new Abandoned;
  return *all;
}

}  // namespace

VideoPipeline::VideoPipeline(const VideoJob& job, const DetectOptions& options)
    : name_(job.input.name),
      frame_limit_(options.frames),
      raw_(options.raw),
      pipeline_(gst_pipeline_new("detect")),
      source_watch_(pipeline_.get()) {
  gst_object_ref_sink(pipeline_.get());
  auto* bin = GST_BIN(pipeline_.get());
  GstElement* decoder = build_source(job);
  g_signal_connect(decoder, "autoplug-continue", G_CALLBACK(on_autoplug), this);
  g_signal_connect(decoder, "pad-added", G_CALLBACK(on_pad_added), this);
  g_signal_connect(decoder, "no-more-pads", G_CALLBACK(on_no_more_pads), this);

  entry_ = add_element(bin, "videoconvert");
  GstElement* upright = add_element(bin, "videoflip");
  gst_util_set_object_arg(G_OBJECT(upright), "video-direction", "auto");
  GstElement* network = network_ = add_network(bin, job, options);
  constexpr auto kLimit = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER);
  if (job.input.kind == InputKind::kCamera) {
    GstElement* latest = add_element(bin, "queue");
    g_object_set(latest, "max-size-buffers", 1U, "max-size-bytes", 0U, "max-size-time", guint64{0}, nullptr);
    gst_util_set_object_arg(G_OBJECT(latest), "leaky", "downstream");
    link_elements({entry_, upright, latest, network});
    if (frame_limit_ > 0) add_probe(latest, "src", kLimit, on_frame_in, this);
  } else {
    link_elements({entry_, upright, network});
    if (frame_limit_ > 0) add_probe(upright, "src", kLimit, on_frame_in, this);
  }
  constexpr auto kData =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
  add_probe(network, "sink", kData, on_entered, this);
  add_probe(network, "src", GST_PAD_PROBE_TYPE_BUFFER, on_frame_out, this);
  add_probe(network, "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_left, this);
  build_sinks(network, job.annotated, options.display);
}

VideoPipeline::~VideoPipeline() {
  quicken();
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void VideoPipeline::quicken() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_all();
}

bool VideoPipeline::stop(std::chrono::milliseconds patience) {
  quicken();
  std::promise<void> promise;
  auto stopped = promise.get_future();
  // GStreamer joins its threads without a limit of time, so somebody else waits for them.
  std::thread waiting([pipeline = pipeline_.get(), promise = std::move(promise)]() mutable {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    promise.set_value();
  });
  if (stopped.wait_for(patience) == std::future_status::ready) {
    waiting.join();
    return true;
  }
  waiting.detach();
  return false;
}

void VideoPipeline::end_source() {
  // Sources may take their time over it.
  gst_element_call_async(
      pipeline_.get(),
      [](GstElement* pipeline, gpointer) { gst_element_send_event(pipeline, gst_event_new_eos()); }, nullptr,
      nullptr);
}

void VideoPipeline::end_behind_source() {
  gst_element_call_async(
      network_,
      [](GstElement* network, gpointer) {
        const GstPointer<GstPad> entry(gst_element_get_static_pad(network, "sink"));
        gst_pad_send_event(entry.get(), gst_event_new_eos());
      },
      nullptr, nullptr);
}

StreamProgress VideoPipeline::progress() const {
  return {entered_, frames_out_, copy_ ? copy_->written() : 0, source_ended_, drained_};
}

GstElement* VideoPipeline::build_source(const VideoJob& job) {
  auto* bin = GST_BIN(pipeline_.get());
  if (job.input.kind != InputKind::kCamera) {
    GstElement* decoder = add_element(bin, "uridecodebin");
    g_object_set(decoder, "uri", uri_of(job.input.path).c_str(), nullptr);
    return decoder;
  }
  GstElement* camera = add_element(bin, job.camera_element);
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(camera), "device") != nullptr) {
    g_object_set(camera, "device", job.input.path.c_str(), nullptr);
  }
  GstElement* decoder = add_element(bin, "decodebin");
  link_elements({camera, decoder});
  return decoder;
}

void VideoPipeline::build_sinks(GstElement* network, const std::filesystem::path& annotated, bool display) {
  auto* bin = GST_BIN(pipeline_.get());
  if (display && !annotated.empty()) {
    GstElement* tee = add_element(bin, "tee");
    GstElement* shown = add_element(bin, "queue");
    GstElement* written = add_element(bin, "queue");
    link_elements({network, tee, shown, add_window(bin)});
    link_elements({tee, written});
    copy_.emplace(bin, written, annotated);
  } else if (display) {
    link_elements({network, add_window(bin)});
  } else if (!annotated.empty()) {
    copy_.emplace(bin, network, annotated);
  } else {
    GstElement* sink = add_element(bin, "fakesink");
    g_object_set(sink, "sync", FALSE, nullptr);
    link_elements({network, sink});
  }
}

std::vector<FrameResult> VideoPipeline::take_results() {
  const std::lock_guard lock(mutex_);
  taken_.notify_all();
  return std::exchange(results_, {});
}

void VideoPipeline::gather(GstPad* pad, GstBuffer* buffer) {
  FrameResult result = elements::frame_result(pad, buffer);
  result.file = name_;
  result.frame = frames_out_++;
  if (const auto* ride = elements::frame_ride(buffer); raw_ && ride != nullptr) {
    result.raw = raw_result(*ride->frame);
  }
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [this] { return stopping_ || results_.size() < kMostWaiting; });
  results_.push_back(std::move(result));
}

// The only GIF demuxer that there is in a usual installation runs in circles at the end of the file, for
// ever.
gboolean VideoPipeline::on_autoplug(GstElement* decoder, GstPad*, GstCaps* caps, gpointer) {
  if (gst_structure_has_name(gst_caps_get_structure(caps, 0), "image/gif") == FALSE) return TRUE;
  GST_ELEMENT_ERROR(decoder, STREAM, WRONG_TYPE,
                    ("It is a GIF, which GStreamer never comes to the end of; make a video of it, such as by "
                     "ffmpeg -i IN.gif OUT.mp4, or an image"),
                    (nullptr));
  return FALSE;
}

void VideoPipeline::on_pad_added(GstElement*, GstPad* pad, gpointer self) {
  auto* pipeline = static_cast<VideoPipeline*>(self);
  GstCaps* caps = gst_pad_query_caps(pad, nullptr);
  const bool video = gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/x-raw") != FALSE;
  gst_caps_unref(caps);
  const GstPointer<GstPad> entry(gst_element_get_static_pad(pipeline->entry_, "sink"));
  // The first picture is the film; covers and second angles stay aside, as does sound.
  if (video && gst_pad_is_linked(entry.get()) == FALSE) gst_pad_link(pad, entry.get());
}

void VideoPipeline::on_no_more_pads(GstElement* decoder, gpointer self) {
  auto* pipeline = static_cast<VideoPipeline*>(self);
  const GstPointer<GstPad> entry(gst_element_get_static_pad(pipeline->entry_, "sink"));
  if (gst_pad_is_linked(entry.get()) == FALSE) {
    GST_ELEMENT_ERROR(decoder, STREAM, WRONG_TYPE, ("There is no video in it"), (nullptr));
  }
}

// Blocks the decoder's thread at the limit and ends the stream behind it. Pushing EOS on the decoder's own
// pad would come back to it as a flow return, which some decoders report as an error.
GstPadProbeReturn VideoPipeline::on_frame_in(GstPad* pad, GstPadProbeInfo*, gpointer self) {
  auto* pipeline = static_cast<VideoPipeline*>(self);
  if (pipeline->frames_in_ < pipeline->frame_limit_) {
    ++pipeline->frames_in_;
    return GST_PAD_PROBE_PASS;
  }
  const GstPointer<GstPad> network(gst_pad_get_peer(pad));
  if (network != nullptr) gst_pad_send_event(network.get(), gst_event_new_eos());
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn VideoPipeline::on_entered(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto* pipeline = static_cast<VideoPipeline*>(self);
  if (is_end(info)) pipeline->source_ended_ = true;
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) ++pipeline->entered_;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn VideoPipeline::on_left(GstPad*, GstPadProbeInfo* info, gpointer self) {
  if (is_end(info)) static_cast<VideoPipeline*>(self)->drained_ = true;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn VideoPipeline::on_frame_out(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto* pipeline = static_cast<VideoPipeline*>(self);
  pipeline->gather(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  gst_element_post_message(pipeline->pipeline_.get(),
                           gst_message_new_application(GST_OBJECT(pipeline->pipeline_.get()),
                                                       gst_structure_new_empty("frame-result")));
  return GST_PAD_PROBE_OK;
}

void StopOrAbandon::operator()(VideoPipeline* pipeline) const {
  if (pipeline->stop(patience)) {
    delete pipeline;
    return;
  }
  const std::lock_guard lock(abandoned().mutex);
  abandoned().pipelines.push_back(pipeline);
}

bool is_pipeline_abandoned() {
  const std::lock_guard lock(abandoned().mutex);
  return !abandoned().pipelines.empty();
}

}  // namespace rcnn::launch
