// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;
using Kind = ElementType::Kind;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = kMaxSafetensorsHead - kLengthBytes;
constexpr int kMaxDepth = 3;  // {name: {shape: [...]}}

constexpr std::array<std::pair<std::string_view, ElementType>, 13> kTypes{{
    {"F32", {Kind::kFloat, 4}},
    {"F16", {Kind::kFloat, 2}},
    {"BF16", {Kind::kBrainFloat, 2}},
    {"F64", {Kind::kFloat, 8}},
    {"I8", {Kind::kSigned, 1}},
    {"I16", {Kind::kSigned, 2}},
    {"I32", {Kind::kSigned, 4}},
    {"I64", {Kind::kSigned, 8}},
    {"U8", {Kind::kUnsigned, 1}},
    {"U16", {Kind::kUnsigned, 2}},
    {"U32", {Kind::kUnsigned, 4}},
    {"U64", {Kind::kUnsigned, 8}},
    {"BOOL", {Kind::kBool, 1}},
}};

struct Entry {
  std::string name;
  StoredArray layout;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// The header as JSON: no deeper than a header is, each tensor named once.
json parse_header(std::string_view text, const std::string& where) {
  std::set<std::string> names;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= kMaxDepth)
      throw ModelError(where + ": the header is nested deeper than any header");
    if (event == json::parse_event_t::key && depth == 1 && !names.insert(value.get<std::string>()).second) {
      throw ModelError(where + ": the header names '" + pickle::printable(value.get<std::string>()) +
                       "' twice");
    }
    return true;
  };
  try {
    auto header = json::parse(text, check);
    if (!header.is_object()) throw ModelError(where + ": the header is no JSON object");
    return header;
  } catch (const json::exception& error) {
    throw ModelError(where + ": the header is damaged: " + pickle::printable(error.what()));
  }
}

std::optional<std::vector<std::uint64_t>> whole_numbers(const json& entry, const char* key) {
  constexpr std::size_t kMaxItems = 32;
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array() || found->size() > kMaxItems) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const auto& item : *found) {
    if (!item.is_number_unsigned()) return std::nullopt;
    numbers.push_back(item.get<std::uint64_t>());
  }
  return numbers;
}

Entry read_entry(const std::string& name, const json& value, std::uint64_t data_bytes,
                 const std::string& where) {
  const auto what = where + ": '" + pickle::printable(name) + "'";
  if (!value.is_object()) throw ModelError(what + " is no tensor in the header");
  const auto dtype = value.find("dtype");
  const auto extents = whole_numbers(value, "shape");
  const auto offsets = whole_numbers(value, "data_offsets");
  if (dtype == value.end() || !dtype->is_string() || !extents || !offsets || offsets->size() != 2) {
    throw ModelError(what + " lacks a proper dtype, shape or data_offsets in the header");
  }
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) {
    return row.first == dtype->get_ref<const std::string&>();
  });
  if (type == kTypes.end()) {
    throw ModelError(what + " has type '" + pickle::printable(dtype->get_ref<const std::string&>()) +
                     "'; expected F32, F16, BF16, F64 or whole numbers");
  }
  Entry entry{name, {}, offsets->at(0), offsets->at(1)};
  for (const auto extent : *extents) entry.layout.shape.push_back(static_cast<std::int64_t>(extent));
  const auto count = checked_count(entry.layout.shape);
  if (!count) throw ModelError(what + " has an impossible shape");
  entry.layout.type = type->second;
  entry.layout.swapped = std::endian::native != std::endian::little;
  entry.layout.strides = packed_strides(entry.layout.shape);
  if (entry.end > data_bytes) {
    throw ModelError(where + ": is truncated: '" + pickle::printable(name) + "' ends at byte " +
                     std::to_string(entry.end) + " of the data, which has " + std::to_string(data_bytes));
  }
  if (entry.begin > entry.end || entry.end - entry.begin != *count * type->second.bytes) {
    throw ModelError(what + " of shape " + to_string(entry.layout.shape) + " needs " +
                     std::to_string(*count * type->second.bytes) + " bytes; its offsets are " +
                     std::to_string(entry.begin) + " to " + std::to_string(entry.end));
  }
  return entry;
}

/// The format allows no gaps and no overlaps: bytes that nobody names could be anything.
void check_cover(std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const auto& entry : entries) {
    if (entry.begin != at) {
      throw ModelError(where + ": '" + pickle::printable(entry.name) + "' begins at byte " +
                       std::to_string(entry.begin) + " of the data" +
                       (entry.begin < at ? ", inside another tensor" : ", after a gap") + "; expected " +
                       std::to_string(at));
    }
    at = entry.end;
  }
  if (at != data_bytes) {
    throw ModelError(where + ": " + std::to_string(data_bytes - at) +
                     " bytes after the last tensor belong to none");
  }
}

struct Parts {
  json header;
  std::span<const std::byte> data;
};

Parts split(std::span<const std::byte> bytes, const std::string& where) {
  std::uint64_t header_bytes = 0;
  for (std::size_t index = kLengthBytes; index-- > 0;) {
    header_bytes = header_bytes << 8 | std::to_integer<std::uint64_t>(bytes[index]);
  }
  const auto rest = bytes.subspan(kLengthBytes);
  if (header_bytes > rest.size() || header_bytes > kMaxHeader) {
    throw ModelError(where + ": the header claims " + std::to_string(header_bytes) + " bytes; the file has " +
                     std::to_string(rest.size()) + " for it, and at most " + std::to_string(kMaxHeader) +
                     " are read");
  }
  const auto header_size = static_cast<std::size_t>(header_bytes);
  return {parse_header({reinterpret_cast<const char*>(rest.data()), header_size}, where),
          rest.subspan(header_size)};
}

}  // namespace

std::optional<std::string> read_safetensors_metadata(std::span<const std::byte> bytes,
                                                     const std::string& where, const std::string& key) {
  const auto header = split(bytes, where).header;
  const auto metadata = header.find("__metadata__");
  if (metadata == header.end() || !metadata->is_object()) return std::nullopt;
  const auto found = metadata->find(key);
  if (found == metadata->end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

NamedTensors read_safetensors(std::span<const std::byte> bytes, const std::string& where) {
  const auto [header, data] = split(bytes, where);
  if (const auto meta = header.find("__metadata__"); meta != header.end() && meta->contains("programs")) {
    throw ModelError(where +
                     ": is a compiled model already; give it to detect, or give compile the checkpoint");
  }
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") entries.push_back(read_entry(name, value, data.size(), where));
  }
  check_cover(entries, data.size(), where);
  NamedTensors tensors;
  for (const auto& entry : entries) {
    const auto part = data.subspan(static_cast<std::size_t>(entry.begin),
                                   static_cast<std::size_t>(entry.end - entry.begin));
    tensors.emplace(entry.name,
                    CheckpointTensor{entry.layout.shape,
                                     std::make_shared<const std::vector<float>>(to_f32(entry.layout, part))});
  }
  return tensors;
}

}  // namespace rcnn::engine
