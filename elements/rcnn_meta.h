/* SPDX-License-Identifier: MIT */
#ifndef RCNN_META_H
#define RCNN_META_H

/*
 * RcnnDetectionsMeta: what postprocess-overlay and neuronrcnn found in a video frame.
 * RcnnClassificationsMeta: what neuron-classify called the objects, or the frame.
 *
 * For programs in C and C++. This header needs nothing but GStreamer: no library to link against, since the types
 * are looked up by name once the plugin is loaded.
 *
 *   const RcnnDetectionsMeta *meta = rcnn_buffer_get_detections_meta (buffer);
 *   for (guint i = 0; meta && i < meta->count; ++i)
 *     g_print ("%s %.3f\n", g_quark_to_string (meta->detections[i].label), meta->detections[i].score);
 *
 * A frame in which nothing was found carries the meta with a count of 0; a frame that failed carries none. Of two
 * detectors in a chain, the second one's objects lie behind the first's.
 * In a model with masks each object has the pixels that it covers, as COCO's run lengths; rcnn_detection_unpack_mask()
 * makes bytes of them. In a model with keypoints each has those, scaled and copied with the boxes.
 *
 * Both pass videoconvert, videorate, queue, tee and encoders unchanged. videoscale scales the boxes and keeps
 * the scores; a mask's pixel is then what the old mask has at its centre. videoscale's borders (add-borders=true, the
 * default) are reckoned in. With add-borders=false and another aspect ratio the boxes come out as if there were
 * borders, since an element cannot tell a meta about that setting. videoflip, videocrop and videobox drop
 * both. The same objects and classes travel as GstVideoRegionOfInterestMeta, of which elements that convert or scale
 * keep no more than the boxes.
 *
 * Thread safety: the functions are reentrant. Several threads may read a buffer's metas; who changes them needs a
 * writable buffer.
 */

#include <gst/gst.h>

G_BEGIN_DECLS

#define RCNN_DETECTIONS_META_API_NAME "RcnnDetectionsMetaAPI"
#define RCNN_CLASSIFICATIONS_META_API_NAME "RcnnClassificationsMetaAPI"

typedef struct _RcnnKeypoint RcnnKeypoint;
typedef struct _RcnnDetection RcnnDetection;
typedef struct _RcnnDetectionsMeta RcnnDetectionsMeta;
typedef struct _RcnnClassification RcnnClassification;
typedef struct _RcnnClassificationsMeta RcnnClassificationsMeta;

/**
 * RcnnKeypoint:
 * @x: pixels from the left of the frame; may lie outside of it
 * @y: pixels from the top
 * @score: 0 and more; drawn from 0.05 on
 */
struct _RcnnKeypoint {
  gfloat x;
  gfloat y;
  gfloat score;
};

/**
 * RcnnDetection:
 * @x0: left edge, pixels from the left of the frame
 * @y0: upper edge, pixels from the top of the frame
 * @x1: right edge, exclusive (width = x1 - x0)
 * @y1: lower edge, exclusive
 * @score: probability, 0..1
 * @class_id: contiguous class index of the model, from 0
 * @label: class name; print with g_quark_to_string()
 * @mask_run_count: number of runs; 0 in models without masks
 * @mask_runs: pixels outside, inside, outside, ... the object, down the columns of the frame from its top left (COCO's
 *   uncompressed run lengths); their sum is width * height of the meta. Owned by the meta
 * @keypoint_count: number of keypoints; 0 in models without keypoints
 * @keypoints: in the order of the model's training data (COCO: nose, eyes, ears, ... ankles). Owned by the meta
 */
struct _RcnnDetection {
  gfloat x0;
  gfloat y0;
  gfloat x1;
  gfloat y1;
  gfloat score;
  gint class_id;
  GQuark label;
  guint mask_run_count;
  guint32 *mask_runs;
  guint keypoint_count;
  RcnnKeypoint *keypoints;
};

/**
 * RcnnDetectionsMeta:
 * @width: width of the frame that the boxes are in, pixels
 * @height: its height
 * @count: number of detections
 * @detections: best score first; owned by the meta
 */
struct _RcnnDetectionsMeta {
  GstMeta meta;
  guint width;
  guint height;
  guint count;
  RcnnDetection *detections;
};

/**
 * RcnnClassification:
 * @object: index of the object in the buffer's RcnnDetectionsMeta; -1 for the frame as a whole
 * @class_id: contiguous class index of the classifier, from 0
 * @label: class name; print with g_quark_to_string()
 * @score: probability, 0..1
 */
struct _RcnnClassification {
  gint object;
  gint class_id;
  GQuark label;
  gfloat score;
};

/**
 * RcnnClassificationsMeta:
 * @count: number of classifications
 * @classifications: an object's, or the frame's, best score first; those of a second classifier behind the first's.
 *   Owned by the meta
 */
struct _RcnnClassificationsMeta {
  GstMeta meta;
  guint count;
  RcnnClassification *classifications;
};

/** The buffer's detections, or NULL where it carries none. Borrowed: valid as long as the buffer is. */
static inline RcnnDetectionsMeta *
rcnn_buffer_get_detections_meta (GstBuffer *buffer)
{
  const GType api = g_type_from_name (RCNN_DETECTIONS_META_API_NAME);

  return api == 0 ? NULL : (RcnnDetectionsMeta *) (void *) gst_buffer_get_meta (buffer, api);
}

/** The buffer's classifications, or NULL where it carries none. Borrowed, too. */
static inline RcnnClassificationsMeta *
rcnn_buffer_get_classifications_meta (GstBuffer *buffer)
{
  const GType api = g_type_from_name (RCNN_CLASSIFICATIONS_META_API_NAME);

  return api == 0 ? NULL : (RcnnClassificationsMeta *) (void *) gst_buffer_get_meta (buffer, api);
}

/**
 * rcnn_detection_unpack_mask:
 * @meta: the meta that @detection is of
 * @pixels: (out): meta->width * meta->height bytes, 255 where the object is and 0 elsewhere
 * @stride: bytes from row to row, at least meta->width
 *
 * Returns: FALSE, with nothing written, where the object has no mask.
 */
static inline gboolean
rcnn_detection_unpack_mask (const RcnnDetectionsMeta *meta, const RcnnDetection *detection, guint8 *pixels,
    gsize stride)
{
  gsize at = 0;

  for (guint run = 0; run < detection->mask_run_count; ++run) {
    for (guint32 i = 0; i < detection->mask_runs[run]; ++i, ++at)
      pixels[at % meta->height * stride + at / meta->height] = run % 2 == 1 ? 255 : 0;
  }
  return detection->mask_run_count > 0;
}

G_END_DECLS

#endif /* RCNN_META_H */
