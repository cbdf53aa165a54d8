// SPDX-License-Identifier: MIT
#pragma once

#include <gst/video/video.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "pipeline/classifier.hpp"

namespace rcnn::elements {

/// What of a frame is classified.
enum class ClassifyRegions : std::uint8_t {
  kAuto,     ///< Objects where a detector came before, else the frame
  kFrame,    ///< The whole frame
  kObjects,  ///< Each object that a detector attached
};

struct ClassifySettings {
  ClassifyRegions regions = ClassifyRegions::kAuto;
  int top = 1;           ///< Classes a region, best first
  double threshold = 0;  ///< Classes with a score below are left out, 0..1
  bool overlay = true;   ///< Draw each region's best class
  engine::DispatchPolicy dispatch = engine::DispatchPolicy::kRoundRobin;
  int priority = 0;  ///< With DispatchPolicy::kPriority
};

/// Classifies what a video frame shows and says so on its buffer.
///
/// Each class becomes a structure "classification" {label: string, label_id: int, confidence: double} among
/// the params of a GstVideoRegionOfInterestMeta: the object's own where a detector (this project's or another
/// that writes a "detection" structure) came before, else one of the frame's size whose type is the best
/// class. What is said of this project's objects, or of the frame, stands in an RcnnClassificationsMeta as
/// well, which survives elements that drop params.
///
/// Thread safety: thread-bound (a streaming thread).
class RegionClassifier {
 public:
  /// \throws engine::Error as pipeline::Classifier::create() does.
  explicit RegionClassifier(const pipeline::SessionOptions& options);

  /// The frame is mapped for reading and writing and its buffer is writable. Objects without a pixel inside
  /// the frame are passed over. Returns whether a detector has been at work. \throws engine::Error if a core
  /// fails; the buffer is as it was then.
  bool run(const GstVideoFrame& frame, const ClassifySettings& settings) const;
  /// What classifying a picture takes on these cores, before there are any. \throws engine::Error if each
  /// core keeps failing.
  std::chrono::nanoseconds time_of_one() const;

 private:
  std::unique_ptr<pipeline::Classifier> classifier_;
  const std::uint64_t stream_ = engine::new_stream_id();
};

}  // namespace rcnn::elements
