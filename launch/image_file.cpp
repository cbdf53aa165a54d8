// SPDX-License-Identifier: MIT
#include "launch/image_file.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <new>
#include <opencv2/imgcodecs.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/errors.hpp"
#include "engine/files/pending_file.hpp"
#include "launch/diagnostics.hpp"

namespace rcnn::launch {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::uint8_t>;

/// Behind the end of an image: all formats have a place there that readers pass over.
constexpr std::string_view kMark = "\nAn annotated copy, made by neuron-rcnn\n";

bool has_at(Bytes bytes, std::size_t offset, std::string_view text) {
  return offset <= bytes.size() && text.size() <= bytes.size() - offset &&
         std::equal(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char c, std::uint8_t b) { return static_cast<std::uint8_t>(c) == b; });
}

std::size_t read_number(Bytes bytes, std::size_t offset, std::size_t count, bool big_endian) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < count && offset + i < bytes.size(); ++i) {
    const std::size_t place = big_endian ? count - 1 - i : i;
    number |= static_cast<std::size_t>(bytes[offset + i]) << (8 * place);
  }
  return number;
}

/// An entry of a TIFF structure's first directory.
struct TiffEntry {
  std::size_t value;  ///< Offset of its field for values, which holds their offset where they do not fit in
  std::size_t value_bytes;
  std::size_t count;
  bool big_endian;
};

/// \param file  TIFF or BigTIFF; an EXIF block holds the former
std::optional<TiffEntry> find_tiff_entry(Bytes file, std::size_t tag) {
  constexpr std::size_t kTiff = 42, kBigTiff = 43;
  const bool big_endian = has_at(file, 0, "MM");
  const auto version = read_number(file, 2, 2, big_endian);
  if ((!big_endian && !has_at(file, 0, "II")) || (version != kTiff && version != kBigTiff)) return {};
  const bool big = version == kBigTiff;
  const std::size_t wide = big ? 8 : 4, count_bytes = big ? 8 : 2, entry_bytes = 4 + 2 * wide;
  const std::size_t directory = read_number(file, wide, wide, big_endian);
  if (directory > file.size() || file.size() - directory < count_bytes) return {};
  const std::size_t entries = read_number(file, directory, count_bytes, big_endian);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + count_bytes + i * entry_bytes;
    if (entry + entry_bytes > file.size()) break;
    if (read_number(file, entry, 2, big_endian) != tag) continue;
    return TiffEntry{entry + 4 + wide, wide, read_number(file, entry + 4, wide, big_endian), big_endian};
  }
  return {};
}

constexpr std::string_view kExif("Exif\0\0", 6);

int tiff_orientation(Bytes block) {
  constexpr std::size_t kOrientation = 0x0112;
  if (has_at(block, 0, kExif)) block = block.subspan(kExif.size());
  const auto entry = find_tiff_entry(block, kOrientation);
  const auto value = entry ? static_cast<int>(read_number(block, entry->value, 2, entry->big_endian)) : 1;
  return value >= 1 && value <= 8 ? value : 1;
}

/// Alpha is dropped, but before that libtiff multiplies a TIFF's colours by it where the file says that they
/// are not yet. Where it says that they are, they stay what is stored.
void keep_colours_under_alpha(std::vector<std::uint8_t>& file) {
  constexpr std::size_t kExtraSamples = 0x0152, kUnassociated = 2, kSampleBytes = 2;
  constexpr std::uint8_t kAssociated = 1;
  const auto entry = find_tiff_entry(file, kExtraSamples);
  if (!entry || entry->count == 0) return;
  const bool within = entry->count <= entry->value_bytes / kSampleBytes;
  const std::size_t first =
      within ? entry->value : read_number(file, entry->value, entry->value_bytes, entry->big_endian);
  if (first >= file.size() - 1 || read_number(file, first, kSampleBytes, entry->big_endian) != kUnassociated)
    return;
  file[first + (entry->big_endian ? 1 : 0)] = kAssociated;
}

bool is_jpeg(Bytes file) { return has_at(file, 0, "\xFF\xD8\xFF"); }

/// Whether one of a JPEG's segments before its first scan begins there.
bool is_segment(Bytes file, std::size_t offset) {
  constexpr std::uint8_t kScan = 0xDA;
  return offset + 4 <= file.size() && file[offset] == 0xFF && file[offset + 1] != kScan;
}

/// Any number of bytes 0xFF may fill the place before a marker (T.81, B.1.1.2).
std::size_t behind_segment(Bytes file, std::size_t offset) {
  return offset + (file[offset + 1] == 0xFF ? 1 : 2 + read_number(file, offset + 2, 2, true));
}

