// SPDX-License-Identifier: MIT
#include "engine/results/formats.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <string_view>

#include "engine/errors.hpp"
#include "engine/files/written_place.hpp"
#include "engine/rcnn/coco_rle.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Rounded as doubles, so that the shortest text that reads back is the rounded one.
double rounded(float value, double steps) { return std::round(static_cast<double>(value) * steps) / steps; }
double pixel(float value) { return rounded(value, 1e3); }
double score(float value) { return rounded(value, 1e6); }
double score(double value) { return std::round(value * 1e6) / 1e6; }

json corner_and_size(const Box& box) {
  return {pixel(box.x0), pixel(box.y0), pixel(box.width()), pixel(box.height())};
}

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

/// COCO's run lengths; the size is [height, width].
ordered_json rle(const Mask& mask) {
  return {{"size", {mask.height, mask.width}}, {"counts", coco_rle(mask)}};
}

/// [x, y, score] each.
json keypoints_xys(const std::vector<Keypoint>& keypoints) {
  json list = json::array();
  for (const auto& keypoint : keypoints) {
    list.push_back({pixel(keypoint.x), pixel(keypoint.y), pixel(keypoint.score)});
  }
  return list;
}

/// x, y, score of each in one row, pixels counted from the centre of the first one, as COCO annotates.
json coco_keypoints(const std::vector<Keypoint>& keypoints) {
  constexpr float kCentre = 0.5F;
  json row = json::array();
  for (const auto& keypoint : keypoints) {
    row.push_back(pixel(keypoint.x - kCentre));
    row.push_back(pixel(keypoint.y - kCentre));
    row.push_back(score(keypoint.score));
  }
  return row;
}

ordered_json detectron2_record(const FrameResult& result) {
  json boxes = json::array();
  json scores = json::array();
  json classes = json::array();
  ordered_json masks = ordered_json::array();
  json keypoints = json::array();
  for (const auto& object : result.objects) {
    boxes.push_back({pixel(object.box.x0), pixel(object.box.y0), pixel(object.box.x1), pixel(object.box.y1)});
    scores.push_back(score(object.score));
    classes.push_back(object.label);
    if (!object.mask.empty()) masks.push_back(rle(object.mask));
    if (!object.keypoints.empty()) keypoints.push_back(keypoints_xys(object.keypoints));
  }
  ordered_json record{{"file", name_in_results(result.file)}};
  if (result.frame) {
    record["frame"] = *result.frame;
    record["pts_ns"] = or_null(result.pts_ns);
  }
  record["image_hw"] = {result.image.height, result.image.width};
  record["boxes_xyxy"] = std::move(boxes);
  record["scores"] = std::move(scores);
  record["classes"] = std::move(classes);
  if (!masks.empty()) record["masks_rle"] = std::move(masks);
  if (!keypoints.empty()) record["keypoints_xys"] = std::move(keypoints);
  return record;
}

ordered_json list_of(const Classifications& classes) {
  ordered_json list = ordered_json::array();
  for (const auto& best : classes) {
    list.push_back({{"label", best.label}, {"class", best.class_id}, {"score", score(best.score)}});
  }
  return list;
}

ordered_json line_record(const FrameResult& result, const ClassNames& names) {
  ordered_json objects = ordered_json::array();
  for (std::size_t i = 0; i < result.objects.size(); ++i) {
    const auto& object = result.objects[i];
    const bool labelled = i < result.labels.size();
    objects.push_back(ordered_json{{"label", labelled ? result.labels[i] : names.label(object.label)},
                                   {"class", object.label},
                                   {"score", score(object.score)},
                                   {"bbox", corner_and_size(object.box)}});
    if (!object.mask.empty()) objects.back()["segmentation"] = rle(object.mask);
    if (!object.keypoints.empty()) objects.back()["keypoints"] = keypoints_xys(object.keypoints);
    if (i < result.of_objects.size() && !result.of_objects[i].empty()) {
      objects.back()["classifications"] = list_of(result.of_objects[i]);
    }
  }
  ordered_json record{{"file", name_in_results(result.file)},
                      {"frame", result.frame.value_or(0)},
                      {"pts_ns", or_null(result.pts_ns)},
                      {"objects", std::move(objects)}};
  if (!result.classifications.empty()) record["classifications"] = list_of(result.classifications);
  return record;
}

/// One an object.
std::vector<ordered_json> coco_records(const FrameResult& result, const json& image_id,
                                       const ClassNames& names) {
  std::vector<ordered_json> records;
  for (const auto& object : result.objects) {
    records.push_back({{"image_id", image_id},
                       {"category_id", names.category_id(object.label)},
                       {"bbox", corner_and_size(object.box)},
                       {"score", score(object.score)}});
    if (!object.mask.empty()) records.back()["segmentation"] = rle(object.mask);
    if (!object.keypoints.empty()) records.back()["keypoints"] = coco_keypoints(object.keypoints);
  }
  return records;
}

bool is_list_of_images(ResultFormat format) {
  return format == ResultFormat::kDetectron2 || format == ResultFormat::kRaw;
}

