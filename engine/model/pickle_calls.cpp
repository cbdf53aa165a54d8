// SPDX-License-Identifier: MIT
#include "engine/model/pickle_calls.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <utility>

namespace rcnn::engine::pickle {
namespace {

using Kind = ElementType::Kind;
using Name = Global::Name;

struct GlobalRow {
  std::string_view module;  ///< "numpy.*" stands for numpy.core and numpy._core, its name since 2.0
  std::string_view name;
  Global global;
};
constexpr std::array kGlobals{
    GlobalRow{"numpy.*.multiarray", "_reconstruct", {Name::kReconstruct, {}}},
    GlobalRow{"numpy.*.multiarray", "scalar", {Name::kScalar, {}}},
    GlobalRow{"numpy.*.numeric", "_frombuffer", {Name::kFromBuffer, {}}},  // Arrays in protocol 5
    GlobalRow{"numpy", "ndarray", {Name::kNdarray, {}}},
    GlobalRow{"numpy", "dtype", {Name::kDtype, {}}},
    GlobalRow{"_codecs", "encode", {Name::kEncode, {}}},
    GlobalRow{"__builtin__", "bytes", {Name::kBytes, {}}},  // b"" in protocols 0 to 2
    GlobalRow{"detectron2.structures.boxes", "BoxMode", {Name::kBoxMode, {}}},
    GlobalRow{"collections", "OrderedDict", {Name::kOrderedDict, {}}},
    GlobalRow{"torch._utils", "_rebuild_tensor_v2", {Name::kRebuildTensor, {}}},
    GlobalRow{"torch._utils", "_rebuild_parameter", {Name::kRebuildParameter, {}}},
    GlobalRow{"torch", "FloatStorage", {Name::kStorage, {Kind::kFloat, 4}}},
    GlobalRow{"torch", "HalfStorage", {Name::kStorage, {Kind::kFloat, 2}}},
    GlobalRow{"torch", "BFloat16Storage", {Name::kStorage, {Kind::kBrainFloat, 2}}},
    GlobalRow{"torch", "DoubleStorage", {Name::kStorage, {Kind::kFloat, 8}}},
    GlobalRow{"torch", "LongStorage", {Name::kStorage, {Kind::kSigned, 8}}},
    GlobalRow{"torch", "IntStorage", {Name::kStorage, {Kind::kSigned, 4}}},
    GlobalRow{"torch", "ShortStorage", {Name::kStorage, {Kind::kSigned, 2}}},
    GlobalRow{"torch", "CharStorage", {Name::kStorage, {Kind::kSigned, 1}}},
    GlobalRow{"torch", "ByteStorage", {Name::kStorage, {Kind::kUnsigned, 1}}},
    GlobalRow{"torch", "BoolStorage", {Name::kStorage, {Kind::kBool, 1}}},
};

constexpr std::size_t kMaxAxes = 32;  // NumPy's own bound until 2.0

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

template <typename T>
const T& get(const Document& document, Ref ref, const char* what) {
  const auto* value = document.get_if<T>(ref);
  if (value == nullptr) fail(std::string("expected ") + what);
  return *value;
}

Ref argument(const Sequence& arguments, std::size_t index) {
  if (index >= arguments.items.size()) fail("a constructor has too few arguments");
  return arguments.items[index];
}

Shape shape_of(const Document& document, Ref ref, const char* what) {
  const auto& items = get<Sequence>(document, ref, what).items;
  if (items.size() > kMaxAxes)
    fail(std::string(what) + " has more than " + std::to_string(kMaxAxes) + " axes");
  Shape shape;
  for (const auto item : items) shape.push_back(get<std::int64_t>(document, item, what));
  return shape;
}

bool is_swapped(char order) {
  const bool little = std::endian::native == std::endian::little;
  return little ? order == '>' : order == '<';
}

Value make_dtype(std::string_view text) {
  auto dtype = std::make_unique<Dtype>();
  dtype->text = printable(text);
  if (!text.empty() && std::string_view("<>|=").find(text[0]) != std::string_view::npos) {
    dtype->swapped = is_swapped(text[0]);
    text.remove_prefix(1);
  }
  static constexpr std::array<std::pair<std::string_view, ElementType>, 12> kTypes{{
      {"f4", {Kind::kFloat, 4}},
      {"f2", {Kind::kFloat, 2}},
      {"f8", {Kind::kFloat, 8}},
      {"i1", {Kind::kSigned, 1}},
      {"i2", {Kind::kSigned, 2}},
      {"i4", {Kind::kSigned, 4}},
      {"i8", {Kind::kSigned, 8}},
      {"u1", {Kind::kUnsigned, 1}},
      {"u2", {Kind::kUnsigned, 2}},
      {"u4", {Kind::kUnsigned, 4}},
      {"u8", {Kind::kUnsigned, 8}},
      {"b1", {Kind::kBool, 1}},
  }};
  for (const auto& [name, type] : kTypes) {
    if (text == name) dtype->type = type;
  }
  return dtype;
}

/// Everything of a NumPy array but its place in the model.
void complete(Array& array, const Dtype& dtype, Shape shape, bool fortran, const Text* data) {
  if (!checked_count(shape)) fail("an array has the impossible shape " + to_string(shape));
  array.complete = true;
  array.layout.shape = std::move(shape);
  array.layout.strides = packed_strides(array.layout.shape, fortran);
  array.layout.swapped = dtype.swapped;
  if (dtype.type) array.layout.type = *dtype.type;
  array.unsupported = dtype.type && data != nullptr ? "" : dtype.text;
  if (data != nullptr) array.data = *data;
}

Value make_tensor(const Document& document, const Sequence& arguments) {
  auto array = std::make_unique<Array>();
  const auto& storage = get<std::unique_ptr<Storage>>(document, argument(arguments, 0), "a torch storage");
  array->complete = true;
  array->storage = *storage;
  array->layout.type = storage->type;
  array->layout.offset = get<std::int64_t>(document, argument(arguments, 1), "the offset of a tensor");
  array->layout.shape = shape_of(document, argument(arguments, 2), "the shape of a tensor");
  array->layout.strides = shape_of(document, argument(arguments, 3), "the strides of a tensor");
  const auto last = reach(array->layout);
  if (last && *last <= storage->count && *checked_count(array->layout.shape) > storage->count) {
    fail("a tensor of shape " + to_string(array->layout.shape) + " and strides " +
         to_string(array->layout.strides) +
         " repeats values of its storage, as expand() makes one; save the model with each tensor's .clone()");
  }
  if (!last || *last > storage->count) {
    fail("a tensor of shape " + to_string(array->layout.shape) + " and strides " +
         to_string(array->layout.strides) + " does not fit its storage of " + std::to_string(storage->count) +
         " values");
  }
  return array;
}

Value encode(const Document& document, const Sequence& arguments) {
  auto text = get<Text>(document, argument(arguments, 0), "text to encode");
  const auto& codec = get<Text>(document, argument(arguments, 1), "the name of an encoding");
  if (codec.raw != "latin1" && codec.raw != "latin-1") {
    fail("encodes as '" + printable(codec.raw) + "'; arrays are encoded as latin1");
  }
  text.is_bytes = true;
  return text;
}

Value make_bytes(const Sequence& arguments) {
  if (!arguments.items.empty()) fail("calls bytes() with arguments; only empty ones are made so");
  return Text{{}, true};
}

/// OrderedDict() or, in Python 2, OrderedDict([[key, value], ...]).
Value make_ordered_dict(const Document& document, const Sequence& arguments) {
  Dict dict;
  if (arguments.items.empty()) return dict;
  for (const auto item : get<Sequence>(document, arguments.items[0], "the items of an OrderedDict").items) {
    const auto& pair = get<Sequence>(document, item, "a pair of an OrderedDict").items;
    if (pair.size() != 2) fail("an OrderedDict has an item that is no pair");
    dict.items.emplace_back(pair[0], pair[1]);
  }
  return dict;
}

/// numpy.transpose(): axis i of the array is what was axis `axes[i]`.
void transpose(StoredArray& layout, const Shape& axes) {
  const StoredArray before = layout;
  std::vector<bool> taken(axes.size());
  if (axes.size() != before.shape.size()) fail("the axes of an array are not as many as its shape has");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(axes[i]);
    if (axes[i] < 0 || axis >= axes.size() || taken[axis]) {
      fail("the axes of an array are " + to_string(axes) + "; expected each from 0 on once");
    }
    taken[axis] = true;
    layout.shape[i] = before.shape[axis];
    layout.strides[i] = before.strides[axis];
  }
}

/// _frombuffer(bytes, dtype, shape, order[, axes]). In order "K", which NumPy 2.4 writes for views with
/// their axes exchanged, `shape` is that of the bytes in row-major order and `axes` make the array of it.
Value make_from_buffer(const Document& document, const Sequence& arguments) {
  auto array = std::make_unique<Array>();
  const auto& data = get<Text>(document, argument(arguments, 0), "the bytes of an array");
  const auto& dtype = get<std::unique_ptr<Dtype>>(document, argument(arguments, 1), "a dtype");
  const auto& order = get<Text>(document, argument(arguments, 3), "the order of an array").raw;
  if (order != "C" && order != "F" && order != "K") {
    fail("an array is in order '" + printable(order) + "'; read are 'C', 'F' and 'K'");
  }
  complete(*array, *dtype, shape_of(document, argument(arguments, 2), "the shape of an array"), order == "F",
           &data);
  if (order == "K") {
    transpose(array->layout, shape_of(document, argument(arguments, 4), "the axes of an array"));
  }
  return array;
}

Value make_scalar(const Document& document, const Sequence& arguments) {
  auto array = std::make_unique<Array>();
  const auto& dtype = get<std::unique_ptr<Dtype>>(document, argument(arguments, 0), "a dtype");
  complete(*array, *dtype, {}, false, document.get_if<Text>(argument(arguments, 1)));
  return array;
}

/// ndarray.__setstate__: ([version,] shape, dtype, is_fortran, bytes).
void build_array(Document& document, Array& array, const Sequence& state) {
  const auto first = state.items.size() == 5 ? 1U : 0U;
  if (state.items.size() != 4 + first)
    fail("the state of an array has " + std::to_string(state.items.size()) + " parts");
  const auto& dtype = get<std::unique_ptr<Dtype>>(document, state.items[first + 1], "the dtype of an array");
  const auto* flag = document.get_if<bool>(state.items[first + 2]);
  const auto* number =
      document.get_if<std::int64_t>(state.items[first + 2]);  // Protocols 0 and 1 of Python 2
  if (flag == nullptr && number == nullptr) fail("an array does not say whether it is in Fortran order");
  complete(array, *dtype, shape_of(document, state.items[first], "the shape of an array"),
           flag != nullptr ? *flag : *number != 0, document.get_if<Text>(state.items[first + 3]));
}

/// dtype.__setstate__: (version, byte order, ...).
void build_dtype(const Document& document, Dtype& dtype, const Sequence& state) {
  if (state.items.size() < 2) fail("the state of a dtype has too few parts");
  const auto& order = get<Text>(document, state.items[1], "a byte order").raw;
  if (order.size() != 1 || std::string_view("<>|=").find(order[0]) == std::string_view::npos) {
    fail("byte order '" + printable(order) + "' is none");
  }
  dtype.swapped = is_swapped(order[0]);
}

}  // namespace