/// The first of a JPEG's segments that has this marker and begins with this text; empty: there is none.
Bytes find_segment(Bytes file, std::uint8_t marker, std::string_view text) {
  for (std::size_t at = 2; is_segment(file, at); at = behind_segment(file, at)) {
    if (file[at + 1] != marker || !has_at(file, at + 4, text)) continue;
    const auto end = std::clamp(behind_segment(file, at), at + 4, file.size());
    return file.subspan(at + 4, end - (at + 4));
  }
  return {};
}

/// Behind the end-of-image marker after the first scan began; before that, one could belong to an embedded
/// thumbnail. None: the marker is missing.
std::optional<std::size_t> jpeg_end(Bytes file) {
  constexpr std::array<std::uint8_t, 2> kEnd{0xFF, 0xD9};
  std::size_t scan = 2;
  while (is_segment(file, scan)) scan = behind_segment(file, scan);
  const auto begin = file.begin() + static_cast<std::ptrdiff_t>(std::min(scan, file.size()));
  const auto end = std::search(begin, file.end(), kEnd.begin(), kEnd.end());
  if (end == file.end()) return {};
  return static_cast<std::size_t>(end - file.begin()) + kEnd.size();
}

/// As a film of JPEGs does, but for files that say of themselves that they hold other views of the first
/// picture (MPO; thumbnails, gain maps).
bool holds_more_pictures(Bytes file) {
  constexpr std::uint8_t kApp2 = 0xE2;
  if (!is_jpeg(file) || !find_segment(file, kApp2, std::string_view("MPF\0", 4)).empty()) return false;
  const auto end = jpeg_end(file);
  return end && has_at(file, *end, "\xFF\xD8\xFF");
}

engine::Error unreadable(const fs::path& file, const std::string& why) {
  return engine::Error(fmt::format("Cannot read '{}': {}", file.string(), why));
}

bool is_webp(Bytes file) { return has_at(file, 0, "RIFF") && has_at(file, 8, "WEBP"); }

bool is_animated_webp(Bytes file) {
  constexpr std::size_t kFlags = 20;
  constexpr unsigned kAnimated = 2;
  return is_webp(file) && has_at(file, 12, "VP8X") && file.size() > kFlags && (file[kFlags] & kAnimated) != 0;
}

/// \param begin  of what is in the file
engine::Error no_image(const fs::path& file, Bytes begin, const std::string& said = "") {
  if (is_animated_webp(begin)) {
    return unreadable(file,
                      "it is an animated WebP, of which this program's OpenCV reads no frame; give its first "
                      "frame as a file (webpmux -get frame 1 IN.webp -o OUT.webp)");
  }
  return unreadable(file, fmt::format("not an image, or damaged{}; accepted are JPEG, PNG, BMP, WebP, TIFF, "
                                      "JPEG 2000 and PNM files",
                                      said.empty() ? "" : " (" + said + ")"));
}

/// The first bytes tell, before a file of any size is read whole.
void check_format(const fs::path& file, std::ifstream& stream) {
  std::array<std::uint8_t, 32> begin{};
  stream.read(reinterpret_cast<char*>(begin.data()), begin.size());
  const auto size = static_cast<std::size_t>(stream.gcount());
  stream.clear();
  stream.seekg(0);
  if (!cv::haveImageReader(file.string())) throw no_image(file, Bytes(begin).first(size));
}

