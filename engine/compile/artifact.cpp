// SPDX-License-Identifier: MIT
#include "engine/compile/artifact.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <mutex>
#include <string_view>
#include <utility>

#include "engine/compile/artifact_format.hpp"
#include "engine/compile/partition.hpp"
#include "engine/compile/precision.hpp"
#include "engine/errors.hpp"
#include "engine/model/mapped_file.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;  // Of JSON; ours are 5 deep

struct StoredTensor {
  Artifact::TensorInfo info;
  std::span<const std::byte> bytes;
  std::string checksum;
  mutable std::atomic<bool> checked{false};
};

json parse_json(std::string_view text) {
  const auto bounded = [](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth)
      throw ModelError("its header is nested too deeply; the file is damaged or hostile");
    return true;
  };
  return json::parse(text, bounded);
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The header's text. \throws ModelError for what is no safetensors file, or cut off within its header.
std::string_view header_text(std::span<const std::byte> file) {
  const auto text = as_text(file);
  constexpr const char* kCompile = "; make an artifact of it with `neuron-rcnn compile`";
  if (text.starts_with("PK\x03\x04"))
    throw ModelError(std::string("it is a PyTorch checkpoint (.pth)") + kCompile);
  if (text.starts_with("\x80")) throw ModelError(std::string("it is a pickled checkpoint (.pkl)") + kCompile);
  if (file.size() <= kLengthBytes) {
    throw ModelError("it is no artifact: it has only " + std::to_string(file.size()) + " bytes");
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
  if (text[kLengthBytes] != '{' || length > kMaxHeaderBytes) {
    throw ModelError("it is no artifact; expected is a *.rcnn file made by `neuron-rcnn compile`");
  }
  if (length > file.size() - kLengthBytes) {
    throw ModelError("it is truncated: expected are more than " + std::to_string(length + kLengthBytes) +
                     " bytes, found are " + std::to_string(file.size()));
  }
  if ((kLengthBytes + length) % sizeof(float) != 0) {
    throw ModelError("its tensors are not aligned; it was not made by `neuron-rcnn compile`");
  }
  return text.substr(kLengthBytes, length);
}

/// The strings of "__metadata__". \throws ModelError for plain checkpoints and newer versions.
std::map<std::string, std::string> read_metadata(const json& header) {
  const auto found = header.find("__metadata__");
  auto metadata = found == header.end() ? std::map<std::string, std::string>()
                                        : found->get<std::map<std::string, std::string>>();
  if (const auto format = metadata.find("format");
      format == metadata.end() || format->second != kArtifactFormat) {
    throw ModelError(
        "it is a plain safetensors checkpoint; make an artifact of it with `neuron-rcnn compile`");
  }
  const auto& text = metadata.at("version");
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || version < 1) {
    throw ModelError("its version is '" + text + "'; the file is damaged");
  }
  if (version < kArtifactVersion) {
    throw ModelError("it has version " + std::to_string(version) + ", made by " + metadata.at("producer") +
                     "; this program reads " + std::to_string(kArtifactVersion) +
                     ": compile the model again");
  }
  if (version > kArtifactVersion) {
    throw ModelError("it has version " + std::to_string(version) + ", made by " + metadata.at("producer") +
                     "; this program reads up to " + std::to_string(kArtifactVersion) +
                     ": update it, or compile the model again");
  }
  return metadata;
}

/// Elements, or nothing if a dimension is negative or the product exceeds `limit`.
bool fits(const Shape& shape, std::uint64_t limit) {
  std::uint64_t count = 1;
  for (const auto extent : shape) {
    if (extent < 0) return false;
    if (extent != 0 && count > limit / static_cast<std::uint64_t>(extent)) return false;
    count *= static_cast<std::uint64_t>(extent);
  }
  return count <= limit;
}

}  // namespace

struct Artifact::State {
  explicit State(const std::filesystem::path& path) : file(path), mapping(path) {}

