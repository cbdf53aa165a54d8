// SPDX-License-Identifier: MIT
#include "elements/output_layout.hpp"

#include <gst/video/gstvideometa.h>

#include <utility>

#include "elements/video_frame.hpp"

namespace rcnn::elements {
namespace {

bool has_layout_of(const GstVideoMeta& meta, const GstVideoInfo& info) {
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
    if (meta.stride[plane] != info.stride[plane] || meta.offset[plane] != info.offset[plane]) return false;
  }
  return true;
}

BufferPtr packed(GstBuffer* buffer, const GstVideoInfo& info) {
  BufferPtr made(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  {
    const MappedVideo from(info, buffer, GST_MAP_READ);
    const MappedVideo to(info, made.get(), GST_MAP_WRITE);
    copy_picture(from.frame(), to.frame());
  }
  // Without metas that speak of the memory, of which deep copies leave out those that keep it, too.
  gst_buffer_copy_into(made.get(), buffer,
                       static_cast<GstBufferCopyFlags>(static_cast<int>(GST_BUFFER_COPY_METADATA) |
                                                       static_cast<int>(GST_BUFFER_COPY_DEEP)),
                       0, static_cast<gsize>(-1));
  return made;
}

}  // namespace

QueryPtr allocation_offered(GstPad* source, GstCaps* caps) {
  QueryPtr query(gst_query_new_allocation(caps, FALSE));
  if (!gst_pad_peer_query(source, query.get())) query.reset();
  return query;
}

bool OutputLayout::knows_caps() {
  CapsPtr caps(gst_pad_get_current_caps(source_));
  if (caps == caps_) return caps != nullptr;
  caps_ = std::move(caps);
  asked_ = false;
  if (caps_ && !gst_video_info_from_caps(&info_, caps_.get())) caps_.reset();
  return caps_ != nullptr;
}

bool OutputLayout::reads_meta() {
  if (!asked_.exchange(true)) {
    const QueryPtr offer = allocation_offered(source_, caps_.get());
    reads_meta_ =
        offer && gst_query_find_allocation_meta(offer.get(), GST_VIDEO_META_API_TYPE, nullptr) != FALSE;
  }
  return reads_meta_;
}

BufferPtr OutputLayout::fit(BufferPtr buffer) {
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer.get());
  if (meta == nullptr || !knows_caps()) return buffer;
  const bool plain = has_layout_of(*meta, info_);
  if (plain && gst_buffer_get_size(buffer.get()) <= info_.size) return buffer;
  if (reads_meta()) return buffer;
  if (plain) {  // Rows below the picture
    buffer = writable(std::move(buffer));
    gst_buffer_set_size(buffer.get(), static_cast<gssize>(info_.size));
    return buffer;
  }
  BufferPtr copy;
  error_of([&] { copy = packed(buffer.get(), info_); });  // The stages have said so where they need pixels
  return copy ? std::move(copy) : std::move(buffer);
}

}  // namespace rcnn::elements
