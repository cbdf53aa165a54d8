// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>

#include "engine/compile/artifact.hpp"
#include "engine/compile/artifact_format.hpp"
#include "engine/compile/precision.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/files/pending_file.hpp"
#include "engine/model/checksum.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kProducer = "gst-neuron-rcnn 0.1.0";

/// A tensor as it is stored.
struct StoredTensor {
  const std::string& name;
  const CheckpointTensor& tensor;
  DType type;
  std::span<const float> steps{};  ///< Of weights in int8

  std::size_t size() const { return tensor.values->size() * size_of(type); }
  /// \param narrowed  holds the bytes where they are not the tensor's own
  std::span<const std::byte> bytes(std::vector<std::byte>& narrowed) const {
    if (type == DType::kF32) return std::as_bytes(std::span(*tensor.values));
    narrowed = type == DType::kS8 ? to_int8(*tensor.values, steps) : narrow(*tensor.values, type);
    return narrowed;
  }
};

using Names = std::set<std::string>;

/// Names of the tensors that these programs read. \throws SettingError for an unknown program
Names tensors_of(const CompiledModel& model, const std::vector<std::string>& programs) {
  Names names;
  for (const auto& wanted : programs) {
    std::string known;
    const auto is_wanted = [&](const Program& program) {
      known += (known.empty() ? "" : ", ") + program.graph.name;
      return program.graph.name == wanted;
    };
    const auto found = std::find_if(model.programs.begin(), model.programs.end(), is_wanted);
    if (found == model.programs.end()) {
      throw SettingError("program '" + wanted + "' is not there; with partition '" + model.options.partition +
                         "' the model has " + known);
    }
    names.merge(parameter_names(found->graph, model.quantization));
  }
  return names;
}

/// In the file's order: those of wider elements come first, so that all are aligned without gaps.
std::vector<StoredTensor> all_tensors(const CompiledModel& model) {
  std::vector<StoredTensor> stored;
  for (const std::size_t width : {4U, 2U, 1U}) {
    for (const auto& [name, tensor] : model.weights) {
      const auto type = stored_type(name, tensor.shape, model.options.precision, model.quantization);
      if (size_of(type) != width) continue;
      stored.push_back({name, tensor, type});
      if (type == DType::kS8) stored.back().steps = *model.weights.at(steps_name(name)).values;
    }
  }
  return stored;
}

nlohmann::json checksums_of(std::span<const StoredTensor> tensors) {
  auto checksums = nlohmann::json::object();
  std::vector<std::byte> narrowed;
  for (const auto& stored : tensors) checksums[stored.name] = checksum(stored.bytes(narrowed));
  return checksums;
}

/// Names of configs are those of files, which may be no UTF-8.
std::string mended_text(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json metadata_of(const CompiledModel& model, const nlohmann::json& checksums) {
  nlohmann::json programs = nlohmann::json::array();
  for (const auto& program : model.programs) programs.push_back(program.graph);
  const bool classifier = std::holds_alternative<ClassifierConfig>(model.config);
  const auto config = std::visit([](const auto& any) { return mended_text(any); }, model.config);
  nlohmann::json metadata{{"format", kArtifactFormat},
                          {"version", std::to_string(kArtifactVersion)},
                          {"producer", kProducer},
                          {"pooled_order", kPooledOrder},
                          {classifier ? "classifier" : "config", config},
                          {"options", mended_text(options_json(model.options))},
                          {"programs", programs.dump()},
                          {"host_nodes", nlohmann::json(model.host_nodes).dump()},
                          {"checksums", checksums.dump()}};
  if (!model.checkpoint_checksum.empty()) metadata[kCheckpointKey] = model.checkpoint_checksum;
  if (model.quantization) metadata[kQuantizationKey] = nlohmann::json(*model.quantization).dump();
  return metadata;
}

/// What a file that does not hold all weights says of the others. The digest tells models of one config
/// apart.
void describe_absent(const CompiledModel& model, const Names& held, nlohmann::json& metadata) {
  auto absent = nlohmann::json::object();
  for (const auto& tensor : all_tensors(model)) {
    if (held.contains(tensor.name)) continue;
    absent[tensor.name] = {{"dtype", dtype_name(tensor.type)}, {"shape", tensor.tensor.shape}};
  }
  if (absent.empty()) return;
  metadata[kAbsentKey] = absent.dump();
  if (!held.empty()) metadata[kDigestKey] = checksum(checksums_of(all_tensors(model)).dump());
}

std::string header_of(const CompiledModel& model, const Names& held, std::span<const StoredTensor> tensors) {
  nlohmann::json header;
  header["__metadata__"] = metadata_of(model, checksums_of(tensors));
  describe_absent(model, held, header["__metadata__"]);
  std::size_t offset = 0;
  for (const auto& stored : tensors) {
    const auto end = offset + stored.size();
    header[stored.name] = {
        {"dtype", dtype_name(stored.type)}, {"shape", stored.tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  header["__metadata__"]["checksum"] = header_checksum(header);
  auto text = header.dump();
  constexpr std::size_t kAlign = 64;  // The first tensor starts on a cache line
  text.append((kAlign - (kLengthBytes + text.size()) % kAlign) % kAlign, ' ');
  return text;
}

void write_all(const CompiledModel& model, const Names& held, const std::filesystem::path& file,
               const Progress& progress) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) throw std::system_error(errno, std::generic_category());
  std::vector<StoredTensor> tensors;
  for (const auto& tensor : all_tensors(model)) {
    if (held.contains(tensor.name)) tensors.push_back(tensor);
  }
  const auto header = header_of(model, held, tensors);
  std::array<char, kLengthBytes> length{};
  for (std::size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  out.write(length.data(), length.size());
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  const int total = static_cast<int>(tensors.size());
  int done = 0;
  std::vector<std::byte> narrowed;
  for (const auto& stored : tensors) {
    if (progress) progress(done, total, stored.name);
    const auto bytes = stored.bytes(narrowed);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out) break;
    ++done;
  }
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category());
  if (progress) progress(total, total, "written");
}

}  // namespace

void write_artifact(const CompiledModel& model, const std::filesystem::path& file, const Progress& progress) {
  std::vector<std::string> programs;
  for (const auto& program : model.programs) programs.push_back(program.graph.name);
  write_artifact_part(model, programs, file, progress);
}

void write_artifact_part(const CompiledModel& model, const std::vector<std::string>& programs,
                         const std::filesystem::path& file, const Progress& progress) {
  const auto held = tensors_of(model, programs);
  PendingFile pending(file);
  try {
    write_all(model, held, pending.path(), progress);
  } catch (const std::system_error& error) {
    throw Error("Cannot write the artifact '" + file.string() + "': " + error.code().message() +
                "; choose a folder that can be written to and has room for it");
  }
  pending.commit();
}

}  // namespace rcnn::engine
