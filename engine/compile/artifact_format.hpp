// SPDX-License-Identifier: MIT
#pragma once

// What writing and reading an artifact share. The file: 8 bytes of little-endian header length N, N bytes of
// JSON (safetensors: "__metadata__" holds strings, every other key a tensor), then the tensors' bytes without
// gaps. Thread safety: all functions are reentrant.

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "engine/compile/compiler.hpp"

namespace rcnn::engine {

inline constexpr const char* kArtifactFormat = "rcnn";
/// Order of a pooled region's values, which the first linear weight is stored for.
inline constexpr const char* kPooledOrder = "bin, channel";
/// Metadata of files that do not hold all weights: {name: {"dtype", "shape"}} of the tensors that are
/// elsewhere, and, where some are here, a checksum over the checksums of all.
inline constexpr const char* kAbsentKey = "absent_tensors";
inline constexpr const char* kDigestKey = "weights_digest";
inline constexpr const char* kQuantizationKey = "quantization";
/// checksum() of the checkpoint's bytes; not there in graphs without weights and in files of earlier
/// versions.
inline constexpr const char* kCheckpointKey = "checkpoint_checksum";
inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{16} << 20;

/// Checksum of all metadata but the one named "checksum" and of the table of tensors.
/// \throws nlohmann::json::exception for metadata that is no text
std::string header_checksum(const nlohmann::json& header);

/// "F32", as safetensors names it; to_string()'s name where no artifact has such tensors.
std::string dtype_name(DType type);
/// The type of that name; nothing where no artifact has such tensors.
std::optional<DType> find_dtype(const std::string& name);

nlohmann::json options_json(const CompileOptions& options);
/// \throws ModelError, SettingError, nlohmann::json::exception
CompileOptions parse_options(const nlohmann::json& json);

/// Checks that the programs can run on the weights listed and that their borders are what the config says.
/// \throws ModelError
void check_programs(const NetworkConfig& config, const CompileOptions& options,
                    std::span<const Program> programs, const std::map<std::string, Shape>& weights);

}  // namespace rcnn::engine
