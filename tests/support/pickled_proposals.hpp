// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/rcnn/box.hpp"

namespace rcnn::tests {

/// Precomputed proposals as Detectron2 pickles them, written by hand.
struct ImageProposals {
  std::string id;  ///< Pickled as text
  std::vector<engine::Proposal> proposals;
};

namespace pickled {

inline std::string little(std::uint32_t value) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift & 0xffU);
  return text;
}
inline std::string text(const std::string& value) {
  return "U" + std::string(1, static_cast<char>(value.size())) + value;
}
inline std::string number(std::int32_t value) { return "J" + little(static_cast<std::uint32_t>(value)); }
inline std::string list(const std::string& items) { return "](" + items + "e"; }

/// An f32 array; `extents` are pickled numbers.
inline std::string array(const std::vector<float>& values, const std::string& extents) {
  std::string bytes;
  for (const float value : values) bytes += little(std::bit_cast<std::uint32_t>(value));
  return "cnumpy.core.numeric\n_frombuffer\n(T" + little(static_cast<std::uint32_t>(bytes.size())) + bytes +
         "cnumpy\ndtype\n(U\x02" + "f4tR(" + extents + "tU\x01" + "CtR";
}

/// A dictionary of pickled values.
inline std::string dictionary(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string pickle = "\x80\x02}";
  for (const auto& [key, value] : entries) pickle += text(key) + value + "s";
  return pickle + ".";
}

}  // namespace pickled

/// Corners, bbox_mode 0.
inline std::string pickled_proposals(const std::vector<ImageProposals>& images) {
  std::string ids, boxes, logits;
  for (const auto& image : images) {
    std::vector<float> corners, scores;
    for (const auto& [box, logit] : image.proposals) {
      corners.insert(corners.end(), {box.x0, box.y0, box.x1, box.y1});
      scores.push_back(logit);
    }
    const auto count = pickled::number(static_cast<std::int32_t>(scores.size()));
    ids += pickled::text(image.id);
    boxes += pickled::array(corners, count + pickled::number(4));
    logits += pickled::array(scores, count);
  }
  return pickled::dictionary({{"boxes", pickled::list(boxes)},
                              {"objectness_logits", pickled::list(logits)},
                              {"ids", pickled::list(ids)},
                              {"bbox_mode", pickled::number(0)}});
}

}  // namespace rcnn::tests
