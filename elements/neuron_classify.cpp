// SPDX-License-Identifier: MIT
// neuron-classify: names what a frame, or each object that a detector found in it, shows.
#include <gst/video/gstvideofilter.h>

#include <mutex>
#include <optional>

#include "elements/element_class.hpp"
#include "elements/elements.hpp"
#include "elements/failed_frames.hpp"
#include "elements/gst_support.hpp"
#include "elements/latency_meter.hpp"
#include "elements/region_classifier.hpp"
#include "elements/stage_caps.hpp"
#include "elements/stage_properties.hpp"
#include "elements/stage_queries.hpp"
#include "elements/stage_stats.hpp"
#include "elements/video_frame.hpp"
#include "pipeline/graph_statistics.hpp"

using rcnn::elements::ClassifyRegions;
using rcnn::elements::ClassifySettings;
using rcnn::elements::guarded;
using rcnn::elements::guarded_void;
using rcnn::elements::OnError;
using rcnn::elements::RegionClassifier;
using rcnn::elements::StageStats;
using rcnn::elements::text_of;

namespace {

struct State {
  explicit State(GstElement* element) : failures(element, "classifications") {}

  std::mutex mutex;  // Guards the members up to the blank line.
  rcnn::pipeline::SessionOptions options;
  ClassifySettings settings;
  OnError on_error = rcnn::elements::StageSettings().on_error;
  StageStats stats;                                      // `graph` stands in `times`.
  std::optional<rcnn::pipeline::GraphStatistics> times;  // Of the frames; since it was started

  std::unique_ptr<RegionClassifier> classifier;  // Streaming thread; made and dropped while there is none.
  // Streaming thread
  guint64 frames = 0;
  guint64 without = 0;  // Of them, with regions=objects, those that no detector has seen
  rcnn::elements::FailedFrames failures;
  rcnn::elements::LatencyMeter latency;  // Reported on any thread
};

enum Property : guint {
  kNone,
  kModel,
  kCores,
  kRegions,
  kTop,
  kThreshold,
  kOverlay,
  kDispatch,
  kPriority,
  kDeterministic,
  kOnError,
  kStats
};

GType regions_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(ClassifyRegions::kAuto), "Objects where a detector came before, else the frame",
         "auto"},
        {static_cast<gint>(ClassifyRegions::kFrame), "The whole frame", "frame"},
        {static_cast<gint>(ClassifyRegions::kObjects), "Each object that a detector attached", "objects"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNeuronClassifyRegions", values);
  }();
  return type;
}

}  // namespace

struct GstNeuronClassify {
  GstVideoFilter parent;
  State* state;  // Owned. GObject makes instances without constructors.
};
struct GstNeuronClassifyClass {
  GstVideoFilterClass parent_class;
};

G_DEFINE_TYPE(GstNeuronClassify, gst_neuron_classify, GST_TYPE_VIDEO_FILTER)

