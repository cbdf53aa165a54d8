// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <span>
#include <string>

namespace rcnn::launch {

/// An image file as Detectron2's read_image(format="BGR") and cv2.imread give it: 8-bit BGR, turned upright
/// by its EXIF orientation (JPEG, PNG, TIFF, WebP); grey, 16-bit and CMYK converted as cv2.imread does, alpha
/// dropped without touching the colours, which cv2.imread darkens in TIFF files. Files of more than 1 GiB are
/// refused. Thread safety: reentrant, but one file is decoded at a time.
///   remark  becomes a sentence if the libraries print one of the file, which is read nevertheless, "'a.jpg'
///           may be damaged: Corrupt JPEG data: ...", or if it is the first of many in its file; null: a
///           warning of the log says it
/// \throws engine::Error naming the file and why: missing, no image, cut short, too large.
cv::Mat read_image(const std::filesystem::path& file, std::string* remark = nullptr);

/// Writes an annotated copy, 8-bit BGR, in the format of the name's extension; the file appears when it is
/// whole, and folders are made. Behind the image's end, where no reader looks, is a line that says what it
/// is. Thread safety: reentrant, as all below. \throws engine::Error naming the file and why.
void write_image(const cv::Mat& image, const std::filesystem::path& file);
/// Whether write_image() made the file; not any more if somebody else has written it since.
bool is_annotated_copy(const std::filesystem::path& file);

/// Why nothing can be there to read, and what to do; empty: something is.
std::string why_missing(const std::filesystem::path& file);

/// EXIF orientation of a JPEG or WebP file, 1..8; 1 where the file says nothing. OpenCV reads that of the
/// other formats.
int exif_orientation(std::span<const std::uint8_t> file);
/// Turns pixels as EXIF orientation 1..8 asks.
cv::Mat turn_upright(const cv::Mat& image, int orientation);
/// False for JPEG and PNG files whose end marker is missing: OpenCV would fill the rest with grey.
bool is_complete(std::span<const std::uint8_t> file);

}  // namespace rcnn::launch
