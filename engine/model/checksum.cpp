// SPDX-License-Identifier: MIT
#include "engine/model/checksum.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "engine/errors.hpp"
#include "engine/model/regular_file.hpp"

namespace rcnn::engine {
namespace {

std::string digits_of(XXH64_hash_t hash) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::string checksum(std::span<const std::byte> bytes) {
  return digits_of(XXH3_64bits(bytes.data(), bytes.size()));
}

std::string checksum(const std::string& text) { return checksum(std::as_bytes(std::span(text))); }

std::string file_checksum(const std::filesystem::path& path) {
  constexpr std::size_t kPieceBytes = std::size_t{1} << 20;  // Stays in the second-level cache of most
  const RegularFile file(path, "a file with contents");
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  std::vector<std::byte> memory(kPieceBytes);
  try {
    for (std::uint64_t offset = 0; offset < file.size(); offset += kPieceBytes) {
      const std::span piece(memory.data(), std::min<std::uint64_t>(kPieceBytes, file.size() - offset));
      file.read(offset, piece);
      XXH3_64bits_update(state.get(), piece.data(), piece.size());
    }
  } catch (const ModelError& error) {
    throw ModelError(path.string() + ": " + error.what());
  }
  return digits_of(XXH3_64bits_digest(state.get()));
}

}  // namespace rcnn::engine