std::optional<Global> find_global(std::string_view module, std::string_view name) {
  std::string plain(module);
  for (const std::string_view core : {"numpy.core.", "numpy._core."}) {
    if (module.starts_with(core)) plain = "numpy.*." + std::string(module.substr(core.size()));
  }
  for (const auto& row : kGlobals) {
    if (plain == row.module && name == row.name) return row.global;
  }
  return std::nullopt;
}

std::string known_globals() { return "NumPy arrays, torch tensors and collections.OrderedDict"; }

CallResult call(const Document& document, const Global& function, const Sequence& arguments) {
  switch (function.name) {
    case Name::kReconstruct:
      return {std::make_unique<Array>(), {}};
    case Name::kFromBuffer:
      return {make_from_buffer(document, arguments), {}};
    case Name::kScalar:
      return {make_scalar(document, arguments), {}};
    case Name::kDtype:
      return {make_dtype(get<Text>(document, argument(arguments, 0), "the name of a dtype").raw), {}};
    case Name::kEncode:
      return {encode(document, arguments), {}};
    case Name::kBytes:
      return {make_bytes(arguments), {}};
    case Name::kBoxMode:  // An IntEnum: its member is no more than the number
      return {get<std::int64_t>(document, argument(arguments, 0), "the number of a BoxMode"), {}};
    case Name::kOrderedDict:
      return {make_ordered_dict(document, arguments), {}};
    case Name::kRebuildTensor:
      return {make_tensor(document, arguments), {}};
    case Name::kRebuildParameter:
      get<std::unique_ptr<Array>>(document, argument(arguments, 0), "the tensor of a parameter");
      return {None{}, argument(arguments, 0)};
    case Name::kNdarray:
    case Name::kStorage:
      break;
  }
  fail("calls numpy.ndarray or a torch storage, which are only named in a pickle of arrays");
}

