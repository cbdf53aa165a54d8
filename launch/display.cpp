// SPDX-License-Identifier: MIT
#include "launch/display.hpp"

#include <gst/video/video.h>
#include <spdlog/fmt/fmt.h>

#include <string_view>
#include <thread>

#include "engine/errors.hpp"

namespace rcnn::launch {
namespace {

/// Some sinks neither scale nor change the size that they began with, and would show a part of larger frames.
constexpr const char* kWindow = "video/x-raw,width=1280,height=720,pixel-aspect-ratio=1/1";
constexpr std::chrono::milliseconds kStay{1000};  // A picture's time to be looked at.

/// The sink that autovideosink has chosen; it takes a fakesink where no other can be opened.
bool found_a_sink(GstElement* automatic) {
  const GstPointer<GstObject> child(
      gst_child_proxy_get_children_count(GST_CHILD_PROXY(automatic)) == 0
          ? nullptr
          : GST_OBJECT(gst_child_proxy_get_child_by_index(GST_CHILD_PROXY(automatic), 0)));
  if (child == nullptr) return false;
  const GstElementFactory* factory = gst_element_get_factory(GST_ELEMENT(child.get()));
  return factory != nullptr && std::string_view(GST_OBJECT_NAME(factory)) != "fakesink";
}

/// DirectFB's library crashes where it finds no frame buffer, so autovideosink must not try it in its turn.
void leave_out_directfb() {
  const GstPointer<GstPluginFeature> directfb(
      gst_registry_lookup_feature(gst_registry_get(), "dfbvideosink"));
  if (directfb != nullptr) gst_plugin_feature_set_rank(directfb.get(), GST_RANK_NONE);
}

GstCaps* caps_of(const cv::Mat& picture) {
  return gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "BGR", "width", G_TYPE_INT, picture.cols,
                             "height", G_TYPE_INT, picture.rows, "framerate", GST_TYPE_FRACTION, 0, 1,
                             nullptr);
}

/// A copy: the sink may hold its last picture for as long as it likes. Rows begin at multiples of 4 bytes.
GstBuffer* buffer_of(const cv::Mat& picture) {
  const auto row = static_cast<std::size_t>(picture.cols) * picture.elemSize();
  const auto stride = GST_ROUND_UP_4(row);
  GstBuffer* buffer =
      gst_buffer_new_allocate(nullptr, stride * static_cast<std::size_t>(picture.rows), nullptr);
  for (int y = 0; y < picture.rows; ++y) {
    gst_buffer_fill(buffer, static_cast<std::size_t>(y) * stride, picture.ptr(y), row);
  }
  return buffer;
}

}  // namespace

void require_display() {
  leave_out_directfb();
  const GstPointer<GstElement> pipeline(gst_pipeline_new(nullptr));
  gst_object_ref_sink(pipeline.get());
  GstElement* automatic = add_element(GST_BIN(pipeline.get()), "autovideosink");
  gst_element_set_state(automatic, GST_STATE_READY);
  const bool found = found_a_sink(automatic);
  gst_element_set_state(automatic, GST_STATE_NULL);
  if (found) return;
  throw engine::Error(
      "--display finds no screen to show frames on. Write annotated copies with --output DIR instead, or run "
      "it "
      "in a desktop session (DISPLAY or WAYLAND_DISPLAY is set) with GStreamer's window elements: apt-get "
      "install gstreamer1.0-x");
}

GstElement* add_window(GstBin* bin) {
  GstElement* convert = add_element(bin, "videoconvert");
  GstElement* scale = add_element(bin, "videoscale");
  GstElement* size = add_element(bin, "capsfilter");
  gst_util_set_object_arg(G_OBJECT(size), "caps", kWindow);
  GstElement* sink = add_element(bin, "autovideosink");
  g_object_set(sink, "sync", FALSE, nullptr);
  gst_element_link_many(convert, scale, size, sink, nullptr);
  return convert;
}

PictureWindow::PictureWindow() : pipeline_(gst_pipeline_new("pictures")) {
  gst_object_ref_sink(pipeline_.get());
  auto* bin = GST_BIN(pipeline_.get());
  source_ = add_element(bin, "appsrc");
  g_object_set(source_, "format", GST_FORMAT_TIME, nullptr);
  gst_element_link(source_, add_window(bin));
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
}

PictureWindow::~PictureWindow() {
  std::this_thread::sleep_until(next_);
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void PictureWindow::show(const cv::Mat& picture) {
  std::this_thread::sleep_until(next_);
  GstCaps* caps = caps_of(picture);
  GstBuffer* buffer = buffer_of(picture);
  GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
  GstFlowReturn flow = GST_FLOW_OK;
  g_signal_emit_by_name(source_, "push-sample", sample, &flow);
  gst_sample_unref(sample);
  gst_buffer_unref(buffer);
  gst_caps_unref(caps);
  next_ = std::chrono::steady_clock::now() + kStay;

  const GstPointer<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  GstMessage* message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
  if (message == nullptr) return;
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  const std::string why = error->message;
  g_error_free(error);
  gst_message_unref(message);
  throw engine::Error(fmt::format("Cannot show pictures: {}", why));
}

}  // namespace rcnn::launch
