// SPDX-License-Identifier: MIT
#include "engine/compile/artifact_part.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

#include "engine/compile/artifact_format.hpp"
#include "engine/compile/partition.hpp"
#include "engine/compile/quantization.hpp"
#include "engine/errors.hpp"
#include "engine/model/checksum.hpp"

namespace rcnn::engine {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;  // Of JSON; ours are 5 deep

json parse_json(std::string_view text) {
  const auto bounded = [](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth)
      throw ModelError("its header is nested too deeply; the file is damaged or hostile");
    return true;
  };
  return json::parse(text, bounded);
}

/// The header's text. \throws ModelError for what is no safetensors file, or cut off within its header.
std::string header_text(const ArtifactFile& file) {
  std::string start(std::min<std::uint64_t>(file.size(), kLengthBytes + 1), '\0');
  file.read(0, std::as_writable_bytes(std::span(start)));
  constexpr const char* kCompile = "; make an artifact of it with `neuron-rcnn compile`";
  if (start.starts_with("PK\x03\x04"))
    throw ModelError(std::string("it is a PyTorch checkpoint (.pth)") + kCompile);
  // Headers of a length that ends in 0x80 begin like pickles; these name their protocol next.
  const bool header = start.size() > kLengthBytes && start[kLengthBytes] == '{';
  if (!header && start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5)
    throw ModelError(std::string("it is a pickled checkpoint (.pkl)") + kCompile);
  if (file.size() <= kLengthBytes) {
    throw ModelError("it is no artifact: it has only " + std::to_string(file.size()) + " bytes");
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length |= std::uint64_t{static_cast<unsigned char>(start[i])} << (8 * i);
  if (start[kLengthBytes] != '{' || length > kMaxHeaderBytes) {
    throw ModelError("it is no artifact; expected is a *.rcnn file made by `neuron-rcnn compile`");
  }
  if (length > file.size() - kLengthBytes) {
    throw ModelError("it is truncated: expected are more than " + std::to_string(length + kLengthBytes) +
                     " bytes, found are " + std::to_string(file.size()));
  }
  if ((kLengthBytes + length) % sizeof(float) != 0) {
    throw ModelError("its tensors are not aligned; it was not made by `neuron-rcnn compile`");
  }
  std::string text(length, '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(text)));
  return text;
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

/// Shape and type as a header's entry says; the bytes follow from them. \throws ModelError
Artifact::TensorInfo read_info(const std::string& name, const json& entry) {
  const auto shape = entry.at("shape").get<Shape>();
  const auto dtype = entry.at("dtype").get<std::string>();
  const auto type = find_dtype(dtype);
  if (!type || !fits(shape, std::uint64_t{1} << 34)) {
    throw ModelError("tensor '" + name + "' is " + dtype + " " + to_string(shape) +
                     ", which no artifact has; the file is damaged");
  }
  return {shape, *type, static_cast<std::size_t>(element_count(shape)) * size_of(*type), false};
}

}  // namespace

ArtifactPart::ArtifactPart(const std::filesystem::path& path) : file(path), contents(path) {
  const auto refuse = [&](const std::string& why) {
    throw ModelError("artifact " + file.string() + ": " + why);
  };
  try {
    read_all();
  } catch (const Error& error) {
    refuse(error.what());
  } catch (const json::exception& error) {
    refuse(std::string("its header cannot be read, the file is damaged (") + error.what() + ")");
  } catch (const std::out_of_range&) {
    refuse("its header lacks an entry, the file is damaged");
  }
}

void ArtifactPart::add_stored(const std::string& name, const json& entry, std::uint64_t begin,
                              const std::map<std::string, std::string>& checksums) {
  auto info = read_info(name, entry);
  info.held = true;
  const auto range = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
  if (range[0] > range[1] || range[0] % size_of(info.dtype) != 0 || info.bytes != range[1] - range[0]) {
    throw ModelError("tensor '" + name + "' is " + dtype_name(info.dtype) + " " + to_string(info.shape) +
                     " in " + std::to_string(range[1] - range[0]) +
                     " bytes, which does not agree; the file is damaged");
  }
  if (range[1] > contents.size() - begin) {
    throw ModelError("it is truncated: expected are at least " + std::to_string(begin + range[1]) +
                     " bytes, found are " + std::to_string(contents.size()));
  }
  auto& tensor = stored[name];
  tensor.info = info;
  tensor.offset = begin + range[0];
  tensor.checksum = checksums.at(name);
  tensors[name] = info;
}

void ArtifactPart::read_tensors(const json& header, std::uint64_t begin) {
  const auto strings = header.at("__metadata__");
  const auto checksums =
      parse_json(strings.at("checksums").get<std::string>()).get<std::map<std::string, std::string>>();
  if (strings.contains(kAbsentKey)) {
    const auto absent = parse_json(strings.at(kAbsentKey).get<std::string>());
    for (const auto& [name, entry] : absent.items()) tensors[name] = read_info(name, entry);
  }
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") add_stored(name, entry, begin, checksums);
  }
  std::uint64_t end = begin;
  for (const auto& [name, tensor] : stored) end = std::max(end, tensor.offset + tensor.info.bytes);
  if (end != contents.size()) {
    throw ModelError("it has " + std::to_string(contents.size() - end) +
                     " bytes after its last tensor; the file is damaged");
  }
}

void ArtifactPart::read_quantization() {
  const auto found = metadata.find(kQuantizationKey);
  const bool may = options.precision == kInt8 || options.precision == "bf16";
  if (found == metadata.end() ? options.precision == kInt8 : !may) {
    throw ModelError("it is of precision '" + options.precision + "' and has " +
                     (found == metadata.end() ? "no" : "a") + " quantization; the file is damaged");
  }
  if (found == metadata.end()) return;  // In bf16, of a version whose layers were all direct
  quantization = found->get<Quantization>();
  for (const auto& [weight, layer] : quantization->layers) {
    if (weight_precision(layer) != kInt8) continue;
    const auto tensor = tensors.find(weight), steps = tensors.find(steps_name(weight));
    if (tensor == tensors.end() || tensor->second.shape.empty() || steps == tensors.end() ||
        steps->second.shape != Shape{tensor->second.shape.front()}) {
      throw ModelError("the int8 weight '" + weight + "' is not there with a step for each of its channels");
    }
  }
  for (const auto& program : programs) {
    for (const auto& value : quantized_values(program.graph, *quantization)) {
      if (!quantization->activations.contains(value)) {
        throw ModelError("its quantization has no step for '" + value + "', which layers in int8 need");
      }
    }
  }
}

void ArtifactPart::check_types() const {
  for (const auto& [name, info] : tensors) {
    if (const auto wanted = stored_type(name, info.shape, options.precision, quantization);
        wanted != info.dtype) {
      throw ModelError("tensor '" + name + "' is " + to_string(info.dtype) + "; in precision '" +
                       options.precision + "' it is " + to_string(wanted));
    }
  }
}

void ArtifactPart::find_held_programs() {
  for (const auto& program : programs) {
    const auto names = parameter_names(program.graph, quantization);
    const auto held =
        std::count_if(names.begin(), names.end(), [&](const auto& name) { return stored.contains(name); });
    if (held != 0 && held != static_cast<std::ptrdiff_t>(names.size())) {
      throw ModelError("it has " + std::to_string(held) + " of the " + std::to_string(names.size()) +
                       " tensors of program '" + program.graph.name + "'; the file is damaged");
    }
    if (held != 0) held_programs.push_back(program.graph.name);
  }
}

void ArtifactPart::read_all() {
  const auto text = header_text(contents);
  const auto header = parse_json(text);
  const auto strings = read_metadata(header);
  if (header_checksum(header) != strings.at("checksum")) {
    throw ModelError("the checksum of its header does not match; the file is damaged");
  }
  if (strings.at("pooled_order") != kPooledOrder) {
    throw ModelError("its pooled regions are ordered '" + strings.at("pooled_order") + "'; supported is '" +
                     kPooledOrder + "'");
  }
  read_tensors(header, kLengthBytes + text.size());
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
  metadata = strings;
  for (const char* key : {classifier ? "classifier" : "config", "options", "programs", "host_nodes",
                          "checksums", kAbsentKey, kQuantizationKey}) {
    if (strings.contains(key)) metadata[key] = parse_json(strings.at(key));
  }
  read_quantization();
  check_types();
  std::map<std::string, Shape> shapes;
  for (const auto& [name, info] : tensors) shapes[name] = info.shape;
  check_programs(config, options, programs, shapes);
  find_held_programs();
  if (const auto digest = strings.find(kDigestKey); digest != strings.end()) weights_digest = digest->second;
}

void ArtifactPart::read(const std::string& name, std::span<std::byte> to) const {
  const auto& tensor = stored.at(name);
  try {
    contents.read(tensor.offset, to);
  } catch (const ModelError& error) {
    throw ModelError("artifact " + file.string() + ": " + error.what());
  }
  if (checksum(to) != tensor.checksum) {
    throw ModelError("artifact " + file.string() + ": the checksum of tensor '" + name +
                     "' does not match, the file is damaged; compile the model again");
  }
}

}  // namespace rcnn::engine