void build(Document& document, Ref target, Ref state) {
  auto& value = document.values.at(target);
  if (auto* array = std::get_if<std::unique_ptr<Array>>(&value); array != nullptr && !(*array)->storage) {
    return build_array(document, **array, get<Sequence>(document, state, "the state of an array"));
  }
  if (auto* dtype = std::get_if<std::unique_ptr<Dtype>>(&value)) {
    return build_dtype(document, **dtype, get<Sequence>(document, state, "the state of a dtype"));
  }
  if (std::holds_alternative<Dict>(value)) return;  // A state dict's _metadata: versions of modules
  fail("gives a state to something that has none");
}

Value storage_of(const Document& document, Ref id) {
  const auto& parts = get<Sequence>(document, id, "a tuple that names a storage");
  if (get<Text>(document, argument(parts, 0), "the kind of a persistent object").raw != "storage") {
    fail("refers to a persistent object that is no torch storage");
  }
  const auto& global = get<Global>(document, argument(parts, 1), "the type of a storage");
  if (global.name != Name::kStorage) fail("the type of a storage is none");
  auto storage = std::make_unique<Storage>();
  storage->type = global.type;
  storage->key = get<Text>(document, argument(parts, 2), "the name of a storage").raw;
  const auto count = get<std::int64_t>(document, argument(parts, 4), "the size of a storage");
  if (count < 0) fail("a storage has a negative size");
  storage->count = static_cast<std::uint64_t>(count);
  return storage;
}

}  // namespace rcnn::engine::pickle
