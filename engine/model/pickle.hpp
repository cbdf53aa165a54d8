// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/stored_array.hpp"

/// A pickle read on a small machine that executes nothing: it knows the constructors of arrays and refuses
/// any other name in the file by that name. Thread safety: functions are reentrant, const methods
/// thread-safe.
namespace rcnn::engine::pickle {

/// Index into Document::values. Values are never walked recursively, so a pickle may refer to itself.
using Ref = std::uint32_t;

/// Text or bytes, borrowed from the file or from Document::decoded.
struct Text {
  std::string_view raw;
  bool is_bytes = false;
  bool utf8 = false;  ///< Each UTF-8 character is one Latin-1 character or byte; decoded when it is needed
};

/// The bytes that `text` stands for; nullopt where a character is not Latin-1.
std::optional<std::vector<std::byte>> bytes_of(const Text& text);

struct Sequence {
  bool tuple = false;
  std::vector<Ref> items;
};

/// Insertion order; the last of equal keys counts.
struct Dict {
  std::vector<std::pair<Ref, Ref>> items;
};

/// A name that the file may call or use: find_global() has the list.
struct Global {
  enum class Name : std::uint8_t {
    kReconstruct,
    kFromBuffer,
    kScalar,
    kNdarray,
    kDtype,
    kEncode,
    kBytes,
    kBoxMode,
    kOrderedDict,
    kRebuildTensor,
    kRebuildParameter,
    kStorage
  };
  Name name;
  ElementType type;  ///< kStorage
};

/// numpy.dtype; without `type` it is one that no weight has (objects, text, dates).
struct Dtype {
  std::string text;
  std::optional<ElementType> type;
  bool swapped = false;
};

/// torch storage, named by its entry in the archive.
struct Storage {
  ElementType type;
  std::string_view key;
  std::uint64_t count = 0;
};

/// A NumPy array or a torch tensor; its elements are still in the file.
struct Array {
  std::string unsupported;  ///< Its dtype, if it cannot be read as numbers
  bool complete = false;    ///< False between numpy's _reconstruct and its state
  StoredArray layout;
  Text data;                       ///< NumPy
  std::optional<Storage> storage;  ///< torch
};

struct None {};
/// Something that no weight is: sets, frozensets, integers over 64 bits.
struct Opaque {};

/// Large kinds lie on the heap: most values of a pickle are small.
using Value = std::variant<None, Opaque, bool, std::int64_t, double, Text, Sequence, Dict, Global,
                           std::unique_ptr<Dtype>, std::unique_ptr<Storage>, std::unique_ptr<Array>>;

/// What a pickle says. Borrows from the bytes that it was read from.
struct Document {
  std::deque<Value> values;
  std::deque<std::string> decoded;
  Ref root = 0;

  /// Null where the value is of another kind. \throws std::out_of_range for a reference of another document
  template <typename T>
  const T* get_if(Ref ref) const {
    return std::get_if<T>(&values.at(ref));
  }
};

/// What a pickle should be, in the words of the messages that refuse it.
struct Purpose {
  std::string_view noun;
  std::string_view plain;    ///< What to do about names that are not read
  std::string_view tensors;  ///< About torch tensors that pickle.dump() wrote
  std::string_view fewer;    ///< About too many values
};
inline constexpr Purpose kCheckpoint{
    "checkpoint", "Save the bare state dict and use that",
    "save the state dict with torch.save(), or its NumPy arrays: {k: v.numpy() for k, v in "
    "STATE_DICT.items()}",
    "training kept more than the model in it, such as a list of its losses; save that alone: "
    "torch.save(torch.load(FILE, map_location='cpu')['model'], NEW_FILE)"};

/// Protocols 0 to 5.
/// Bounds: 2^22 values, stack entries and memories, each of which takes a byte of the file or more; names of
/// 256 characters, 32 axes; no allocation exceeds what the bytes that were read justify. \throws ModelError
/// naming `where` and the position: truncated, malformed, or refers to a foreign name.
Document read(std::span<const std::byte> bytes, const std::string& where,
              const Purpose& purpose = kCheckpoint);

/// Text from a file made safe to print: one line, at most 120 characters.
std::string printable(std::string_view text);

}  // namespace rcnn::engine::pickle