std::vector<std::uint8_t> read_bytes(const fs::path& file) {
  constexpr std::uintmax_t kMostBytes = std::uintmax_t{1} << 30;
  std::error_code error;
  if (const auto missing = why_missing(file); !missing.empty()) throw unreadable(file, missing);
  if (!fs::is_regular_file(file, error)) {  // A pipe that nobody writes into would be waited for for ever.
    throw unreadable(file, "it is no regular file; give the picture as one");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw unreadable(file, "the file cannot be opened; check its permissions");
  check_format(file, stream);
  const auto size = fs::file_size(file, error);
  if (error || size > kMostBytes) {
    throw unreadable(file, fmt::format("it has {} bytes, and at most {} are read; give a smaller image", size,
                                       kMostBytes));
  }
  std::vector<std::uint8_t> bytes(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (stream.gcount() < static_cast<std::streamsize>(size)) {
    throw unreadable(file, "the file cannot be read to its end; check the disk");
  }
  return bytes;
}

/// \param said  what the libraries print of it; empty: nothing
cv::Mat decode(const fs::path& file, const std::vector<std::uint8_t>& bytes, std::string& said) {
  QuietErrorStream quiet;
  try {
    // OpenCV knows nothing of WebP's orientation, and of JPEG's only where its segment is the first of its
    // kind.
    const bool turned_here = is_jpeg(bytes) || is_webp(bytes);
    const cv::Mat image = cv::imdecode(
        bytes, turned_here ? cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION : cv::IMREAD_COLOR);
    said = quiet.end();
    if (image.empty()) throw no_image(file, bytes, said);
    return turn_upright(image, turned_here ? exif_orientation(bytes) : 1);
  } catch (const cv::Exception& error) {
    throw unreadable(file, error.err + "; give an image of fewer pixels");
  }
}

void note(const std::string& text, std::string* remark) {
  if (remark == nullptr) {
    spdlog::warn("{}", text);
  } else {
    *remark = text;
  }
}

std::vector<std::uint8_t> encode(const cv::Mat& image, const fs::path& file) {
  std::vector<std::uint8_t> bytes;
  const auto format = file.has_extension() ? file.extension().string() : ".png";  // Devices have none.
  try {
    if (cv::imencode(format, image, bytes)) return bytes;
  } catch (const cv::Exception& error) {
    throw engine::Error(
        fmt::format("Cannot write '{}': {}; give a name that ends in .png", file.string(), error.err));
  } catch (const std::bad_alloc&) {
    throw engine::Error(
        fmt::format("Cannot write '{}': no memory for its {} pixels", file.string(), image.total()));
  }
  throw engine::Error(
      fmt::format("Cannot write '{}': its format cannot hold {}x{} pixels in colour; give a "
                  "name that ends in .png",
                  file.string(), image.cols, image.rows));
}

}  // namespace

int exif_orientation(Bytes file) {
  if (is_jpeg(file)) {
    constexpr std::uint8_t kApp1 = 0xE1;
    return tiff_orientation(find_segment(file, kApp1, kExif));
  }
  if (!is_webp(file)) return 1;
  for (std::size_t chunk = 12; chunk + 8 <= file.size();) {
    const std::size_t bytes = read_number(file, chunk + 4, 4, false);
    if (has_at(file, chunk, "EXIF")) {
      return tiff_orientation(file.subspan(chunk + 8, std::min(bytes, file.size() - chunk - 8)));
    }
    chunk += 8 + bytes + bytes % 2;  // Chunks start at even offsets.
  }
  return 1;
}

std::string why_missing(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (fs::exists(status)) return {};
  if (status.type() == fs::file_type::not_found) return "there is no such file; check the name";
  return error.message() + "; check the permissions of the folders that it is in";
}

cv::Mat turn_upright(const cv::Mat& image, int orientation) {
  // 5..8 store columns as rows; what is left then is a mirroring, told by OpenCV's flip codes.
  constexpr int kKeep = 2;
  constexpr std::array<int, 9> kFlip{kKeep, kKeep, 1, -1, 0, kKeep, 1, -1, 0};
  cv::Mat turned = image;
  if (orientation >= 5) cv::transpose(image, turned);
  const int flip = kFlip.at(static_cast<std::size_t>(orientation));
  if (flip == kKeep) return turned;
  cv::Mat flipped;
  cv::flip(turned, flipped, flip);
  return flipped;
}

bool is_complete(Bytes file) {
  if (is_jpeg(file)) return jpeg_end(file).has_value();
  if (has_at(file, 0, "\x89PNG\r\n")) {
    constexpr std::string_view kEnd = "IEND";
    return std::search(file.begin(), file.end(), kEnd.begin(), kEnd.end()) != file.end();
  }
  return true;  // OpenCV itself refuses the other formats when they are cut short.
}

cv::Mat read_image(const fs::path& file, std::string* remark) {
  try {
    auto bytes = read_bytes(file);
    if (!is_complete(bytes)) {
      throw unreadable(
          file, fmt::format("the image ends before it is complete ({} bytes); copy it again", bytes.size()));
    }
    keep_colours_under_alpha(bytes);
    std::string said;
    auto image = decode(file, bytes, said);
    // Colour profiles, whose flaws libpng likes to tell, are not applied.
    if (!said.empty() && said.find("iCCP") == std::string::npos) {
      note(fmt::format("'{}' may be damaged: {}; what was read of it is used", file.string(), said), remark);
    } else if (holds_more_pictures(bytes)) {
      note(fmt::format(
               "'{}' holds more pictures, and only the first is looked at; give a film of JPEGs a name "
               "that ends in .mjpeg",
               file.string()),
           remark);
    }
    return image;
  } catch (const std::bad_alloc&) {
    throw unreadable(file, "there is not enough memory for it; give an image of fewer pixels");
  }
}

void write_image(const cv::Mat& image, const fs::path& file) {
  // Not imwrite(): it prints what fails instead of saying it, and knows no disk that is full.
  const auto bytes = encode(image, file);
  engine::PendingFile pending(file);
  std::ofstream stream(pending.path(), std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  stream << kMark;
  stream.close();
  if (!stream) {
    throw engine::Error(fmt::format(
        "Cannot write '{}': give a folder that you may write to, on a disk with room", file.string()));
  }
  pending.commit();
}

bool is_annotated_copy(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(-static_cast<std::streamoff>(kMark.size()), std::ios::end);
  std::string end(kMark.size(), ' ');
  stream.read(end.data(), static_cast<std::streamsize>(end.size()));
  return stream.good() && end == kMark;
}

}  // namespace rcnn::launch