  void read();
  void read_tensors(const json& header, std::span<const std::byte> data);
  void add_tensor(const std::string& name, const json& entry, std::span<const std::byte> data);

  std::filesystem::path file;
  MappedFile mapping;
  NetworkConfig config;
  CompileOptions options;
  std::vector<Program> programs;
  std::vector<Node> host_nodes;
  json metadata;
  std::map<std::string, std::string> checksums;
  std::map<std::string, StoredTensor> tensors;
  std::mutex mutex;                                   ///< Guards widened
  std::map<std::string, std::vector<float>> widened;  ///< Values of tensors of two bytes
};

void Artifact::State::add_tensor(const std::string& name, const json& entry,
                                 std::span<const std::byte> data) {
  const auto shape = entry.at("shape").get<Shape>();
  const auto range = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
  const auto dtype = entry.at("dtype").get<std::string>();
  const auto type = find_dtype(dtype);
  const auto width = type ? size_of(*type) : 1;
  if (!type || range[0] > range[1] || range[0] % width != 0 || !fits(shape, std::uint64_t{1} << 34) ||
      static_cast<std::uint64_t>(element_count(shape)) * width != range[1] - range[0]) {
    throw ModelError("tensor '" + name + "' is " + dtype + " " + to_string(shape) + " in " +
                     std::to_string(range[1] - range[0]) +
                     " bytes, which does not agree; the file is damaged");
  }
  if (range[1] > data.size()) {
    const auto header = mapping.bytes().size() - data.size();
    throw ModelError("it is truncated: expected are at least " + std::to_string(header + range[1]) +
                     " bytes, found are " + std::to_string(mapping.bytes().size()));
  }
  auto& tensor = tensors[name];
  tensor.info = {shape, *type, range[1] - range[0]};
  tensor.bytes = data.subspan(range[0], tensor.info.bytes);
  tensor.checksum = checksums.at(name);
}

void Artifact::State::read_tensors(const json& header, std::span<const std::byte> data) {
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") add_tensor(name, entry, data);
  }
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    end = std::max(end, static_cast<std::uint64_t>(tensor.bytes.data() - data.data()) + tensor.bytes.size());
  }
  if (end != data.size()) {
    throw ModelError("it has " + std::to_string(data.size() - end) +
                     " bytes after its last tensor; the file is damaged");
  }
}

void Artifact::State::read() {
  const auto text = header_text(mapping.bytes());
  const auto header = parse_json(text);
  const auto strings = read_metadata(header);
  if (header_checksum(header) != strings.at("checksum")) {
    throw ModelError("the checksum of its header does not match; the file is damaged");
  }
  if (strings.at("pooled_order") != kPooledOrder) {
    throw ModelError("its pooled regions are ordered '" + strings.at("pooled_order") + "'; supported is '" +
                     kPooledOrder + "'");
  }
  checksums = parse_json(strings.at("checksums")).get<std::map<std::string, std::string>>();
  read_tensors(header, mapping.bytes().subspan(kLengthBytes + text.size()));
  const bool classifier = strings.contains("classifier");
  if (classifier) {
    config = parse_json(strings.at("classifier")).get<ClassifierConfig>();
  } else {
    config = parse_json(strings.at("config")).get<ModelConfig>();
  }
  options = parse_options(parse_json(strings.at("options")));
  const auto& partition = classifier ? classifier_partition() : find_partition(options.partition);
  for (const auto& json : parse_json(strings.at("programs"))) {
    auto graph = json.get<Graph>();
    const bool on_core = runs_on_core(partition, graph.name);
    programs.push_back({std::move(graph), on_core});
  }
  host_nodes = parse_json(strings.at("host_nodes")).get<std::vector<Node>>();
  std::map<std::string, Shape> shapes;
  for (const auto& [name, tensor] : tensors) {
    shapes[name] = tensor.info.shape;
    if (const auto wanted = stored_type(options.precision, tensor.info.shape); wanted != tensor.info.dtype) {
      throw ModelError("tensor '" + name + "' is " + to_string(tensor.info.dtype) + "; in precision '" +
                       options.precision + "' it is " + to_string(wanted));
    }
  }
  check_programs(config, options, programs, shapes);

  metadata = strings;
  for (const char* key :
       {classifier ? "classifier" : "config", "options", "programs", "host_nodes", "checksums"}) {
    metadata[key] = parse_json(strings.at(key));
  }
}