/// Names of classes may hold any bytes; JSON may not.
std::string text_of(const ordered_json& record) {
  return record.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// Of the UTF-8 character that begins there (RFC 3629); 0: none does.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const auto first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  const bool short_one_would_do = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool no_code = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return short_one_would_do || no_code ? 0 : size;
}

}  // namespace

std::string name_in_results(const std::string& file) {
  std::string name;
  bool valid = true;
  for (std::size_t at = 0; at < file.size();) {
    const auto size = character_bytes(std::string_view(file).substr(at));
    valid = valid && size > 0;
    if (size == 0 || file[at] == '%') {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(file[at++]));
    } else {
      name.append(file, at, size);
      at += size;
    }
  }
  return valid ? file : name;
}

ResultFormat parse_result_format(const std::string& text) {
  if (text == "coco") return ResultFormat::kCoco;
  if (text == "detectron2") return ResultFormat::kDetectron2;
  if (text == "json-lines") return ResultFormat::kJsonLines;
  if (text == "raw") return ResultFormat::kRaw;
  throw SettingError(fmt::format("Format '{}' is not known: give coco, detectron2, json-lines or raw", text));
}

std::string ClassNames::label(int index) const {
  const auto at = static_cast<std::size_t>(index);
  return at < labels.size() ? labels[at] : fmt::format("class {}", index);
}

int ClassNames::category_id(int index) const {
  const auto at = static_cast<std::size_t>(index);
  return at < category_ids.size() ? category_ids[at] : index;
}

ClassNames class_names(const ModelConfig& config) { return {config.class_names, config.category_ids}; }

json coco_image_id(const FrameResult& result) {
  if (result.frame) return fmt::format("{}#{}", name_in_results(result.file), *result.frame);
  const auto stem = std::filesystem::path(result.file).stem().string();
  std::int64_t number = 0;
  const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  const bool digits =
      !stem.empty() && std::all_of(stem.begin(), stem.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && parsed.ec == std::errc()) return number;
  return name_in_results(result.file);
}

SharedImageIds shared_coco_image_ids(std::span<const std::string> files) {
  SharedImageIds shared;
  std::map<std::int64_t, std::string> first_of;
  for (const auto& file : files) {
    FrameResult image;
    image.file = file;
    const auto id = coco_image_id(image);
    if (!id.is_number()) continue;
    const auto& [number, first] = *first_of.emplace(id.get<std::int64_t>(), file).first;
    if (first == file) continue;  // The same image, perhaps again
    if (shared.files.empty()) {
      shared.first = first;
      shared.second = file;
    }
    shared.files.insert({first, file});
  }
  return shared;
}

std::vector<ordered_json> to_records(const FrameResult& result, ResultFormat format,
                                     const ClassNames& names) {
  if (format == ResultFormat::kDetectron2) return {detectron2_record(result)};
  if (format == ResultFormat::kJsonLines) return {line_record(result, names)};
  if (format == ResultFormat::kRaw) return {raw_record(result)};
  return coco_records(result, coco_image_id(result), names);
}

ResultWriter::ResultWriter(const std::string& target, ResultFormat format, ClassNames names,
                           std::ostream& standard_output)
    : target_(target), format_(format), names_(std::move(names)), out_(&file_) {
  if (target_ == "-") {
    out_ = &standard_output;
  } else if (format_ == ResultFormat::kJsonLines) {
    const auto folder = std::filesystem::path(target_).parent_path();
    std::error_code ignored;  // Opening the file says it in the end.
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    file_ = open_in_place(written_place(target_));
  } else {
    pending_ = std::make_unique<PendingFile>(target_);
    file_.open(pending_->path());
  }
  check();
  if (format_ == ResultFormat::kCoco) *out_ << "[";
  if (is_list_of_images(format_)) *out_ << "{\"images\": [";
}

std::vector<ordered_json> ResultWriter::records_of(const FrameResult& result) const {
  const bool named = format_ == ResultFormat::kCoco && !result.frame && named_images_.contains(result.file);
  return named ? coco_records(result, name_in_results(result.file), names_)
               : to_records(result, format_, names_);
}

void ResultWriter::add(const FrameResult& result) {
  for (const auto& record : records_of(result)) {
    if (format_ == ResultFormat::kJsonLines) {
      *out_ << text_of(record) << std::endl;
    } else {
      *out_ << (first_ ? "\n" : ",\n") << text_of(record);
      first_ = false;
    }
  }
  check();
}

void ResultWriter::finish() {
  if (format_ == ResultFormat::kCoco) *out_ << "\n]\n";
  if (is_list_of_images(format_)) *out_ << "\n]}\n";
  out_->flush();
  check();
  if (pending_ != nullptr) {
    file_.close();
    check();
    pending_->commit();
  }
}

void ResultWriter::check() const {
  if (out_->good()) return;
  if (target_ == "-")
    throw Error(
        "Cannot write the results to standard output: is the disk full, or does nobody read it any more?");
  throw Error(
      fmt::format("Cannot write the results to '{}': give a file that you may write to, on a disk "
                  "with room",
                  target_));
}

}  // namespace rcnn::engine
