// SPDX-License-Identifier: MIT
#include "elements/keypoint_painter.hpp"

#include <cmath>

namespace rcnn::elements {
namespace {

constexpr float kSeenKeypoint = 0.05F;

enum class Side : std::uint8_t { kMiddle, kLeft, kRight };

// A limb joins two of COCO's keypoints of a person.
struct Limb {
  std::size_t from;
  std::size_t to;
  Side side;
};
constexpr std::size_t kPersonKeypoints = 17;
constexpr std::array<Limb, 16> kLimbs{{{0, 1, Side::kLeft},  // Nose, eyes, ears
                                       {0, 2, Side::kRight},
                                       {1, 3, Side::kLeft},
                                       {2, 4, Side::kRight},
                                       {5, 6, Side::kMiddle},  // Shoulders, elbows, wrists
                                       {5, 7, Side::kLeft},
                                       {7, 9, Side::kLeft},
                                       {6, 8, Side::kRight},
                                       {8, 10, Side::kRight},
                                       {5, 11, Side::kLeft},  // Hips, knees, ankles
                                       {6, 12, Side::kRight},
                                       {11, 12, Side::kMiddle},
                                       {11, 13, Side::kLeft},
                                       {13, 15, Side::kLeft},
                                       {12, 14, Side::kRight},
                                       {14, 16, Side::kRight}}};

Rgb side_color(Side side) {
  constexpr std::array<Rgb, 3> kColors{{{255, 220, 60}, {80, 220, 120}, {255, 130, 40}}};
  return kColors[static_cast<std::size_t>(side)];
}

// False where a keypoint was not seen, or lies too far outside to be given to OpenCV.
bool visible(const engine::Keypoint& keypoint, const Pen& pen) {
  const auto near = [](float value, int limit) {
    return value >= static_cast<float>(-limit) && value <= static_cast<float>(2 * limit);
  };
  return keypoint.score > kSeenKeypoint && near(keypoint.x, pen.size().width) &&
         near(keypoint.y, pen.size().height);
}

}  // namespace

void paint_keypoints(const Pen& pen, std::span<const engine::Keypoint> keypoints, Rgb rgb) {
  const auto place = [](const engine::Keypoint& keypoint) {
    return cv::Point(static_cast<int>(std::floor(keypoint.x)), static_cast<int>(std::floor(keypoint.y)));
  };
  if (keypoints.size() == kPersonKeypoints) {
    for (const Limb& limb : kLimbs) {
      const auto& from = keypoints[limb.from];
      const auto& to = keypoints[limb.to];
      if (visible(from, pen) && visible(to, pen)) {
        pen.segment(place(from), place(to), side_color(limb.side));
      }
    }
  }
  for (const auto& keypoint : keypoints) {
    if (visible(keypoint, pen)) {
      pen.dot(place(keypoint), rgb);
    }
  }
}

}  // namespace rcnn::elements
