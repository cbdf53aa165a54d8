// SPDX-License-Identifier: MIT
#include "elements/stage_properties.hpp"

#include "elements/element_class.hpp"

namespace rcnn::elements {
namespace {

constexpr auto kFlags =
    static_cast<GParamFlags>(static_cast<int>(G_PARAM_READWRITE) | static_cast<int>(G_PARAM_STATIC_STRINGS));
constexpr auto kReadable =
    static_cast<GParamFlags>(static_cast<int>(G_PARAM_READABLE) | static_cast<int>(G_PARAM_STATIC_STRINGS));
constexpr auto kReady =
    static_cast<GParamFlags>(static_cast<int>(kFlags) | static_cast<int>(GST_PARAM_MUTABLE_READY));
constexpr auto kPlaying =
    static_cast<GParamFlags>(static_cast<int>(kFlags) | static_cast<int>(GST_PARAM_MUTABLE_PLAYING));

void install(GObjectClass* object_class, PropertyId id, GParamSpec* spec) {
  g_object_class_install_property(object_class, static_cast<guint>(id), spec);
}

void install_model_properties(GObjectClass* object_class) {
  const StageSettings defaults;
  install(object_class, PropertyId::kModel,
          g_param_spec_string(
              "model", "Model",
              "Path of the compiled model (*.rcnn, made by neuron-rcnn compile), loaded when the element "
              "goes from READY to PAUSED. Unset: the default model (RCNN_DEFAULT_MODEL names another). Set "
              "later, it is loaded beside the one that plays and "
              "takes over between two frames (signal model-updated)",
              nullptr, kPlaying));
  install(object_class, PropertyId::kCores,
          g_param_spec_string(
              "cores", "Cores",
              "NeuronCores to run on: \"0-1\", \"0,2\", \"1\"; \"auto\" or empty = all of this process "
              "(NEURON_RT_VISIBLE_CORES, NEURON_RT_NUM_CORES)",
              "", kReady));
  install(object_class, PropertyId::kPlacement,
          g_param_spec_enum("placement", "Placement",
                            "How the model's programs are put on the cores; results are the same",
                            placement_type(), static_cast<gint>(defaults.placement), kReady));
  install(object_class, PropertyId::kMaxInFlight,
          g_param_spec_int(
              "max-in-flight", "Max in flight",
              "Frames between this element's sink pad and the last stage's push, at most; bounds memory "
              "and latency. The number of cores plus 1 keeps them about as busy as more do",
              1, 64, defaults.max_in_flight, kReady));
  install(object_class, PropertyId::kDeterministic, deterministic_spec());
}

void install_dispatch_properties(GObjectClass* object_class) {
  const StageSettings defaults;
  install(object_class, PropertyId::kDispatch, dispatch_spec());
  install(object_class, PropertyId::kPriority, priority_spec());
  install(
      object_class, PropertyId::kBatchSize,
      g_param_spec_int("batch-size", "Batch size",
                       "Frames, of any streams with the same model and cores, that run one after the other "
                       "on a core without others between them; a batch is not kept waiting for more frames "
                       "than have entered. 1 = none",
                       1, 64, defaults.batch_size, kPlaying));
  install(object_class, PropertyId::kBatchTimeout,
          g_param_spec_uint64("batch-timeout", "Batch timeout",
                              "What a frame waits for others of its batch at most, at each program, ns", 0,
                              10 * GST_SECOND, defaults.batch_timeout, kPlaying));
}

void install_drop_properties(GObjectClass* object_class) {
  const StageSettings defaults;
  install(
      object_class, PropertyId::kDropPolicy,
      g_param_spec_enum("drop-policy", "Drop policy",
                        "What becomes of a frame that finds max-in-flight frames inside, or comes too late. "
                        "Each drop posts a QoS message, and the next buffer is DISCONT",
                        drop_policy_type(), static_cast<gint>(defaults.drop_policy), kPlaying));
  install(object_class, PropertyId::kDeadline,
          g_param_spec_uint64("deadline", "Deadline",
                              "With drop-policy=late: how long after its running time (of a live source: "
                              "and the latency of all that is before) a frame may still enter, ns",
                              0, G_MAXINT64, defaults.deadline, kPlaying));
  install(object_class, PropertyId::kInferenceInterval,
          g_param_spec_int("inference-interval", "Inference interval",
                           "Every n-th frame is inferred, counted from the last caps or flush on; those "
                           "between carry the detections of the last one that was",
                           1, G_MAXINT, defaults.inference_interval, kPlaying));
}

void install_qos_property(GObjectClass* object_class) {
  install(object_class, PropertyId::kQos,
          g_param_spec_boolean("qos", "QoS",
                               "Skip frames that would come late, as QoS events from downstream say",
                               StageSettings().qos, kPlaying));
}

void install_result_properties(GObjectClass* object_class) {
  const StageSettings defaults;
  install(object_class, PropertyId::kScoreThreshold,
          g_param_spec_double("score-threshold", "Score threshold",
                              "Detections with a score above this are kept, 0..1; below 0 = the model's own "
                              "(Detectron2: SCORE_THRESH_TEST, 0.05). Takes effect with the next frame",
                              -1, 1, defaults.score_threshold, kPlaying));
  install(object_class, PropertyId::kOverlay,
          g_param_spec_boolean("overlay", "Overlay",
                               "Draw boxes, labels, masks and keypoints into the frame. Detections are "
                               "attached as metas either way",
                               defaults.overlay, kPlaying));
}

}  // namespace

GParamSpec* deterministic_spec() {
  return g_param_spec_boolean(
      "deterministic", "Deterministic",
      "Run every convolution as it is defined instead of by the method that measurements on this "
      "processor found quickest: the same bits in every process, at half the speed or so",
      StageSettings().deterministic, kReady);
}

GParamSpec* dispatch_spec() {
  return g_param_spec_enum("dispatch", "Dispatch", "Whose turn it is on a core that several streams share",
                           dispatch_type(), static_cast<gint>(StageSettings().dispatch), kPlaying);
}

GParamSpec* priority_spec() {
  return g_param_spec_int("priority", "Priority",
                          "With dispatch=priority: this stream goes before those of lower priority, however "
                          "long they wait. Streams of other policies have 0",
                          -1000, 1000, StageSettings().priority, kPlaying);
}

GParamSpec* on_error_spec() {
  return g_param_spec_enum("on-error", "On error", "What to do with a frame on which this element failed",
                           on_error_type(), static_cast<gint>(StageSettings().on_error), kPlaying);
}

GType placement_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(engine::Placement::kReplicate),
         "Every program on every core; a frame goes to the first that is free", "replicate"},
        {static_cast<gint>(engine::Placement::kSplit),
         "Programs dealt out over the cores: less memory per core", "split"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNeuronrcnnPlacement", values);
  }();
  return type;
}

