// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/checkpoint.hpp"
#include "engine/model/pickle.hpp"

/// The readers behind read_checkpoint, one a format; each gets the whole file in memory and the name to
/// blame. Thread safety: all functions are reentrant.
namespace rcnn::engine {

using NamedTensors = std::map<std::string, CheckpointTensor>;

/// read_checkpoint on bytes that are in memory already.
Checkpoint parse_checkpoint(std::span<const std::byte> bytes, const std::filesystem::path& file);

/// "pth", "safetensors" or "pkl". \throws ModelError for what is none of these, saying what it seems to be.
std::string checkpoint_format(std::span<const std::byte> bytes, const std::string& where);

/// What torch.save() has pickled, of a .pth. \throws ModelError
std::vector<std::byte> read_torch_pickle(std::span<const std::byte> bytes, const std::string& where);

/// A .safetensors file's header lies in its first bytes, of which no more are read. The largest zoo model has
/// 60 KB.
inline constexpr std::uint64_t kMaxSafetensorsHead = std::uint64_t{8} << 20;

/// The text that a .safetensors file has in "__metadata__" under `key`; nothing without. Its head is enough.
/// \pre checkpoint_format() is "safetensors". \throws ModelError
std::optional<std::string> read_safetensors_metadata(std::span<const std::byte> bytes,
                                                     const std::string& where, const std::string& key);

/// The values of an array of a plain pickle. \throws ModelError beginning with `what`: without contents, of a
/// type that is no number, or with more or fewer bytes than its shape needs.
CheckpointTensor read_numpy_array(const pickle::Array& array, const std::string& what);

/// NumPy arrays and plain numbers of a pickle. They may share their bytes in the file; together honest ones
/// are no larger than it, which is the `budget`. \throws ModelError
NamedTensors read_numpy_arrays(const pickle::Document& document,
                               const std::map<std::string, pickle::Ref>& entries, std::uint64_t budget,
                               const std::string& where);

/// The arrays of a whole file of that checkpoint_format(). \throws ModelError
NamedTensors read_pickled_arrays(std::span<const std::byte> bytes, const std::string& where);
NamedTensors read_torch_archive(std::span<const std::byte> bytes, const std::string& where);
NamedTensors read_safetensors(std::span<const std::byte> bytes, const std::string& where);

/// The entries of the state dict in a pickle: the top-level dictionary's "model", "state_dict" or
/// "model_state_dict"; without these the one of averaged weights ("model_ema", "ema_state_dict"), which are
/// warned about beside the others; or itself. Values are arrays or plain numbers. \throws ModelError for a
/// Caffe2 file, and where there is no state dict or it holds something else.
std::map<std::string, pickle::Ref> find_state_dict(const pickle::Document& document,
                                                   const std::string& where);

/// The tensor of a plain Python number; null if the value is none.
std::shared_ptr<const std::vector<float>> number_tensor(const pickle::Document& document, pickle::Ref ref);

}  // namespace rcnn::engine
