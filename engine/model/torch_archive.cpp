// SPDX-License-Identifier: MIT
#include <zip.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"

namespace rcnn::engine {
namespace {

constexpr zip_int64_t kMaxEntries = 1 << 18;

/// The zip archive that torch.save writes: PREFIX/data.pkl, PREFIX/data/KEY, PREFIX/byteorder, all of them
/// stored. Borrows the bytes of the file.
class Archive {
 public:
  Archive(std::span<const std::byte> bytes, const std::string& where)
      : where_(where), left_(2 * bytes.size()) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source != nullptr) zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    if (!zip_) {
      if (source != nullptr) zip_source_free(source);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw ModelError(where + ": damaged or truncated zip archive (" + reason +
                       "); copy or download it again");
    }
    zip_error_fini(&error);
    find_prefix();
  }

  /// Whole contents of PREFIX/name. \throws ModelError
  std::vector<std::byte> read(const std::string& name) {
    const auto index = find(name);
    if (index < 0) throw ModelError(where_ + ": has no entry '" + pickle::printable(prefix_ + name) + "'");
    zip_stat_t status;
    zip_stat_init(&status);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    const auto what = where_ + ": entry '" + pickle::printable(prefix_ + name) + "'";
    if (zip_stat_index(zip_.get(), static_cast<zip_uint64_t>(index), 0, &status) != 0 ||
        (status.valid & kNeeded) != kNeeded) {
      throw ModelError(what + " is damaged");
    }
    // torch never compresses; a compressed entry could unpack to a thousand times the file.
    if (status.comp_method != ZIP_CM_STORE || status.size != status.comp_size) {
      throw ModelError(what + " is compressed, which torch.save never does; save the checkpoint again");
    }
    if (status.size > left_) throw ModelError(what + " is larger than the file, or overlaps other entries");
    left_ -= status.size;
    std::vector<std::byte> bytes(status.size);
    const std::unique_ptr<zip_file_t, Close> file(
        zip_fopen_index(zip_.get(), static_cast<zip_uint64_t>(index), 0));
    if (!file || zip_fread(file.get(), bytes.data(), status.size) != static_cast<zip_int64_t>(status.size)) {
      throw ModelError(what + kDamaged);
    }
    if (!at_sound_end(file.get())) throw ModelError(what + end_problem(file.get()));
    return bytes;
  }

  bool has(const std::string& name) const { return find(name) >= 0; }

 private:
  struct Close {
    void operator()(zip_t* zip) const { zip_discard(zip); }
    void operator()(zip_file_t* file) const { zip_fclose(file); }
  };

  static constexpr const char* kDamaged = " is damaged; copy or download the file again";

  /// Why a file's end is not sound. torch can be told to save no checksums, and then writes wrong ones.
  static std::string end_problem(zip_file_t* file) {
    if (zip_error_code_zip(zip_file_get_error(file)) != ZIP_ER_CRC) return kDamaged;
    return " does not have its checksum: either it is damaged, then copy or download the file again, or it "
           "was "
           "saved with torch.serialization.set_crc32_options(False), then save it again with True";
  }

  /// libzip compares the checksum only when it reaches the end.
  static bool at_sound_end(zip_file_t* file) {
    std::byte beyond{};
    return zip_fread(file, &beyond, 1) == 0;
  }

  zip_int64_t find(const std::string& name) const {
    return zip_name_locate(zip_.get(), (prefix_ + name).c_str(), 0);
  }