GType drop_policy_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(DropPolicy::kNone), "It waits, and upstream with it", "none"},
        {static_cast<gint>(DropPolicy::kNewest), "It is dropped", "newest"},
        {static_cast<gint>(DropPolicy::kOldest), "It waits until a newer one takes its place", "oldest"},
        {static_cast<gint>(DropPolicy::kLate), "It waits; past the deadline it is dropped", "late"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNeuronrcnnDropPolicy", values);
  }();
  return type;
}

GType dispatch_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(engine::DispatchPolicy::kFifo), "Frames run as they come", "fifo"},
        {static_cast<gint>(engine::DispatchPolicy::kRoundRobin),
         "Streams take turns, however many frames each has waiting", "round-robin"},
        {static_cast<gint>(engine::DispatchPolicy::kPriority),
         "Streams of higher priority go first, others as they come", "priority"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNeuronrcnnDispatch", values);
  }();
  return type;
}

GType on_error_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(OnError::kStop), "Post an error and stop the stream", "stop"},
        {static_cast<gint>(OnError::kPass), "Post a warning; the frame goes on without results", "pass"},
        {static_cast<gint>(OnError::kDrop),
         "Post a warning; the frame is left out, and the next buffer is DISCONT", "drop"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstNeuronrcnnOnError", values);
  }();
  return type;
}

