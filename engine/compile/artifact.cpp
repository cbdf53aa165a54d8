// SPDX-License-Identifier: MIT
#include "engine/compile/artifact.hpp"

#include <malloc.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "engine/compile/artifact_format.hpp"
#include "engine/compile/artifact_part.hpp"
#include "engine/compile/precision.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"

namespace rcnn::engine {

using nlohmann::json;

/// What a tensor holds. `mutex` guards it until `memory` is there; later it does not change.
struct Value {
  std::mutex mutex;
  std::shared_ptr<const void> memory;  ///< Where `floats` lie; null: not read yet
  std::span<const float> floats;
};

struct Artifact::State {
  /// Any of them describes the model; they agree.
  const ArtifactPart& whole() const { return *parts.front(); }
  const ArtifactPart* holder_of_tensor(const std::string& name) const {
    const auto holds = [&](const auto& part) { return part->stored.contains(name); };
    const auto found = std::find_if(parts.begin(), parts.end(), holds);
    return found == parts.end() ? nullptr : found->get();
  }
  const ArtifactPart* holder_of_program(const std::string& name) const {
    const auto holds = [&](const auto& part) {
      return std::find(part->held_programs.begin(), part->held_programs.end(), name) !=
             part->held_programs.end();
    };
    const auto found = std::find_if(parts.begin(), parts.end(), holds);
    return found == parts.end() ? nullptr : found->get();
  }

  std::filesystem::path path;
  std::vector<std::unique_ptr<ArtifactPart>> parts;      ///< One or more
  std::mutex mutex;                                      ///< Guards `values`, not what is in them
  std::map<std::string, std::shared_ptr<Value>> values;  ///< Of tensors that were asked for
};

std::vector<std::filesystem::path> artifact_files(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.path().extension() == ".rcnn") files.push_back(entry.path());
  }
  if (error || files.empty()) {
    throw ModelError("folder " + path.string() +
                     (error ? " cannot be read: " + error.message() : " has no *.rcnn file") +
                     "; give a *.rcnn file, or the folder that holds those of a model's programs");
  }
  std::sort(files.begin(), files.end());
  return files;
}

Artifact::Artifact() = default;
Artifact::~Artifact() = default;

std::shared_ptr<const Artifact> Artifact::open(const std::filesystem::path& path) {
  const std::shared_ptr<Artifact> artifact(new Artifact());
  artifact->state_ = std::make_unique<State>();
  artifact->state_->path = path;
  auto& parts = artifact->state_->parts;
  for (const auto& file : artifact_files(path)) parts.push_back(std::make_unique<ArtifactPart>(file));
  try {
    check_fit(parts);
  } catch (const ModelError& error) {
    throw ModelError("model " + path.string() + ": " + error.what());
  }
  return artifact;
}

const std::filesystem::path& Artifact::file() const { return state_->path; }

std::uintmax_t Artifact::bytes() const {
  std::uintmax_t bytes = 0;
  for (const auto& part : state_->parts) bytes += part->contents.size();
  return bytes;
}

const std::string& Artifact::model_name() const {
  return is_classifier() ? classifier().arch : config().name;
}

bool Artifact::is_classifier() const {
  return std::holds_alternative<ClassifierConfig>(state_->whole().config);
}

const ModelConfig& Artifact::config() const {
  if (const auto* config = std::get_if<ModelConfig>(&state_->whole().config)) return *config;
  throw ModelError(
      "artifact " + state_->path.string() + " holds the classifier " + classifier().arch +
      "; expected is a detector (`neuron-rcnn classify` and the element neuron-classify run classifiers)");
}

const ClassifierConfig& Artifact::classifier() const {
  if (const auto* config = std::get_if<ClassifierConfig>(&state_->whole().config)) return *config;
  throw ModelError(
      "artifact " + state_->path.string() + " holds the detector " + config().name +
      "; expected is a classifier (`neuron-rcnn detect` and the element neuronrcnn run detectors)");
}

