// SPDX-License-Identifier: MIT
#include "tests/support/npz.hpp"

#include <zip.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <stdexcept>
#include <utility>

namespace rcnn::tests {
namespace {

using engine::DType;

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

DType dtype_of(const std::string& descr, const std::string& name) {
  static const std::map<std::string, DType> kTypes{
      {"<f4", DType::kF32}, {"<f2", DType::kF16}, {"<f8", DType::kF64},
      {"|i1", DType::kS8},  {"|u1", DType::kU8},  {"<i2", DType::kS16},
      {"<i4", DType::kS32}, {"<i8", DType::kS64}, {"|b1", DType::kBool}};
  const auto found = kTypes.find(descr);
  if (found == kTypes.end()) throw std::runtime_error(name + ": NumPy type '" + descr + "' is not read here");
  return found->second;
}

/// Fortran order keeps the first axis fastest; tests want the last.
std::vector<std::byte> to_c_order(const std::vector<std::byte>& source, const engine::Shape& shape,
                                  std::size_t element) {
  std::vector<std::byte> result(source.size());
  engine::Shape index(shape.size(), 0);
  const auto count = source.size() / element;
  for (std::size_t at = 0; at < count; ++at) {
    std::size_t from = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from = from * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(index[axis]);
    }
    std::memcpy(&result[at * element], &source[from * element], element);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return result;
}

std::vector<std::byte> read_entry(zip_t* archive, zip_uint64_t index, const std::string& name) {
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0)
    throw std::runtime_error(name + ": no size in the archive");
  std::vector<std::byte> bytes(stat.size);
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen_index(archive, index, 0));
  if (!entry || zip_fread(entry.get(), bytes.data(), stat.size) != static_cast<zip_int64_t>(stat.size)) {
    throw std::runtime_error(name + ": cannot be read from the archive");
  }
  return bytes;
}

}  // namespace

Npz::Npz(const std::filesystem::path& file) : file_(file) {
  if (file.extension() == ".npy") {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw std::runtime_error(file.string() + ": cannot be opened");
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::vector<std::byte> bytes(text.size());
    if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
    arrays_[file.stem()] = parse(bytes, file.string());
    return;
  }
  const std::unique_ptr<zip_t, CloseZip> archive(zip_open(file.c_str(), ZIP_RDONLY, nullptr));
  if (!archive) throw std::runtime_error(file.string() + ": not a zip archive, or not there");
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t index = 0; index < count; ++index) {
    std::string name = zip_get_name(archive.get(), index, 0);
    const auto where = file.string() + ": " + name;
    const auto bytes = read_entry(archive.get(), index, where);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays_[name] = parse(bytes, where);
  }
}

Npz::Array Npz::parse(const std::vector<std::byte>& file, const std::string& name) {
  const auto* text = reinterpret_cast<const char*>(file.data());
  if (file.size() < 12 || std::string(text, 6) != "\x93NUMPY")
    throw std::runtime_error(name + ": not a .npy file");
  const bool long_header = file[6] > std::byte{1};
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, text + 8, long_header ? 4 : 2);  // Little-endian hosts only, like the data.
  const std::size_t start = long_header ? 12 : 10;
  if (file.size() < start + header_bytes) throw std::runtime_error(name + ": truncated header");
  const std::string header(text + start, header_bytes);

  std::smatch descr;
  std::smatch order;
  std::smatch extents;
  if (!std::regex_search(header, descr, std::regex("'descr': *'([^']+)'")) ||
      !std::regex_search(header, order, std::regex("'fortran_order': *(True|False)")) ||
      !std::regex_search(header, extents, std::regex("'shape': *\\(([^)]*)\\)"))) {
    throw std::runtime_error(name + ": header not understood: " + header);
  }
  Array array;
  array.dtype = dtype_of(descr[1], name);
  const std::string list = extents[1];
  const std::regex number("[0-9]+");
  for (std::sregex_iterator it(list.begin(), list.end(), number), end; it != end; ++it) {
    array.shape.push_back(std::stoll(it->str()));
  }
  const auto element = engine::size_of(array.dtype);
  const auto bytes = static_cast<std::size_t>(engine::element_count(array.shape)) * element;
  if (file.size() < start + header_bytes + bytes) throw std::runtime_error(name + ": truncated data");
  const auto data = file.begin() + static_cast<std::ptrdiff_t>(start + header_bytes);
  array.bytes.assign(data, data + static_cast<std::ptrdiff_t>(bytes));
  if (order[1] == "True") array.bytes = to_c_order(array.bytes, array.shape, element);
  return array;
}

std::vector<std::string> Npz::names() const {
  std::vector<std::string> result;
  for (const auto& [name, array] : arrays_) result.push_back(name);
  return result;
}

bool Npz::has(const std::string& name) const { return arrays_.contains(name); }

const engine::Shape& Npz::shape(const std::string& name) const { return array(name).shape; }

engine::DType Npz::dtype(const std::string& name) const { return array(name).dtype; }

const Npz::Array& Npz::array(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw std::runtime_error(file_.string() + " holds no array '" + name + "'");
  return found->second;
}

const Npz::Array& Npz::typed(const std::string& name, DType dtype) const {
  const auto& found = array(name);
  if (found.dtype != dtype) {
    throw std::runtime_error(file_.string() + ": '" + name + "' is " + to_string(found.dtype) + ", not " +
                             to_string(dtype));
  }
  return found;
}

}  // namespace rcnn::tests
