// SPDX-License-Identifier: MIT
#include "elements/detections_watch.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "elements/elements.hpp"
#include "elements/gst_support.hpp"
#include "elements/rcnn_meta.hpp"

namespace rcnn::elements {
namespace {

// Shared by the probes of one watch.
class Watch {
 public:
  Watch(GstElement* element, std::shared_ptr<std::atomic<bool>> over) : over_(std::move(over)) {
    g_weak_ref_init(&element_, element);
  }
  ~Watch() { g_weak_ref_clear(&element_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void report(GstPad* pad) {
    if (over_->exchange(true)) {
      return;
    }
    const ElementPtr element(static_cast<GstElement*>(g_weak_ref_get(&element_)));
    const ElementPtr culprit(gst_pad_get_parent_element(pad));
    if (element && culprit) {
      const TextPtr name(gst_object_get_name(GST_OBJECT(culprit.get())));
      post(element.get(), GST_MESSAGE_WARNING,
           {std::string(name.get()) +
                " drops the detections: buffers behind it carry no RcnnDetectionsMeta. Put it "
                "in front of the detector, or read the detections before it.",
            GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT});
    }
  }

 private:
  GWeakRef element_;
  const std::shared_ptr<std::atomic<bool>> over_;  // Reported, or ended.
};

// Encoders and muxers end what a meta can follow: only raw video is expected to carry it.
bool is_raw_video(GstPad* pad) {
  const CapsPtr caps(gst_pad_get_current_caps(pad));
  return caps && gst_caps_get_size(caps.get()) > 0 &&
         gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), "video/x-raw");
}

GstPadProbeReturn look(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (buffer != nullptr && is_raw_video(pad) &&
      gst_buffer_get_meta(buffer, detections_meta_api()) == nullptr) {
    (*static_cast<std::shared_ptr<Watch>*>(data))->report(pad);
  }
  return GST_PAD_PROBE_REMOVE;
}

// The pad of a real element at the other end of a link, through the ghost pads of bins.
PadPtr linked_pad(GstPad* source) {
  PadPtr pad(gst_pad_get_peer(source));
  while (pad && GST_IS_PROXY_PAD(pad.get())) {
    if (GST_IS_GHOST_PAD(pad.get())) {  // Into a bin.
      pad.reset(gst_ghost_pad_get_target(GST_GHOST_PAD(pad.get())));
    } else {  // Out of one.
      const PadPtr ghost(GST_PAD(gst_proxy_pad_get_internal(GST_PROXY_PAD(pad.get()))));
      pad.reset(ghost ? gst_pad_get_peer(ghost.get()) : nullptr);
    }
  }
  return pad;
}

std::vector<PadPtr> source_pads(GstElement* element) {
  std::vector<PadPtr> pads;
  gst_element_foreach_src_pad(
      element,
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        static_cast<std::vector<PadPtr>*>(data)->emplace_back(GST_PAD(gst_object_ref(pad)));
        return TRUE;
      },
      &pads);
  return pads;
}

}  // namespace

DetectionsWatch::DetectionsWatch(GstElement* element, GstPad* source) {
  const auto watch = std::make_shared<Watch>(element, over_);
  std::set<GstElement*> seen;  // Borrowed: only compared.
  std::vector<PadPtr> ahead;
  ahead.emplace_back(GST_PAD(gst_object_ref(source)));
  while (!ahead.empty()) {
    const PadPtr from = std::move(ahead.back());
    ahead.pop_back();
    const PadPtr sink = linked_pad(from.get());
    const ElementPtr next(sink ? gst_pad_get_parent_element(sink.get()) : nullptr);
    const bool crops = next && G_OBJECT_TYPE(next.get()) == gst_detection_crop_get_type();
    if (!next || crops || !seen.insert(next.get()).second) {  // Crops are objects, no frames with some.
      continue;
    }
    for (PadPtr& pad : source_pads(next.get())) {
      gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, look, new std::shared_ptr<Watch>(watch),
                        [](gpointer data) { delete static_cast<std::shared_ptr<Watch>*>(data); });
      ahead.push_back(std::move(pad));
    }
  }
}

DetectionsWatch::~DetectionsWatch() { *over_ = true; }

}  // namespace rcnn::elements