namespace {

State& state_of(gpointer object) { return *static_cast<GstNeuronClassify*>(object)->state; }

// Under the state's mutex.
StageStats stats_of(const State& state) {
  auto stats = state.stats;
  if (state.times) stats.graph = state.times->snapshot();
  stats.graph.inside = static_cast<int>(stats.in - stats.out - stats.dropped_error);
  return stats;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  auto& state = state_of(object);
  const std::lock_guard lock(state.mutex);
  switch (id) {
    case kModel:
      state.options.model = text_of(value);
      break;
    case kCores:
      state.options.cores = text_of(value);
      break;
    case kRegions:
      state.settings.regions = static_cast<ClassifyRegions>(g_value_get_enum(value));
      break;
    case kTop:
      state.settings.top = g_value_get_int(value);
      break;
    case kThreshold:
      state.settings.threshold = g_value_get_double(value);
      break;
    case kOverlay:
      state.settings.overlay = g_value_get_boolean(value) != FALSE;
      break;
    case kDispatch:
      state.settings.dispatch = static_cast<rcnn::engine::DispatchPolicy>(g_value_get_enum(value));
      break;
    case kPriority:
      state.settings.priority = g_value_get_int(value);
      break;
    case kDeterministic:
      state.options.deterministic = g_value_get_boolean(value) != FALSE;
      break;
    case kOnError:
      state.on_error = static_cast<OnError>(g_value_get_enum(value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  auto& state = state_of(object);
  const std::lock_guard lock(state.mutex);
  switch (id) {
    case kModel:
      g_value_set_string(value, state.options.model.c_str());
      break;
    case kCores:
      g_value_set_string(value, state.options.cores.c_str());
      break;
    case kRegions:
      g_value_set_enum(value, static_cast<gint>(state.settings.regions));
      break;
    case kTop:
      g_value_set_int(value, state.settings.top);
      break;
    case kThreshold:
      g_value_set_double(value, state.settings.threshold);
      break;
    case kOverlay:
      g_value_set_boolean(value, state.settings.overlay ? TRUE : FALSE);
      break;
    case kDispatch:
      g_value_set_enum(value, static_cast<gint>(state.settings.dispatch));
      break;
    case kPriority:
      g_value_set_int(value, state.settings.priority);
      break;
    case kDeterministic:
      g_value_set_boolean(value, state.options.deterministic);
      break;
    case kOnError:
      g_value_set_enum(value, static_cast<gint>(state.on_error));
      break;
    case kStats:
      g_value_take_boxed(value, rcnn::elements::structure_of(stats_of(state)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  delete static_cast<GstNeuronClassify*>(static_cast<gpointer>(object))->state;
  G_OBJECT_CLASS(gst_neuron_classify_parent_class)->finalize(object);
}

gboolean start(GstBaseTransform* transform) {
  return guarded(transform, FALSE, [&] {
    auto& state = state_of(transform);
    rcnn::pipeline::SessionOptions options;
    {
      const std::lock_guard lock(state.mutex);
      options = state.options;
    }
    if (options.model.empty()) {
      throw rcnn::engine::SettingError(
          "No model is set. Set the property model=FILE.rcnn; such a file is made with: "
          "neuron-rcnn compile --arch resnet50 --weights WEIGHTS -o FILE.rcnn");
    }
    state.classifier = std::make_unique<RegionClassifier>(options);
    state.frames = state.without = 0;
    state.failures.reset();
    {
      const std::lock_guard lock(state.mutex);
      state.stats = {};
      state.times.emplace();
    }
    state.latency.reset(static_cast<GstClockTime>(state.classifier->time_of_one().count()));
    return TRUE;
  });
}

gboolean stop(GstBaseTransform* transform) {
  guarded_void(transform, [&] { state_of(transform).classifier.reset(); });
  return TRUE;
}

// As the stages of a detector do.
void measure(GstBaseTransform* transform, GstClockTime began) {
  auto& state = state_of(transform);
  const auto now = gst_util_get_timestamp();
  state.times->left_reorder(std::chrono::nanoseconds(now - began));
  if (!state.latency.due(now)) return;
  if (state.latency.observe(state.times->snapshot().latency_p95_ns, state.frames, now)) {
    gst_element_post_message(GST_ELEMENT(transform), gst_message_new_latency(GST_OBJECT(transform)));
  }
}

void classify(GstBaseTransform* transform, GstBuffer* buffer, const ClassifySettings& settings) {
  auto& state = state_of(transform);
  const auto began = gst_util_get_timestamp();
  const auto& info = GST_VIDEO_FILTER(transform)->in_info;
  const rcnn::elements::MappedVideo video(info, buffer, GST_MAP_READWRITE);
  const bool searched = state.classifier->run(video.frame(), settings);
  ++state.frames;
  if (settings.regions == ClassifyRegions::kObjects && !searched) ++state.without;
  measure(transform, began);
}

// What becomes of a frame on which classify() failed.
GstFlowReturn after(const std::exception_ptr& error, OnError policy, GstBaseTransform* transform,
                    const GstBuffer* buffer) {
  switch (state_of(transform).failures.report(error, policy)) {
    case OnError::kPass:
      return GST_FLOW_OK;
    case OnError::kDrop:
      rcnn::elements::push_gap(transform->srcpad, buffer);
      return GST_BASE_TRANSFORM_FLOW_DROPPED;  // The next buffer is DISCONT.
    case OnError::kStop:
      break;
  }
  return GST_FLOW_ERROR;
}

// In place of the parent's, which maps the buffer itself and only warns of one that is too small.
GstFlowReturn transform_ip(GstBaseTransform* transform, GstBuffer* buffer) {
  return guarded(transform, GST_FLOW_ERROR, [&] {
    auto& state = state_of(transform);
    std::unique_lock lock(state.mutex);
    const auto settings = state.settings;
    const auto policy = state.on_error;
    ++state.stats.in;
    lock.unlock();
    const auto error = rcnn::elements::error_of([&] { classify(transform, buffer, settings); });
    const auto flow = error ? after(error, policy, transform, buffer) : GST_FLOW_OK;
    lock.lock();
    if (error) ++state.stats.failed;
    ++(flow == GST_FLOW_OK ? state.stats.out : state.stats.dropped_error);
    return flow;
  });
}

gboolean sink_event(GstBaseTransform* transform, GstEvent* event) {
  const auto& state = state_of(transform);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && state.frames > 0 && state.without == state.frames) {
    GST_ELEMENT_WARNING(
        transform, STREAM, FORMAT,
        ("No frame carried objects to classify. With regions=objects put neuron-classify after "
         "neuronrcnn or another detector, before elements that drop metas (videoflip, videocrop, "
         "compositor), or set regions=frame"),
        (nullptr));
  }
  return GST_BASE_TRANSFORM_CLASS(gst_neuron_classify_parent_class)->sink_event(transform, event);
}

// It holds the frame that it classifies, for as long as that takes, and no other.
gboolean query(GstBaseTransform* transform, GstPadDirection direction, GstQuery* query) {
  if (direction == GST_PAD_SRC && GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    return rcnn::elements::answer_latency(transform->sinkpad, state_of(transform).latency.reported(), 0,
                                          query);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_neuron_classify_parent_class)->query(transform, direction, query);
}

void install_properties(GObjectClass* klass) {
  const ClassifySettings defaults;
  const auto flags = [](GParamFlags more) {
    return static_cast<GParamFlags>(static_cast<int>(G_PARAM_READWRITE) |
                                    static_cast<int>(G_PARAM_STATIC_STRINGS) | static_cast<int>(more));
  };
  const auto ready = flags(static_cast<GParamFlags>(GST_PARAM_MUTABLE_READY));
  const auto playing = flags(static_cast<GParamFlags>(GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property(
      klass, kModel,
      g_param_spec_string(
          "model", "Model",
          "Path of the compiled classifier (*.rcnn, made by neuron-rcnn compile --arch). Needed", nullptr,
          ready));
  g_object_class_install_property(
      klass, kCores,
      g_param_spec_string(
          "cores", "Cores",
          "NeuronCores to run on: \"0-1\", \"0,2\", \"1\"; \"auto\" or empty = all of this process", "",
          ready));
  g_object_class_install_property(
      klass, kRegions,
      g_param_spec_enum("regions", "Regions", "What of a frame is classified", regions_type(),
                        static_cast<gint>(defaults.regions), playing));
  g_object_class_install_property(klass, kTop,
                                  g_param_spec_int("top", "Top", "Classes attached to a region, best first",
                                                   1, 100, defaults.top, playing));
  g_object_class_install_property(
      klass, kThreshold,
      g_param_spec_double("threshold", "Threshold", "Classes with a score below are left out", 0, 1,
                          defaults.threshold, playing));
  g_object_class_install_property(
      klass, kOverlay,
      g_param_spec_boolean("overlay", "Overlay", "Draw the best class of each region into the frame",
                           defaults.overlay, playing));
  g_object_class_install_property(klass, kDispatch, rcnn::elements::dispatch_spec());
  g_object_class_install_property(klass, kPriority, rcnn::elements::priority_spec());
  g_object_class_install_property(klass, kDeterministic, rcnn::elements::deterministic_spec());
  g_object_class_install_property(klass, kOnError, rcnn::elements::on_error_spec());
  g_object_class_install_property(
      klass, kStats,
      g_param_spec_boxed("stats", "Statistics",
                         "Counts of buffers, latency in ns: see elements/stage_stats.hpp", GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(static_cast<int>(G_PARAM_READABLE) |
                                                  static_cast<int>(G_PARAM_STATIC_STRINGS))));
}

}  // namespace

static void gst_neuron_classify_init(GstNeuronClassify* self) {
  self->state = new State(GST_ELEMENT(self));
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);  // No frame is lost unless asked for
}

static void gst_neuron_classify_class_init(GstNeuronClassifyClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);
  const auto caps = rcnn::elements::video_caps(nullptr);
  rcnn::elements::describe_element(GST_ELEMENT_CLASS(klass),
                                   {"Image classifier", "Filter/Analyzer/Video",
                                    "Names what a frame, or each object in it, shows, on NeuronCores"},
                                   caps.get(), caps.get());
  GST_BASE_TRANSFORM_CLASS(klass)->start = start;
  GST_BASE_TRANSFORM_CLASS(klass)->stop = stop;
  GST_BASE_TRANSFORM_CLASS(klass)->transform_ip = transform_ip;
  GST_BASE_TRANSFORM_CLASS(klass)->sink_event = sink_event;
  GST_BASE_TRANSFORM_CLASS(klass)->query = query;
}
