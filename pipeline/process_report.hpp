// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/runtime/dispatch.hpp"

namespace rcnn::pipeline {

/// What a stream of frames shows of itself.
struct StreamStatus {
  std::string name;   ///< Where it is: "/GstPipeline:pipeline0/GstNeuronrcnn:neuronrcnn0"
  std::string model;  ///< Path
  engine::DispatchPolicy dispatch = engine::DispatchPolicy::kFifo;
  int priority = 0;
  std::uint64_t entered = 0;  ///< Frames that got a slot
  std::uint64_t dropped = 0;  ///< Frames that did not
  std::uint64_t failed = 0;
  int in_flight = 0;  ///< Slots taken
  int slots = 0;
  int queued = 0;                    ///< Items inside the first element, and in front of it
  std::uint64_t latency_p50_ns = 0;  ///< Of the first element
  std::uint64_t latency_p99_ns = 0;
};

/// A stream that the process's report shows, until this goes.
///
/// Thread safety: `status` is called on a thread of its own, never once the destructor has returned; the
/// destructor waits for it and must not hold a lock that it takes.
class PublishedStream {
 public:
  using Status = std::function<StreamStatus()>;
  explicit PublishedStream(Status status);
  ~PublishedStream();
  PublishedStream(const PublishedStream&) = delete;
  PublishedStream& operator=(const PublishedStream&) = delete;

 private:
  const std::uint64_t number_;
};

/// Makes this process's cores and streams visible to `neuron-rcnn top`, as everything does that loads a model
/// onto the process's cores: the first call starts a ReportServer,
/// which the end of the process stops. Where there can be none, the log says so and nobody sees the process.
/// Thread safety: thread-safe, as all functions here.
void publish_process();

/// The name at which a process's server listens.
std::string report_name(int pid);

/// The report: a JSON object
///
///   pid, memory_resident_bytes  of the process
///   time_ns      of a steady clock, for rates between two reports
///   neuroncores  [{id, in_service, queue_depth, busy_ns, executions, failures, timeouts, memory_used_bytes,
///                memory_total_bytes, programs: [{name, queue_depth, busy_ns, executions, failures, timeouts,
///                latency_ms: [p0, p1, p25, p50, p75, p99, p100]}]}]
///   streams      [{the fields of StreamStatus, dispatch as "fifo", "round-robin" or "priority"}], oldest
///   first
std::string process_report();

}  // namespace rcnn::pipeline
