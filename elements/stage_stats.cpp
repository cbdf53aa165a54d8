// SPDX-License-Identifier: MIT
#include "elements/stage_stats.hpp"

namespace rcnn::elements {
namespace {

// Index = Dropped.
constexpr std::array<const char*, kDroppedReasons> kDroppedFields{"dropped-newest", "dropped-oldest",
                                                                  "dropped-late", "dropped-qos"};

void append_core(GValue* cores, const engine::CoreStatus& status) {
  GValue core = G_VALUE_INIT;
  g_value_init(&core, GST_TYPE_STRUCTURE);
  g_value_take_boxed(
      &core, gst_structure_new("core", "id", G_TYPE_INT, status.id, "busy", G_TYPE_UINT64,
                               static_cast<guint64>(status.total.busy.count()), "executions", G_TYPE_UINT64,
                               status.total.executions, "failures", G_TYPE_UINT64, status.total.failures,
                               "timeouts", G_TYPE_UINT64, status.total.timeouts, "queue-depth", G_TYPE_UINT,
                               static_cast<guint>(status.total.queue_depth), "in-service", G_TYPE_BOOLEAN,
                               static_cast<gboolean>(status.in_service), nullptr));
  gst_value_array_append_and_take_value(cores, &core);
}

void add_entrance(GstStructure* structure, const EntranceCounters& counters) {
  for (std::size_t i = 0; i < kDroppedReasons; ++i) {
    gst_structure_set(structure, kDroppedFields.at(i), G_TYPE_UINT64, counters.dropped.at(i), nullptr);
  }
  gst_structure_set(structure, "in-flight", G_TYPE_INT, counters.in_flight, "pool-misses", G_TYPE_UINT64,
                    counters.pool_misses, nullptr);
  GValue cores = G_VALUE_INIT;
  g_value_init(&cores, GST_TYPE_ARRAY);
  for (const engine::CoreStatus& status : counters.cores) {
    append_core(&cores, status);
  }
  gst_structure_take_value(structure, "cores", &cores);
}

}  // namespace

GstStructure* structure_of(const StageStats& stats) {
  const int waiting = stats.entrance ? stats.entrance->waiting : 0;
  GstStructure* structure = gst_structure_new(
      "neuronrcnn-stats", "in", G_TYPE_UINT64, stats.in, "out", G_TYPE_UINT64, stats.out, "failed",
      G_TYPE_UINT64, stats.failed, "dropped-error", G_TYPE_UINT64, stats.dropped_error, "queued", G_TYPE_INT,
      stats.graph.inside + waiting, "p50", G_TYPE_UINT64, stats.graph.latency_p50_ns, "p95", G_TYPE_UINT64,
      stats.graph.latency_p95_ns, "p99", G_TYPE_UINT64, stats.graph.latency_p99_ns, nullptr);
  if (stats.entrance) {
    add_entrance(structure, *stats.entrance);
  }
  return structure;
}

}  // namespace rcnn::elements