void install_properties(GObjectClass* object_class, StageSpan stages) {
  if (stages.enters()) {
    install_model_properties(object_class);
    install_dispatch_properties(object_class);
    install_drop_properties(object_class);
    install_qos_property(object_class);
  }
  if (stages.leaves()) {
    install_result_properties(object_class);
  }
  install(object_class, PropertyId::kOnError, on_error_spec());
  install(
      object_class, PropertyId::kStats,
      g_param_spec_boxed("stats", "Statistics",
                         "Counts of buffers, latency in ns and, with the first stage, drops, slots taken and "
                         "the cores: see elements/stage_stats.hpp",
                         GST_TYPE_STRUCTURE, kReadable));
}

void store_property(StageSettings& settings, PropertyId id, const GValue* value) {
  switch (id) {
    case PropertyId::kModel:
      settings.model = text_of(value);
      break;
    case PropertyId::kCores:
      settings.cores = text_of(value);
      break;
    case PropertyId::kPlacement:
      settings.placement = static_cast<engine::Placement>(g_value_get_enum(value));
      break;
    case PropertyId::kMaxInFlight:
      settings.max_in_flight = g_value_get_int(value);
      break;
    case PropertyId::kDispatch:
      settings.dispatch = static_cast<engine::DispatchPolicy>(g_value_get_enum(value));
      break;
    case PropertyId::kPriority:
      settings.priority = g_value_get_int(value);
      break;
    case PropertyId::kBatchSize:
      settings.batch_size = g_value_get_int(value);
      break;
    case PropertyId::kBatchTimeout:
      settings.batch_timeout = g_value_get_uint64(value);
      break;
    case PropertyId::kDropPolicy:
      settings.drop_policy = static_cast<DropPolicy>(g_value_get_enum(value));
      break;
    case PropertyId::kDeadline:
      settings.deadline = g_value_get_uint64(value);
      break;
    case PropertyId::kInferenceInterval:
      settings.inference_interval = g_value_get_int(value);
      break;
    case PropertyId::kQos:
      settings.qos = g_value_get_boolean(value) != FALSE;
      break;
    case PropertyId::kDeterministic:
      settings.deterministic = g_value_get_boolean(value) != FALSE;
      break;
    case PropertyId::kScoreThreshold:
      settings.score_threshold = g_value_get_double(value);
      break;
    case PropertyId::kOverlay:
      settings.overlay = g_value_get_boolean(value) != FALSE;
      break;
    case PropertyId::kOnError:
      settings.on_error = static_cast<OnError>(g_value_get_enum(value));
      break;
    case PropertyId::kStats:
      break;
  }
}

void load_property(const StageSettings& settings, PropertyId id, GValue* value) {
  switch (id) {
    case PropertyId::kModel:
      g_value_set_string(value, settings.model.empty() ? nullptr : settings.model.c_str());
      break;
    case PropertyId::kCores:
      g_value_set_string(value, settings.cores.c_str());
      break;
    case PropertyId::kPlacement:
      g_value_set_enum(value, static_cast<gint>(settings.placement));
      break;
    case PropertyId::kMaxInFlight:
      g_value_set_int(value, settings.max_in_flight);
      break;
    case PropertyId::kDispatch:
      g_value_set_enum(value, static_cast<gint>(settings.dispatch));
      break;
    case PropertyId::kPriority:
      g_value_set_int(value, settings.priority);
      break;
    case PropertyId::kBatchSize:
      g_value_set_int(value, settings.batch_size);
      break;
    case PropertyId::kBatchTimeout:
      g_value_set_uint64(value, settings.batch_timeout);
      break;
    case PropertyId::kDropPolicy:
      g_value_set_enum(value, static_cast<gint>(settings.drop_policy));
      break;
    case PropertyId::kDeadline:
      g_value_set_uint64(value, settings.deadline);
      break;
    case PropertyId::kInferenceInterval:
      g_value_set_int(value, settings.inference_interval);
      break;
    case PropertyId::kQos:
      g_value_set_boolean(value, settings.qos);
      break;
    case PropertyId::kDeterministic:
      g_value_set_boolean(value, settings.deterministic);
      break;
    case PropertyId::kScoreThreshold:
      g_value_set_double(value, settings.score_threshold);
      break;
    case PropertyId::kOverlay:
      g_value_set_boolean(value, settings.overlay);
      break;
    case PropertyId::kOnError:
      g_value_set_enum(value, static_cast<gint>(settings.on_error));
      break;
    case PropertyId::kStats:
      break;
  }
}

}  // namespace rcnn::elements
