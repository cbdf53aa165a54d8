// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/files/pending_file.hpp"
#include "engine/image/resize.hpp"
#include "engine/model/config.hpp"
#include "engine/rcnn/box.hpp"
#include "engine/results/raw_result.hpp"

namespace rcnn::engine {

/// How results are written.
///
/// - coco: one array of {"image_id", "category_id", "bbox": [x, y, w, h], "score"}, as pycocotools loads it;
///   a mask is its "segmentation", {"size": [height, width], "counts": TEXT} (COCO's compressed run lengths)
/// - detectron2: {"images": [{"file", "image_hw", "boxes_xyxy", "scores", "classes"}]}, a video's frames with
///   "frame" and "pts_ns" as well; masks are "masks_rle", likewise
/// - json-lines: a line a frame: {"file", "frame", "pts_ns", "objects": [{"label", "class", "score",
///   "bbox"}]}, bbox = [x, y, w, h]; a mask is an object's "segmentation", likewise; what a classifier called
///   an object, or the frame as a whole, is its "classifications": [{"label", "class", "score"}]
/// Keypoints are [[x, y, score], ...] as "keypoints_xys" (detectron2) and "keypoints" (json-lines); coco has
/// x, y and score in one row, "keypoints", half a pixel less, since COCO counts from pixels' centres.
/// - raw: {"images": [...]} of raw_record()
enum class ResultFormat : std::uint8_t { kCoco, kDetectron2, kJsonLines, kRaw };

/// "coco", "detectron2", "json-lines", "raw". Thread safety: reentrant, as all functions here. \throws
/// SettingError
ResultFormat parse_result_format(const std::string& text);

/// What a classifier calls a region.
struct Classification {
  std::string label;
  int class_id;  ///< The classifier's own, from 0
  double score;  ///< 0..1
};
using Classifications = std::vector<Classification>;  ///< Best first

/// A file's name as results write it: bytes that are no UTF-8, which JSON cannot hold, become %E9 and the
/// like, in those names '%' itself %25. Thread safety: reentrant.
std::string name_in_results(const std::string& file);

/// What was found in one image or video frame.
struct FrameResult {
  std::string file;                           ///< Input::name
  std::optional<std::uint64_t> frame;         ///< Number in its video, from 0; none for images
  std::optional<std::uint64_t> pts_ns;        ///< Time in its video (stream time)
  Size image;                                 ///< Pixels
  std::vector<Detection> objects;             ///< Image pixels, best first
  std::vector<std::string> labels{};          ///< One an object; empty: as ClassNames says
  std::optional<RawResult> raw{};             ///< For ResultFormat::kRaw
  Classifications classifications{};          ///< Of the frame as a whole; empty: nobody classified it
  std::vector<Classifications> of_objects{};  ///< One an object; empty: no classifier looked at objects
};

/// Classes as results name them; borrowed by the writer.
struct ClassNames {
  std::vector<std::string> labels;
  std::vector<int> category_ids;  ///< The data set's own

  /// The class's name; "class 7" beyond those there are.
  std::string label(int index) const;
  int category_id(int index) const;
};
ClassNames class_names(const ModelConfig& config);

/// A file name's stem as a number where it is all digits ("000000041888.jpg" -> 41888), as COCO numbers its
/// images; else the name, with "#FRAME" in a video.
nlohmann::json coco_image_id(const FrameResult& result);

/// Images that one image_id would stand for.
struct SharedImageIds {
  std::set<std::string> files;  ///< All of them, by FrameResult::file
  std::string first, second;    ///< The first two of one id, to tell a user; empty: there are none
};
/// Looks for images of the same number ("139.jpg", "val/000139.jpg"). COCO's tools would take what is found
/// in them for one image's; a name that is no id of the data set, they refuse instead.
SharedImageIds shared_coco_image_ids(std::span<const std::string> files);

/// The record or records of one frame. Boxes have 3 decimals, scores 6.
std::vector<nlohmann::ordered_json> to_records(const FrameResult& result, ResultFormat format,
                                               const ClassNames& names);

/// Writes results one by one: json-lines are flushed line by line, so that `tail -f` shows them; the other
/// formats' files appear when all is there. Memory does not grow with the number of frames.
///
/// Thread safety: none.
class ResultWriter {
 public:
  /// \param target  file, or "-" for `standard_output`
  ResultWriter(const std::string& target, ResultFormat format, ClassNames names,
               std::ostream& standard_output);
  void add(const FrameResult& result);
  /// Images whose "image_id" is their name even where that is a number, as shared_coco_image_ids() finds
  /// them.
  void set_named_images(std::set<std::string> files) { named_images_ = std::move(files); }
  /// Ends the document and puts the file in its place. \throws Error if not all could be written.
  void finish();

 private:
  std::vector<nlohmann::ordered_json> records_of(const FrameResult& result) const;
  void check() const;

  std::string target_;
  ResultFormat format_;
  ClassNames names_;
  std::set<std::string> named_images_;
  std::unique_ptr<PendingFile> pending_;
  std::ofstream file_;
  std::ostream* out_;
  bool first_ = true;
};

}  // namespace rcnn::engine
