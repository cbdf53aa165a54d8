// SPDX-License-Identifier: MIT
#include "elements/stage_properties.hpp"  // First: proves the header is self-contained.

#include <set>

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::elements {
namespace {

using StageProperties = tests::GstTest;

std::set<std::string> own_properties(const char* factory) {
  const ElementPtr element(gst_element_factory_make(factory, nullptr));
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count);
  std::set<std::string> names;
  for (guint i = 0; i < count; ++i) {
    if (specs[i]->owner_type == G_OBJECT_TYPE(element.get())) {
      names.insert(specs[i]->name);
    }
  }
  g_free(specs);
  return names;
}

const std::set<std::string> kEntrance{"model",         "cores",       "placement", "max-in-flight",
                                      "deterministic", "drop-policy", "deadline",  "inference-interval",
                                      "qos",           "dispatch",    "priority",  "batch-size",
                                      "batch-timeout", "on-error",    "stats"};
const std::set<std::string> kExit{"score-threshold", "overlay", "on-error", "stats"};
const std::set<std::string> kBetween{"on-error", "stats"};

TEST_F(StageProperties, StandOnTheElementsThatTheyConcern) {
  EXPECT_EQ(own_properties("preprocess-resize-800"), kEntrance);
  EXPECT_EQ(own_properties("postprocess-overlay"), kExit);
  for (const char* name : {"neuron-backbone-rpn", "cpu-rpn-proposals", "roi-align", "neuron-box-head"}) {
    EXPECT_EQ(own_properties(name), kBetween) << name;
  }
  std::set<std::string> all = kEntrance;
  all.insert(kExit.begin(), kExit.end());
  EXPECT_EQ(own_properties("neuronrcnn"), all);
}

TEST_F(StageProperties, HaveTheDocumentedDefaults) {
  const ElementPtr element(gst_element_factory_make("neuronrcnn", nullptr));
  gchar* model = nullptr;
  gchar* cores = nullptr;
  gint slots = 0;
  gdouble threshold = 0;
  gboolean overlay = FALSE;
  gboolean deterministic = TRUE;
  gint placement = -1;
  gint on_error = -1;
  gint drop_policy = -1;
  guint64 deadline = 0;
  gint interval = 0;
  g_object_get(element.get(), "model", &model, "cores", &cores, "max-in-flight", &slots, "score-threshold",
               &threshold, "overlay", &overlay, "placement", &placement, "on-error", &on_error, "drop-policy",
               &drop_policy, "deadline", &deadline, "inference-interval", &interval, "deterministic",
               &deterministic, nullptr);
  EXPECT_EQ(drop_policy, static_cast<gint>(DropPolicy::kNone));
  EXPECT_EQ(deadline, 200 * GST_MSECOND);
  EXPECT_EQ(interval, 1);
  EXPECT_FALSE(deterministic);
  gint dispatch = -1;
  gint priority = -1;
  gint batch_size = 0;
  guint64 batch_timeout = 0;
  g_object_get(element.get(), "dispatch", &dispatch, "priority", &priority, "batch-size", &batch_size,
               "batch-timeout", &batch_timeout, nullptr);
  EXPECT_EQ(dispatch, static_cast<gint>(engine::DispatchPolicy::kRoundRobin));
  EXPECT_EQ(priority, 0);
  EXPECT_EQ(batch_size, 1);
  EXPECT_EQ(batch_timeout, 10 * GST_MSECOND);
  EXPECT_EQ(model, nullptr);
  EXPECT_STREQ(cores, "");
  EXPECT_EQ(slots, 4);
  EXPECT_EQ(threshold, -1);
  EXPECT_TRUE(overlay);
  EXPECT_EQ(placement, static_cast<gint>(engine::Placement::kReplicate));
  EXPECT_EQ(on_error, static_cast<gint>(OnError::kStop));
  g_free(cores);
}

TEST_F(StageProperties, ComeBackAsTheyWereSet) {
  const ElementPtr element(gst_element_factory_make("neuronrcnn", nullptr));
  gst_util_set_object_arg(G_OBJECT(element.get()), "model", "/some/where.rcnn");
  gst_util_set_object_arg(G_OBJECT(element.get()), "cores", "0-1");
  gst_util_set_object_arg(G_OBJECT(element.get()), "placement", "split");
  gst_util_set_object_arg(G_OBJECT(element.get()), "max-in-flight", "7");
  gst_util_set_object_arg(G_OBJECT(element.get()), "score-threshold", "0.25");
  gst_util_set_object_arg(G_OBJECT(element.get()), "overlay", "false");
  gst_util_set_object_arg(G_OBJECT(element.get()), "on-error", "drop");
  gst_util_set_object_arg(G_OBJECT(element.get()), "drop-policy", "oldest");
  gst_util_set_object_arg(G_OBJECT(element.get()), "deadline", "12345");
  gst_util_set_object_arg(G_OBJECT(element.get()), "inference-interval", "9");
  gst_util_set_object_arg(G_OBJECT(element.get()), "deterministic", "true");
  gchar* model = nullptr;
  gchar* cores = nullptr;
  gint slots = 0;
  gdouble threshold = 0;
  gboolean overlay = TRUE;
  gboolean deterministic = FALSE;
  gint placement = -1;
  gint on_error = -1;
  gint drop_policy = -1;
  guint64 deadline = 0;
  gint interval = 0;
  g_object_get(element.get(), "model", &model, "cores", &cores, "max-in-flight", &slots, "score-threshold",
               &threshold, "overlay", &overlay, "placement", &placement, "on-error", &on_error, "drop-policy",
               &drop_policy, "deadline", &deadline, "inference-interval", &interval, "deterministic",
               &deterministic, nullptr);
  EXPECT_EQ(drop_policy, static_cast<gint>(DropPolicy::kOldest));
  EXPECT_EQ(deadline, 12345u);
  EXPECT_EQ(interval, 9);
  EXPECT_TRUE(deterministic);
  EXPECT_STREQ(model, "/some/where.rcnn");
  EXPECT_STREQ(cores, "0-1");
  EXPECT_EQ(slots, 7);
  EXPECT_EQ(threshold, 0.25);
  EXPECT_FALSE(overlay);
  EXPECT_EQ(placement, static_cast<gint>(engine::Placement::kSplit));
  EXPECT_EQ(on_error, static_cast<gint>(OnError::kDrop));
  g_free(model);
  g_free(cores);
}

TEST_F(StageProperties, OfDispatchComeBackOnEveryElementThatUsesCores) {
  for (const char* factory : {"neuronrcnn", "preprocess-resize-800", "neuron-classify"}) {
    const ElementPtr element(gst_element_factory_make(factory, nullptr));
    for (const auto& [text, policy] : {std::pair{"fifo", engine::DispatchPolicy::kFifo},
                                       std::pair{"round-robin", engine::DispatchPolicy::kRoundRobin},
                                       std::pair{"priority", engine::DispatchPolicy::kPriority}}) {
      gst_util_set_object_arg(G_OBJECT(element.get()), "dispatch", text);
      gint dispatch = -1;
      g_object_get(element.get(), "dispatch", &dispatch, nullptr);
      EXPECT_EQ(dispatch, static_cast<gint>(policy)) << factory;
    }
    g_object_set(element.get(), "priority", -7, nullptr);
    gint priority = 0;
    g_object_get(element.get(), "priority", &priority, nullptr);
    EXPECT_EQ(priority, -7) << factory;
  }
}

TEST_F(StageProperties, SayWhereTheyMayChange) {
  const ElementPtr element(gst_element_factory_make("neuronrcnn", nullptr));
  auto* object_class = G_OBJECT_GET_CLASS(element.get());
  for (const char* name : {"cores", "placement", "max-in-flight", "deterministic"}) {
    EXPECT_TRUE(g_object_class_find_property(object_class, name)->flags & GST_PARAM_MUTABLE_READY) << name;
  }
  const auto stats = g_object_class_find_property(object_class, "stats")->flags;
  EXPECT_EQ(stats & G_PARAM_READWRITE, G_PARAM_READABLE);
  for (const char* name : {"model", "qos", "score-threshold", "overlay", "on-error", "drop-policy",
                           "deadline", "inference-interval"}) {
    EXPECT_TRUE(g_object_class_find_property(object_class, name)->flags & GST_PARAM_MUTABLE_PLAYING) << name;
  }
  const auto* slots = G_PARAM_SPEC_INT(g_object_class_find_property(object_class, "max-in-flight"));
  EXPECT_EQ(slots->minimum, 1);
  EXPECT_EQ(slots->maximum, 64);
}

}  // namespace
}  // namespace rcnn::elements
