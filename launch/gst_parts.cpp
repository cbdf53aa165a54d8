// SPDX-License-Identifier: MIT
#include "launch/gst_parts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/errors.hpp"

namespace rcnn::launch {
namespace {

constexpr const char* kBase = "gstreamer1.0-plugins-base";
constexpr const char* kGood = "gstreamer1.0-plugins-good";

constexpr std::array kParts{
    GstPart{"filesrc", "libgstreamer1.0-0", "reads files", true},
    GstPart{"queue", "libgstreamer1.0-0", "decouples threads", true},
    GstPart{"decodebin", kBase, "decodes whatever comes", true},
    GstPart{"uridecodebin", kBase, "opens videos and streams", true},
    GstPart{"videoconvert", kBase, "converts pixel formats", true},
    GstPart{"videotestsrc", kBase, "draws test pictures", false},
    GstPart{"videoflip", kGood, "turns videos that were shot upright", true},
    GstPart{"qtdemux", kGood, "reads mp4 and mov", true},
    GstPart{"matroskademux", kGood, "reads mkv and webm", false},
    GstPart{"jpegdec", kGood, "decodes JPEG", true},
    GstPart{"jpegenc", kGood, "encodes JPEG", false},
    GstPart{"multifilesrc", kGood, "reads numbered images", false},
    GstPart{"v4l2src", kGood, "opens cameras", false},
    GstPart{"appsrc", kBase, "takes images to show", false},
    GstPart{"videoscale", kBase, "fits frames to a window", false},
    GstPart{"autovideosink", kGood, "shows frames in a window", false},
    GstPart{"ximagesink", "gstreamer1.0-x", "draws windows on an X display", false},
    GstPart{"h264parse", "gstreamer1.0-plugins-bad", "reads H.264 streams", true},
    GstPart{"avdec_h264", "gstreamer1.0-libav", "decodes H.264", true},
    GstPart{"x264enc", "gstreamer1.0-plugins-ugly", "encodes H.264", true},
    GstPart{"mp4mux", kGood, "writes mp4", true},
};

constexpr std::array kOwnElements{
    "preprocess-resize-800", "neuron-backbone-rpn", "cpu-rpn-proposals", "roi-align",       "neuron-box-head",
    "postprocess-overlay",   "neuronrcnn",          "detections-json",   "neuron-classify", "detection-crop"};

}  // namespace

std::span<const GstPart> gst_parts() { return kParts; }

std::span<const char* const> own_elements() { return kOwnElements; }

GstElement* add_element(GstBin* bin, const std::string& factory) {
  GstElement* element = gst_element_factory_make(factory.c_str(), nullptr);
  if (element == nullptr) {
    const auto part = std::find_if(kParts.begin(), kParts.end(), [&](const GstPart& known) {
      return std::string_view(known.factory) == factory;
    });
    const std::string package = part != kParts.end() ? part->package : "gstreamer1.0-plugins-bad";
    throw engine::Error(
        fmt::format("GStreamer has no element '{}': apt-get install {} ('neuron-rcnn doctor' shows what "
                    "else is missing)",
                    factory, package));
  }
  gst_bin_add(bin, element);
  return element;
}

void link_elements(std::initializer_list<GstElement*> elements) {
  GstElement* before = nullptr;
  for (GstElement* element : elements) {
    if (before != nullptr && gst_element_link(before, element) == FALSE) {
      throw engine::Error(
          fmt::format("GStreamer cannot link {} to {}; 'neuron-rcnn doctor' shows what is amiss",
                      GST_ELEMENT_NAME(before), GST_ELEMENT_NAME(element)));
    }
    before = element;
  }
}

void add_probe(GstElement* element, const char* pad, GstPadProbeType type, GstPadProbeCallback callback,
               gpointer self) {
  const GstPointer<GstPad> place(gst_element_get_static_pad(element, pad));
  gst_pad_add_probe(place.get(), type, callback, self, nullptr);
}

}  // namespace rcnn::launch
