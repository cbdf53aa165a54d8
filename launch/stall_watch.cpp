// SPDX-License-Identifier: MIT
#include "launch/stall_watch.hpp"

#include <algorithm>

namespace rcnn::launch {

void StallWatch::look(std::uint64_t moved, Clock::time_point now) {
  constexpr Clock::duration kMostOfALook = std::chrono::seconds(1);
  still_ = moved == moved_ ? still_ + std::min(now - last_, kMostOfALook) : Clock::duration::zero();
  moved_ = moved;
  last_ = now;
}

}  // namespace rcnn::launch
