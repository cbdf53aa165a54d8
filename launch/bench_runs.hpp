// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "engine/image/resize.hpp"
#include "launch/timed_loop.hpp"

namespace rcnn::launch {

/// One line of a benchmark.
struct BenchRow {
  std::string kind;          ///< "detect", "detect-batch", "roi-align", "classify"
  engine::Size image;        ///< Pixels of the pictures given
  int batch = 1;             ///< Pictures of one iteration
  int parallel = 1;          ///< Cores; threads of "roi-align"
  int threads_per_core = 1;  ///< Not of "roi-align"
  int in_flight = 0;         ///< Frames at a time, of "detect" and "detect-batch"
  LoopResult result;
};

/// Rows are made for every combination.
struct BenchOptions {
  std::filesystem::path model;
  std::vector<int> cores;             ///< Numbers of cores (threads of RoIAlign)
  std::vector<int> threads_per_core;  ///< Numbers of threads
  std::vector<int> in_flight;         ///< Numbers of frames; empty: one more than cores, for batches two
  std::vector<int> batches;           ///< Numbers of pictures; empty, for detectors: a stream, no batches
  LoopOptions loop;
  std::ostream* lines = nullptr;  ///< Progress; null: none
};

/// A detector's six stages over pictures of this size. An iteration is a frame from its entrance to its
/// detections, with others before and behind it; in batches, all pictures of a batch, with nothing before or
/// behind it. A batch larger than the frames in flight runs in parts: memory bounds those, not the batch.
/// \throws engine::Error
std::vector<BenchRow> bench_detector(const BenchOptions& options, engine::Size image);

/// RoIAlign of as many regions as the box head takes, strewn over such a picture. \throws engine::Error
std::vector<BenchRow> bench_roi_align(const BenchOptions& options, engine::Size image);

/// A classifier on batches that are split over the cores and gathered; an iteration is a batch.
/// \throws engine::Error
std::vector<BenchRow> bench_classifier(const BenchOptions& options);

}  // namespace rcnn::launch
