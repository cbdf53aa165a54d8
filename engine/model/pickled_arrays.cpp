// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"

namespace rcnn::engine {
namespace {

/// Of what the text stands for: in UTF-8 a byte from 0x80 on takes two.
std::size_t byte_count(const pickle::Text& text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  return text.raw.size() -
         (text.utf8 ? static_cast<std::size_t>(std::ranges::count_if(text.raw, continues)) : 0);
}

}  // namespace

CheckpointTensor read_numpy_array(const pickle::Array& array, const std::string& what) {
  if (!array.complete) throw ModelError(what + " has no contents");
  if (array.storage) throw ModelError(what + " is a torch tensor in a plain pickle; expected a NumPy array");
  if (!array.unsupported.empty()) {
    throw ModelError(what + " has type '" + array.unsupported +
                     "'; expected floating point or whole numbers");
  }
  const auto& layout = array.layout;
  const auto bytes = *checked_count(layout.shape) * layout.type.bytes;
  // Checked before decoding too: what is decoded is never longer than its source.
  if (bytes > array.data.raw.size()) {
    throw ModelError(what + " of shape " + to_string(layout.shape) + " needs " + std::to_string(bytes) +
                     " bytes and has " + std::to_string(array.data.raw.size()));
  }
  const auto data = pickle::bytes_of(array.data);
  if (!data || data->size() != bytes) {
    throw ModelError(what + " of shape " + to_string(layout.shape) + " needs " + std::to_string(bytes) +
                     " bytes and has " + (data ? std::to_string(data->size()) : "text that is not latin1"));
  }
  return {layout.shape, std::make_shared<const std::vector<float>>(to_f32(layout, *data))};
}

NamedTensors read_numpy_arrays(const pickle::Document& document,
                               const std::map<std::string, pickle::Ref>& entries, std::uint64_t budget,
                               const std::string& where) {
  NamedTensors tensors;
  std::map<pickle::Ref, CheckpointTensor> known;  // Names of one array share its values
  for (const auto& [name, ref] : entries) {
    const auto [found, is_new] = known.try_emplace(ref);
    if (is_new) {
      const auto what = where + ": '" + pickle::printable(name) + "'";
      if (const auto* array = document.get_if<std::unique_ptr<pickle::Array>>(ref)) {
        const auto size = byte_count((*array)->data);
        if (size > budget)
          throw ModelError(what + " shares its bytes with other arrays; expected each to have its own");
        budget -= size;
        found->second = read_numpy_array(**array, what);
      } else {
        found->second = {{}, number_tensor(document, ref)};
      }
    }
    tensors.emplace(name, found->second);
  }
  return tensors;
}

NamedTensors read_pickled_arrays(std::span<const std::byte> bytes, const std::string& where) {
  const auto document = pickle::read(bytes, where);
  return read_numpy_arrays(document, find_state_dict(document, where), bytes.size(), where);
}

}  // namespace rcnn::engine
