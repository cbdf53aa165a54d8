// SPDX-License-Identifier: MIT
#include "elements/classifications_meta.hpp"

#include <algorithm>
#include <span>

namespace rcnn::elements {
namespace {

const GstMetaInfo* meta_info();

RcnnClassificationsMeta* meta_of(GstMeta* meta) { return reinterpret_cast<RcnnClassificationsMeta*>(meta); }

void append(GstBuffer* buffer, std::span<const RcnnClassification> classifications) {
  auto* meta = meta_of(gst_buffer_get_meta(buffer, classifications_meta_api()));
  if (meta == nullptr) meta = meta_of(gst_buffer_add_meta(buffer, meta_info(), nullptr));
  const guint before = meta->count;
  meta->count += static_cast<guint>(classifications.size());
  meta->classifications = g_renew(RcnnClassification, meta->classifications, meta->count);
  std::copy(classifications.begin(), classifications.end(), meta->classifications + before);
}

gboolean init_meta(GstMeta* meta, gpointer, GstBuffer*) {
  meta_of(meta)->count = 0;
  meta_of(meta)->classifications = nullptr;
  return TRUE;
}

void free_meta(GstMeta* meta, GstBuffer*) { g_free(meta_of(meta)->classifications); }

// Where the detections' meta is lost, the objects' numbers would mean nothing.
gboolean transform_meta(GstBuffer* copy, GstMeta* meta, GstBuffer*, GQuark type, gpointer) {
  if (!GST_META_TRANSFORM_IS_COPY(type) && !GST_VIDEO_META_TRANSFORM_IS_SCALE(type)) return FALSE;
  append(copy, {meta_of(meta)->classifications, meta_of(meta)->count});
  return TRUE;
}

const GstMetaInfo* meta_info() {
  static const GstMetaInfo* const info =
      gst_meta_register(classifications_meta_api(), "RcnnClassificationsMeta",
                        sizeof(RcnnClassificationsMeta), init_meta, free_meta, transform_meta);
  return info;
}

}  // namespace

GType classifications_meta_api() {
  static const GType type = [] {
    static const gchar* tags[] = {GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR, nullptr};
    return gst_meta_api_type_register(RCNN_CLASSIFICATIONS_META_API_NAME, tags);
  }();
  return type;
}

void attach_classification(GstBuffer* buffer, const RcnnClassification& classification) {
  append(buffer, {&classification, 1});
}

void describe_classification(GstVideoRegionOfInterestMeta& region, const RcnnClassification& classification) {
  GstStructure* fields =
      gst_structure_new("classification", "label", G_TYPE_STRING, g_quark_to_string(classification.label),
                        "label_id", G_TYPE_INT, classification.class_id, "confidence", G_TYPE_DOUBLE,
                        static_cast<double>(classification.score), nullptr);
  gst_video_region_of_interest_meta_add_param(&region, fields);
}

}  // namespace rcnn::elements
