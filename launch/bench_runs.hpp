// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "engine/image/resize.hpp"
#include "launch/timed_loop.hpp"

namespace rcnn::launch {

// Thread safety: thread-bound: what runs beside a benchmark is measured with it.

/// One line of a benchmark.
struct BenchRow {
  std::string kind;          ///< "detect", "detect-batch", "isolated", "roi-align", "classify"
  std::string program;       ///< Of "isolated"
  engine::Size image;        ///< Pixels of the pictures given
  int batch = 1;             ///< Pictures of one iteration
  int parallel = 1;          ///< Cores; threads of "roi-align"
  int threads_per_core = 1;  ///< Not of "roi-align"
  int in_flight = 1;         ///< Frames or executions at a time
  LoopResult result;
};

/// How many cores, each with a copy of the model, and how many frames under way, each of a caller of its own:
/// what AWS's application note calls models and threads.
struct Load {
  int cores = 1;
  int in_flight = 1;
};

/// Rows are made for every combination.
struct BenchOptions {
  std::filesystem::path model;
  std::vector<Load> loads;            ///< Of detectors, those of the same cores in a row
  std::vector<int> cores;             ///< Numbers of cores of classifiers; of threads, of RoIAlign
  std::vector<int> threads_per_core;  ///< Numbers of threads
  std::vector<int> batches;           ///< Numbers of pictures; empty, for detectors: a stream, no batches
  bool end_to_end = true;             ///< Whole frames
  bool isolated = true;               ///< Programs alone, and RoIAlign
  LoopOptions loop;
  std::ostream* lines = nullptr;  ///< Progress; null: none
};

/// A detector over pictures of this size: whole frames, and its programs alone. Of frames an iteration is one
/// from its entrance to its detections, with others before and behind it; in batches, all pictures of a
/// batch, with nothing before or behind it. A batch larger than the frames in flight runs in parts: memory
/// bounds those, not the batch. \throws engine::Error
std::vector<BenchRow> bench_detector(const BenchOptions& options, engine::Size image);

/// RoIAlign of as many regions as the box head takes, strewn over such a picture. \throws engine::Error
std::vector<BenchRow> bench_roi_align(const BenchOptions& options, engine::Size image);

/// A classifier on batches that are split over the cores and gathered; an iteration is a batch.
/// \throws engine::Error
std::vector<BenchRow> bench_classifier(const BenchOptions& options);

}  // namespace rcnn::launch