  void find_prefix() {
    const auto count = zip_get_num_entries(zip_.get(), 0);
    if (count > kMaxEntries) throw ModelError(where_ + ": has more entries than any checkpoint");
    constexpr std::string_view kPickle = "data.pkl";
    bool found = false;
    for (zip_int64_t index = 0; index < count; ++index) {
      const char* name = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(index), 0);
      if (name == nullptr) continue;
      const std::string_view entry(name);
      const auto slash = entry.find('/');
      if (slash != std::string_view::npos && entry.substr(slash + 1) == kPickle) {
        prefix_ = entry.substr(0, slash + 1);
        found = true;
      } else if (entry == kPickle && !found) {
        found = true;
      }
    }
    if (!found) {
      throw ModelError(where_ +
                       ": is a zip archive without data.pkl, so not of torch.save; give a .pth, .pkl or "
                       ".safetensors file");
    }
    if (has("constants.pkl")) {
      throw ModelError(where_ +
                       ": is a TorchScript program; give the checkpoint (state dict) that it was made from");
    }
  }

  const std::string& where_;
  std::unique_ptr<zip_t, Close> zip_;
  std::string prefix_;
  zip_uint64_t left_;  ///< Bytes that may still be read: entries of a sound archive do not overlap
};

/// Whether the storages are in the other byte order than this machine's.
bool is_swapped(Archive& archive, const std::string& where) {
  if (!archive.has("byteorder")) return std::endian::native != std::endian::little;
  const auto bytes = archive.read("byteorder");
  const std::string_view order(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (order != "little" && order != "big") {
    throw ModelError(where + ": byteorder is '" + pickle::printable(order) + "'; expected little or big");
  }
  return (order == "little") != (std::endian::native == std::endian::little);
}

struct Named {
  const std::string* name;
  const pickle::Array* array;
};

/// All tensors of one storage, which is read once and given back; equal views share their values.
void read_storage(Archive& archive, const std::string& key, const std::vector<Named>& tensors, bool swapped,
                  const std::string& where, std::uint64_t& budget, NamedTensors& result) {
  const auto bytes = archive.read("data/" + key);
  std::vector<std::pair<const pickle::Array*, CheckpointTensor>> known;
  for (const auto& [name, array] : tensors) {
    const auto what = where + ": '" + pickle::printable(*name) + "'";
    const auto same = std::find_if(known.begin(), known.end(), [&, view = array](const auto& other) {
      return other.first->layout == view->layout;
    });
    if (same != known.end()) {
      result.emplace(*name, same->second);
      continue;
    }
    const auto& type = array->storage->type;
    if (array->storage->count > bytes.size() / type.bytes) {
      throw ModelError(what + " needs a storage of " + std::to_string(array->storage->count) + " values; '" +
                       pickle::printable(key) + "' has " + std::to_string(bytes.size()) + " bytes");
    }
    const auto size = *checked_count(array->layout.shape) * type.bytes;
    if (size > budget) throw ModelError(what + " is one of too many views of the same values");
    budget -= size;
    auto layout = array->layout;
    layout.swapped = swapped;
    CheckpointTensor tensor{layout.shape, std::make_shared<const std::vector<float>>(to_f32(layout, bytes))};
    known.emplace_back(array, tensor);
    result.emplace(*name, std::move(tensor));
  }
}

}  // namespace

std::vector<std::byte> read_torch_pickle(std::span<const std::byte> bytes, const std::string& where) {
  return Archive(bytes, where).read("data.pkl");
}

NamedTensors read_torch_archive(std::span<const std::byte> bytes, const std::string& where) {
  Archive archive(bytes, where);
  const bool swapped = is_swapped(archive, where);
  const auto data = archive.read("data.pkl");
  const auto document = pickle::read(data, where);
  const auto entries = find_state_dict(document, where);
  std::map<std::string, pickle::Ref> others;  // Numbers, and NumPy arrays, which torch.save() pickles
  std::map<std::string, std::vector<Named>> storages;
  for (const auto& [name, ref] : entries) {
    const auto* array = document.get_if<std::unique_ptr<pickle::Array>>(ref);
    if (array != nullptr && (*array)->storage) {
      storages[std::string((*array)->storage->key)].push_back({&name, array->get()});
    } else {
      others.emplace(name, ref);
    }
  }
  auto tensors = read_numpy_arrays(document, others, data.size(), where);
  // Views may overlap, but not so that the file multiplies.
  std::uint64_t budget = 4 * std::uint64_t{bytes.size()};
  for (const auto& [key, named] : storages) {
    read_storage(archive, key, named, swapped, where, budget, tensors);
  }
  return tensors;
}

}  // namespace rcnn::engine