Artifact::Artifact() = default;
Artifact::~Artifact() = default;

std::shared_ptr<const Artifact> Artifact::open(const std::filesystem::path& file) {
  const std::shared_ptr<Artifact> artifact(new Artifact());
  artifact->state_ = std::make_unique<State>(file);
  const auto refuse = [&](const std::string& why) {
    throw ModelError("artifact " + file.string() + ": " + why);
  };
  try {
    artifact->state_->read();
  } catch (const Error& error) {
    refuse(error.what());
  } catch (const json::exception& error) {
    refuse(std::string("its header cannot be read, the file is damaged (") + error.what() + ")");
  } catch (const std::out_of_range&) {
    refuse("its header lacks an entry, the file is damaged");
  }
  return artifact;
}

const std::filesystem::path& Artifact::file() const { return state_->file; }

const std::string& Artifact::model_name() const {
  return is_classifier() ? classifier().arch : config().name;
}

bool Artifact::is_classifier() const { return std::holds_alternative<ClassifierConfig>(state_->config); }

const ModelConfig& Artifact::config() const {
  if (const auto* config = std::get_if<ModelConfig>(&state_->config)) return *config;
  throw ModelError("artifact " + state_->file.string() + " holds the classifier " + classifier().arch +
                   "; expected is a detector (`neuron-rcnn classify` runs classifiers)");
}

const ClassifierConfig& Artifact::classifier() const {
  if (const auto* config = std::get_if<ClassifierConfig>(&state_->config)) return *config;
  throw ModelError("artifact " + state_->file.string() + " holds the detector " + config().name +
                   "; expected is a classifier (`neuron-rcnn detect` runs detectors)");
}

const CompileOptions& Artifact::options() const { return state_->options; }
const std::vector<Program>& Artifact::programs() const { return state_->programs; }
const std::vector<Node>& Artifact::host_nodes() const { return state_->host_nodes; }
const json& Artifact::metadata() const { return state_->metadata; }

std::map<std::string, Artifact::TensorInfo> Artifact::tensors() const {
  std::map<std::string, TensorInfo> infos;
  for (const auto& [name, tensor] : state_->tensors) infos[name] = tensor.info;
  return infos;
}

std::span<const float> Artifact::weight(const std::string& name) const {
  const auto found = state_->tensors.find(name);
  if (found == state_->tensors.end()) {
    throw ModelError("artifact " + state_->file.string() + " has no tensor '" + name + "'");
  }
  const auto& tensor = found->second;
  if (!tensor.checked.load(std::memory_order_relaxed)) {  // Two threads may check at once; both find the same
    if (checksum(tensor.bytes) != tensor.checksum) {
      throw ModelError("artifact " + state_->file.string() + ": the checksum of tensor '" + name +
                       "' does not match, the file is damaged; compile the model again");
    }
    tensor.checked.store(true, std::memory_order_relaxed);
  }
  if (tensor.info.dtype == DType::kF32) {
    return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
  }
  const std::lock_guard lock(state_->mutex);
  auto& values = state_->widened[name];
  if (values.empty()) values = widen(tensor.bytes, tensor.info.dtype);
  return values;
}

void Artifact::release_pages() const {
  {
    const std::lock_guard lock(state_->mutex);
    state_->widened.clear();
  }
  const auto bytes = state_->mapping.bytes();
  ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(),
            MADV_DONTNEED);  // Advice: failure costs memory only
}

}  // namespace rcnn::engine
