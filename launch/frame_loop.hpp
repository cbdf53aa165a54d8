// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "engine/image/resize.hpp"
#include "launch/timed_loop.hpp"
#include "pipeline/session.hpp"

namespace rcnn::launch {

/// What a loop looks at again and again. 8-bit BGR. Thread safety: const methods are thread-safe.
class Picture {
 public:
  /// Noise: nothing of the time depends on what is in a picture but the number of regions, and noise gives
  /// many. The same every time.
  explicit Picture(engine::Size size);
  /// \throws engine::Error as read_image()
  explicit Picture(const std::filesystem::path& file);
  engine::Size size() const { return size_; }
  /// Valid while the picture lives.
  engine::ImageView view() const;

 private:
  engine::Size size_;
  std::vector<std::uint8_t> bytes_;
};

/// A detector's six stages over the same picture, `in_flight` frames at a time, so many in all.
///   ended  called on this thread after each with how many have ended
/// Thread safety: reentrant, as the next two.
/// \throws engine::Error of the first frame that fails
void run_frames(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                int in_flight, int count, const std::function<void(int)>& ended);

/// The same until the loop has enough; an iteration is a frame from its entrance to its detections. The last
/// one has as many frames beside it as the first: counted while the stages run empty, throughput would be too
/// high, for the work was begun before. \throws as run_frames()
LoopResult run_stream(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                      int in_flight, TimedLoop loop);

/// The same in batches of so many frames; an iteration is a batch, from its first frame's entrance to its
/// last one's detections, and begins when the one before it has ended. \throws as run_frames()
LoopResult run_batches(const std::shared_ptr<const pipeline::Session>& session, const Picture& picture,
                       int batch, int in_flight, TimedLoop loop);

}  // namespace rcnn::launch
