// SPDX-License-Identifier: MIT
#include "elements/video_frame.hpp"

#include <gst/video/gstvideometa.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "elements/stage_caps.hpp"

namespace rcnn::elements {
namespace {

bool is_set(GstVideoChromaSite site, GstVideoChromaSite bit) {
  return (static_cast<unsigned>(site) & static_cast<unsigned>(bit)) != 0;
}

engine::YuvEncoding encoding_of(const GstVideoInfo& info) {
  engine::YuvEncoding encoding;  // Stays BT.601 for a matrix without such numbers
  gst_video_color_matrix_get_Kr_Kb(info.colorimetry.matrix, &encoding.kr, &encoding.kb);
  encoding.full_range = info.colorimetry.range != GST_VIDEO_COLOR_RANGE_16_235;
  return encoding;
}

std::uint8_t* component(const GstVideoFrame& frame, guint index) {
  return static_cast<std::uint8_t*>(GST_VIDEO_FRAME_COMP_DATA(&frame, index));
}

bool is_interlaced(const GstVideoFrame& frame) { return GST_VIDEO_FRAME_IS_INTERLACED(&frame) != FALSE; }

engine::ChromaPlanes chroma_of(const GstVideoFrame& frame) {
  const auto& info = frame.info;
  const auto site = info.chroma_site;
  using engine::ChromaSite;
  auto horizontal =
      is_set(site, GST_VIDEO_CHROMA_SITE_H_COSITED) ? ChromaSite::kCosited : ChromaSite::kCentred;
  auto vertical = is_set(site, GST_VIDEO_CHROMA_SITE_V_COSITED) ? ChromaSite::kNearest : ChromaSite::kCentred;
  if (GST_VIDEO_FRAME_FORMAT(&frame) == GST_VIDEO_FORMAT_I420 && !GST_VIDEO_INFO_IS_INTERLACED(&info)) {
    horizontal = vertical = ChromaSite::kNearest;
  }
  return {.u = component(frame, 1),
          .v = component(frame, 2),
          .u_stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, 1),
          .v_stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, 2),
          .step = GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, 1),
          .picture = {GST_VIDEO_FRAME_WIDTH(&frame), GST_VIDEO_FRAME_HEIGHT(&frame)},
          .horizontal = horizontal,
          .vertical = vertical,
          .interlaced = is_interlaced(frame),
          .encoding = encoding_of(info)};
}

std::ptrdiff_t rows_of(const GstVideoFrame& frame, guint plane) {
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame);
  return plane == 0 ? height : engine::chroma_rows(height, is_interlaced(frame));
}

// Component i is the first of plane i in all formats taken here.
std::ptrdiff_t row_bytes(const GstVideoFrame& frame, guint plane) {
  return static_cast<std::ptrdiff_t>(GST_VIDEO_FRAME_COMP_WIDTH(&frame, plane)) *
         GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, plane);
}

std::pair<guint, guint> size_of(const GstVideoInfo& info) {
  return {static_cast<guint>(info.width), static_cast<guint>(info.height)};
}

}  // namespace

engine::ImageView view_of(const GstVideoFrame& frame) {
  engine::ImageView view{.data = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
                         .width = GST_VIDEO_FRAME_WIDTH(&frame),
                         .height = GST_VIDEO_FRAME_HEIGHT(&frame),
                         .stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
                         .format = pixel_format(GST_VIDEO_FRAME_FORMAT(&frame))};
  if (view.format == engine::PixelFormat::kYuv420) view.chroma = chroma_of(frame);
  return view;
}

PaintTarget paint_target_of(const GstVideoFrame& frame) {
  PaintTarget target{.data = static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
                     .width = GST_VIDEO_FRAME_WIDTH(&frame),
                     .height = GST_VIDEO_FRAME_HEIGHT(&frame),
                     .stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
                     .format = pixel_format(GST_VIDEO_FRAME_FORMAT(&frame))};
  if (target.format == engine::PixelFormat::kYuv420) {
    target.chroma = {.u = component(frame, 1),
                     .v = component(frame, 2),
                     .u_stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, 1),
                     .v_stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, 2),
                     .step = GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, 1),
                     .interlaced = is_interlaced(frame),
                     .encoding = encoding_of(frame.info)};
  }
  return target;
}

