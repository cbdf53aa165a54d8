// SPDX-License-Identifier: MIT
#include "engine/model/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"
#include "engine/model/checksum.hpp"
#include "engine/model/file_bytes.hpp"

namespace rcnn::engine {
namespace {

using std::string_view_literals::operator""sv;

/// torch.save before 1.6: the file begins with a pickle of this magic number.
constexpr auto kLegacyTorch = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;

bool looks_like_safetensors(std::string_view text) {
  return text.size() > 8 && text[8] == '{' && text.substr(4, 4) == "\0\0\0\0"sv;  // Headers are below 4 GB
}

bool looks_like_pickle(std::string_view text) {
  if (text[0] == '\x80') return text.size() > 1 && text[1] <= 5 && text[1] >= 2;
  return std::string_view("(}]cd").find(text[0]) != std::string_view::npos;  // Protocols 0 and 1
}

/// What training programs wrap a network in puts its own name before those of all parameters: distributed
/// training, Lightning's modules, torch.compile().
constexpr std::array<std::string_view, 3> kWrappers{"module.", "model.", "_orig_mod."};

NamedTensors without_prefix(NamedTensors tensors, std::string_view prefix) {
  const bool all =
      std::ranges::all_of(tensors, [&](const auto& tensor) { return tensor.first.starts_with(prefix); });
  if (!all) return tensors;
  NamedTensors plain;
  for (auto& [name, tensor] : tensors) plain.emplace(name.substr(prefix.size()), std::move(tensor));
  return plain;
}

/// Wrappers may be wrapped, in whatever order.
NamedTensors unwrapped(NamedTensors tensors) {
  tensors.erase("n_averaged");  // A count that torch's AveragedModel keeps beside its "module."
  for (std::size_t count = 0; count < kWrappers.size(); ++count) {
    for (const auto prefix : kWrappers) tensors = without_prefix(std::move(tensors), prefix);
  }
  return tensors;
}

[[noreturn]] void refuse_unknown(std::string_view text, const std::string& where) {
  std::string hint;
  if (text.starts_with("version https://git-lfs")) hint = ": it is a Git LFS pointer; fetch the file itself";
  if (text.starts_with('<')) hint = ": it looks like a web page; was it downloaded from the right address?";
  if (text.starts_with("\x89HDF")) hint = ": it is an HDF5 file";
  throw ModelError(where + ": is no checkpoint" + hint +
                   ". Read are Detectron2's .pkl, torch's .pth (zip, torch 1.6 or later) and .safetensors");
}

}  // namespace

std::string checkpoint_format(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) throw ModelError(where + ": is empty");
  if (text.starts_with("PK\x03\x04")) return "pth";
  constexpr std::size_t kProtocol = 2, kFrame = 9;  // Bytes; protocols 4 and 5 have both
  auto after_protocol = text.substr(std::min(kProtocol, text.size()));
  if (after_protocol.starts_with('\x95'))
    after_protocol.remove_prefix(std::min(kFrame, after_protocol.size()));
  if (text[0] == '\x80' && after_protocol.starts_with(kLegacyTorch)) {
    throw ModelError(where +
                     ": is of torch.save before 1.6, a bare pickle stream; save it again with a newer torch: "
                     "torch.save(torch.load(FILE, map_location='cpu'), NEW_FILE)");
  }
  if (looks_like_safetensors(text)) return "safetensors";
  if (looks_like_pickle(text)) return "pkl";
  refuse_unknown(text, where);
}

Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::filesystem::path& file) {
  const auto where = file.string();
  const auto format = checkpoint_format(bytes, where);
  const auto read = format == "pth"           ? read_torch_archive
                    : format == "safetensors" ? read_safetensors
                                              : read_pickled_arrays;
  return {file, format, unwrapped(read(bytes, where)), checksum(bytes)};
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
  const FileBytes whole(file);
  return parse_checkpoint(whole.bytes(), file);
}

}  // namespace rcnn::engine
