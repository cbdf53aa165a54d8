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
  std::string kind;    ///< "detect", "roi-align", "classify"
  engine::Size image;  ///< Pixels of the pictures given
  int batch = 1;       ///< Pictures of one iteration
  int parallel = 1;    ///< Cores; threads of "roi-align"
  LoopResult result;
};

struct BenchOptions {
  std::filesystem::path model;
  int cores = 1;  ///< Rows are made for 1 to so many
  LoopOptions loop;
  std::ostream* lines = nullptr;  ///< Progress; null: none
};

/// A detector's six stages over pictures of this size, a frame more in flight than cores, on 1..n cores; an
/// iteration is a frame from its entrance to its detections. \throws engine::Error
std::vector<BenchRow> bench_detector(const BenchOptions& options, engine::Size image);

/// RoIAlign of as many regions as the box head takes, strewn over such a picture, with 1..n threads.
/// \throws engine::Error
std::vector<BenchRow> bench_roi_align(const BenchOptions& options, engine::Size image);

/// A classifier on 1..n cores, batches of 1..max_batch pictures that are split over the cores and gathered;
/// an iteration is a batch. \throws engine::Error
std::vector<BenchRow> bench_classifier(const BenchOptions& options, int max_batch);

}  // namespace rcnn::launch
