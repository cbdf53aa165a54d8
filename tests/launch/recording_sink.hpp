// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "launch/detect_options.hpp"

namespace rcnn::launch {

/// Keeps what a run reports.
class RecordingSink : public ResultSink {
 public:
  void found(const FrameResult& result) override {
    results.push_back(result);
    events.push_back("found " + result.file);
  }
  void failed(const std::string& message) override { events.push_back("failed " + message); }
  void warned(const std::string& message) override { events.push_back("warned " + message); }
  void progressed(double, double, const std::string&) override { ++progress_calls; }

  std::size_t objects() const {
    std::size_t count = 0;
    for (const auto& result : results) count += result.objects.size();
    return count;
  }

  std::vector<FrameResult> results;
  std::vector<std::string> events;
  int progress_calls = 0;
};

}  // namespace rcnn::launch