const CompileOptions& Artifact::options() const { return state_->whole().options; }
std::string Artifact::checkpoint_checksum() const { return metadata().value(kCheckpointKey, std::string()); }
const std::optional<Quantization>& Artifact::quantization() const { return state_->whole().quantization; }
const std::vector<Program>& Artifact::programs() const { return state_->whole().programs; }
const std::vector<Node>& Artifact::host_nodes() const { return state_->whole().host_nodes; }
const json& Artifact::metadata() const { return state_->whole().metadata; }

std::vector<std::string> Artifact::held_programs() const {
  std::vector<std::string> held;
  for (const auto& program : programs()) {
    const auto& name = program.graph.name;
    if (state_->holder_of_program(name) != nullptr) held.push_back(name);
  }
  return held;
}

void Artifact::require_weights() const {
  std::string missing;
  for (const auto& program : programs()) {
    const auto& name = program.graph.name;
    if (state_->holder_of_program(name) == nullptr) missing += (missing.empty() ? "'" : ", '") + name + "'";
  }
  if (missing.empty()) return;
  const auto start = "artifact " + state_->path.string() + " holds no weights";
  if (held_programs().empty()) {
    throw ModelError(start + "; give it some with `neuron-rcnn compile --bind " + state_->path.string() +
                     " --weights CHECKPOINT -o MODEL.rcnn`");
  }
  throw ModelError(
      start + " of " + missing +
      "; put the files of all programs (`neuron-rcnn compile --program NAME`) into one folder and "
      "give the folder");
}

std::map<std::string, Artifact::TensorInfo> Artifact::tensors() const {
  auto infos = state_->whole().tensors;
  for (auto& [name, info] : infos) info.held = state_->holder_of_tensor(name) != nullptr;
  return infos;
}

std::span<const float> Artifact::weight(const std::string& name) const {
  const auto* part = state_->holder_of_tensor(name);
  if (part == nullptr) {
    throw ModelError("artifact " + state_->path.string() + " has no values of tensor '" + name + "'");
  }
  std::shared_ptr<Value> value;
  {
    const std::lock_guard lock(state_->mutex);
    auto& known = state_->values[name];
    if (!known) known = std::make_shared<Value>();
    value = known;
  }
  // Under the tensor's own lock: cores that load at once, and who reads ahead, read different ones, as a
  // rule.
  const std::lock_guard lock(value->mutex);
  if (value->memory) return value->floats;
  const auto& info = part->tensors.at(name);
  // Not zeroed first, which would take as long again.
  const auto stored = [&] {
    auto bytes = std::shared_ptr<std::byte[]>(new std::byte[info.bytes]);
    part->read(name, {bytes.get(), info.bytes});
    return bytes;
  };
  if (info.dtype == DType::kF32) {
    auto bytes = stored();
    value->floats = {reinterpret_cast<const float*>(bytes.get()), info.bytes / sizeof(float)};
    value->memory = std::move(bytes);
  } else if (info.dtype == DType::kS8) {
    const std::shared_ptr<float[]> floats(new float[info.bytes]);
    const auto bytes = stored();
    from_int8({bytes.get(), info.bytes}, weight(steps_name(name)), {floats.get(), info.bytes});
    value->floats = {floats.get(), info.bytes};
    value->memory = floats;
  } else {
    const auto bytes = stored();
    const auto floats =
        std::make_shared<const std::vector<float>>(widen({bytes.get(), info.bytes}, info.dtype));
    value->floats = *floats;
    value->memory = floats;
  }
  return value->floats;
}

void Artifact::release_values() const {
  {
    const std::lock_guard lock(state_->mutex);
    state_->values.clear();
  }
  ::malloc_trim(0);  // What was freed among other blocks would stay in memory: some 20 MB of R_50
}

}  // namespace rcnn::engine
