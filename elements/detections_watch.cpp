// SPDX-License-Identifier: MIT
#include "elements/detections_watch.hpp"

#include <set>
#include <string>
#include <string_view>
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

// Where an element hands on what comes in at this pad. Of several streams in one element (multiqueue) each
// has its own.
std::vector<PadPtr> source_pads(GstPad* sink) {
  std::vector<PadPtr> pads;
  GstIterator* links = gst_pad_iterate_internal_links(sink);
  if (links == nullptr) return pads;
  const auto add = [](const GValue* pad, gpointer data) {
    static_cast<std::vector<PadPtr>*>(data)->emplace_back(GST_PAD(g_value_dup_object(pad)));
  };
  while (gst_iterator_foreach(links, add, &pads) == GST_ITERATOR_RESYNC) {
    pads.clear();
    gst_iterator_resync(links);
  }
  gst_iterator_free(links);
  return pads;
}

bool has_presence(GstPad* pad, GstPadPresence presence) {
  GstPadTemplate* model = gst_pad_get_pad_template(pad);
  const bool has = model != nullptr && GST_PAD_TEMPLATE_PRESENCE(model) == presence;
  gst_clear_object(&model);
  return has;
}

// Whether other streams leave at this source pad, too, as they came (funnel, input-selector, concat): nobody
// looked at those. What makes a picture of several (compositor) says so in its class.
bool merges(GstElement* element, GstPad* sink, GstPad* source) {
  const gchar* klass =
      gst_element_class_get_metadata(GST_ELEMENT_GET_CLASS(element), GST_ELEMENT_METADATA_KLASS);
  return has_presence(sink, GST_PAD_REQUEST) && has_presence(source, GST_PAD_ALWAYS) &&
         std::string_view(klass == nullptr ? "" : klass).find("Compositor") == std::string_view::npos;
}

}  // namespace

DetectionsWatch::DetectionsWatch(GstElement* element, GstPad* source) {
  const auto watch = std::make_shared<Watch>(element, over_);
  std::set<GstPad*> seen;  // Borrowed: only compared.
  std::vector<PadPtr> ahead;
  ahead.emplace_back(GST_PAD(gst_object_ref(source)));
  while (!ahead.empty()) {
    const PadPtr from = std::move(ahead.back());
    ahead.pop_back();
    const PadPtr sink = linked_pad(from.get());
    const ElementPtr next(sink ? gst_pad_get_parent_element(sink.get()) : nullptr);
    const bool crops = next && G_OBJECT_TYPE(next.get()) == gst_detection_crop_get_type();
    if (!next || crops) {  // Crops are objects, no frames with some.
      continue;
    }
    for (PadPtr& pad : source_pads(sink.get())) {
      if (merges(next.get(), sink.get(), pad.get()) || !seen.insert(pad.get()).second) continue;
      gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, look, new std::shared_ptr<Watch>(watch),
                        [](gpointer data) { delete static_cast<std::shared_ptr<Watch>*>(data); });
      ahead.push_back(std::move(pad));
    }
  }
}

DetectionsWatch::~DetectionsWatch() { *over_ = true; }

}  // namespace rcnn::elements
