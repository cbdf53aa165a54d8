// SPDX-License-Identifier: MIT
#include "elements/stage_caps.hpp"

#include <array>
#include <string>

namespace rcnn::elements {
namespace {

// Feature i lies before stage i, feature i + 1 after it.
constexpr std::array<const char*, pipeline::kStageCount + 1> kFeatures{
    nullptr,           "meta:RcnnImage", "meta:RcnnFeatures", "meta:RcnnProposals", "meta:RcnnPooled",
    "meta:RcnnLogits", nullptr};

// What decoders give and encoders take first: who has the choice need not convert. Of the packed ones, BGRx
// first: videoconvert has vector code from I420 to it.
constexpr const char* kPlanar = "NV12, I420, ";
constexpr const char* kPacked = "BGRx, RGBx, BGR, RGB";

CapsPtr caps_of_formats(const std::string& formats) {
  return CapsPtr(gst_caps_from_string(("video/x-raw, format=(string){ " + formats +
                                       " }, width=(int)[ 1, 32767 ], height=(int)[ 1, 32767 ], "
                                       "framerate=(fraction)[ 0/1, 2147483647/1 ]")
                                          .c_str()));
}

// Both features everywhere: caps with a meta feature alone do not intersect with those that name the memory
// too.
GstCapsFeatures* features_with(const char* feature) {
  GstCapsFeatures* features = gst_caps_features_new(GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY, nullptr);
  if (feature != nullptr) {
    gst_caps_features_add(features, feature);
  }
  return features;
}

}  // namespace

const char* feature_before(pipeline::StageId stage) { return kFeatures[static_cast<std::size_t>(stage)]; }
const char* feature_after(pipeline::StageId stage) { return kFeatures[static_cast<std::size_t>(stage) + 1]; }

CapsPtr video_caps(const char* feature) {
  CapsPtr caps = caps_of_formats(std::string(kPlanar) + kPacked);
  gst_caps_set_features(caps.get(), 0, features_with(feature));
  return caps;
}

CapsPtr packed_video_caps() { return caps_of_formats(kPacked); }

CapsPtr with_feature(const GstCaps* caps, const char* feature) {
  CapsPtr copy(gst_caps_copy(caps));
  for (guint i = 0; i < gst_caps_get_size(copy.get()); ++i) {
    gst_caps_set_features(copy.get(), i, features_with(feature));
  }
  return copy;
}

CapsPtr caps_of_pad(GstPad* opposite, const char* feature, const char* opposite_feature,
                    const GstCaps* filter) {
  const CapsPtr possible = video_caps(opposite_feature);
  const CapsPtr peer(gst_pad_peer_query_caps(opposite, possible.get()));
  const CapsPtr both(gst_caps_intersect_full(peer.get(), possible.get(), GST_CAPS_INTERSECT_FIRST));
  CapsPtr ours = with_feature(both.get(), feature);
  if (filter == nullptr) {
    return ours;
  }
  return CapsPtr(gst_caps_intersect_full(const_cast<GstCaps*>(filter), ours.get(), GST_CAPS_INTERSECT_FIRST));
}

engine::PixelFormat pixel_format(GstVideoFormat format) {
  switch (format) {
    case GST_VIDEO_FORMAT_RGB:
      return engine::PixelFormat::kRgb;
    case GST_VIDEO_FORMAT_BGR:
      return engine::PixelFormat::kBgr;
    case GST_VIDEO_FORMAT_RGBx:
      return engine::PixelFormat::kRgbx;
    case GST_VIDEO_FORMAT_BGRx:
      return engine::PixelFormat::kBgrx;
    case GST_VIDEO_FORMAT_NV12:
    case GST_VIDEO_FORMAT_I420:
      return engine::PixelFormat::kYuv420;
    default:
      throw engine::ShapeError(std::string("video format ") + gst_video_format_to_string(format) +
                               " is not accepted: " + kPlanar + kPacked + " are; put videoconvert in front");
  }
}

}  // namespace rcnn::elements