void paint_into(const GstVideoFrame& frame, const std::function<void(const PaintTarget&)>& paint) {
  bool downwards = true;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); ++plane) {
    downwards = downwards && GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane) >= 0;
  }
  if (downwards) return paint(paint_target_of(frame));
  GstVideoInfo info;
  const auto [width, height] = size_of(frame.info);
  // As interlaced as the original, for rows of chroma come in pairs then.
  gst_video_info_set_interlaced_format(&info, GST_VIDEO_FRAME_FORMAT(&frame), frame.info.interlace_mode,
                                       width, height);
  info.colorimetry = frame.info.colorimetry;
  const BufferPtr memory(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  const MappedVideo mapped(info, memory.get(), GST_MAP_READWRITE);
  GstVideoFrame copy = mapped.frame(), original = frame;
  gst_video_frame_copy(&copy, &original);
  PaintTarget target = paint_target_of(copy);
  target.chroma.interlaced = is_interlaced(frame);  // Mixed video says it of each buffer
  paint(target);
  gst_video_frame_copy(&original, &copy);
}

// Not gst_video_frame_copy(), which leaves out the last row of chroma that an odd number of pairs of fields
// has.
void copy_picture(const GstVideoFrame& from, const GstVideoFrame& to) {
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&from); ++plane) {
    const auto* source = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&from, plane));
    auto* target = static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&to, plane));
    for (std::ptrdiff_t y = 0; y < rows_of(from, plane); ++y) {
      std::memcpy(target + y * GST_VIDEO_FRAME_PLANE_STRIDE(&to, plane),
                  source + y * GST_VIDEO_FRAME_PLANE_STRIDE(&from, plane),
                  static_cast<std::size_t>(row_bytes(from, plane)));
    }
  }
}

bool holds_picture(const GstVideoFrame& frame) {
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); ++plane) {
    const auto* first = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    const GstMapInfo& memory = frame.map[frame.meta != nullptr ? plane : 0];
    const auto last = (rows_of(frame, plane) - 1) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
    const auto begin = first - memory.data;
    if (std::min<std::ptrdiff_t>(begin, begin + last) < 0 ||
        std::max<std::ptrdiff_t>(begin, begin + last) + row_bytes(frame, plane) >
            static_cast<std::ptrdiff_t>(memory.size)) {
      return false;
    }
  }
  return true;
}

MappedVideo::MappedVideo(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags) {
  const auto said = size_of(info);
  if (const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
      meta != nullptr && (meta->width < said.first || meta->height < said.second)) {
    throw engine::Error("a buffer's GstVideoMeta says " + std::to_string(meta->width) + "x" +
                        std::to_string(meta->height) + ", its caps " + std::to_string(said.first) + "x" +
                        std::to_string(said.second) + "; check the element that made it");
  }
  // The caller holds the buffer already: no second reference, which would make it read-only.
  const auto no_reference =
      static_cast<GstMapFlags>(static_cast<int>(flags) | static_cast<int>(GST_VIDEO_FRAME_MAP_FLAG_NO_REF));
  const bool mapped = gst_video_frame_map(&frame_, &info, buffer, no_reference);
  if (mapped) {
    // A GstVideoMeta may speak of more than the caps do: padding, which is no part of the picture.
    frame_.info.width = info.width;
    frame_.info.height = info.height;
  }
  const bool whole = mapped && holds_picture(frame_);
  if (mapped && !whole) {
    const bool described = frame_.meta != nullptr;
    gst_video_frame_unmap(&frame_);
    if (described) {
      throw engine::Error(
          "a buffer's GstVideoMeta speaks of rows beyond its memory; check the element that made it");
    }
  }
  if (!whole) {
    throw engine::Error("a buffer of " + std::to_string(gst_buffer_get_size(buffer)) +
                        " bytes does not hold " + gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&info)) +
                        " video of " + std::to_string(info.width) + "x" + std::to_string(info.height) + " (" +
                        std::to_string(info.size) +
                        " bytes) that can be mapped; check the caps of its source");
  }
}

MappedVideo::~MappedVideo() { gst_video_frame_unmap(&frame_); }

}  // namespace rcnn::elements
