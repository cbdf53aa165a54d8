// SPDX-License-Identifier: MIT
#include "engine/model/proposal_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"
#include "engine/model/file_bytes.hpp"

namespace rcnn::engine {
namespace {

using pickle::Document;
using pickle::Ref;

constexpr pickle::Purpose kProposals{
    "file of proposals",
    "Save plain lists, numbers and NumPy arrays alone: dict(ids=list(IDS), boxes=[NumPy arrays], "
    "objectness_logits=[NumPy arrays], bbox_mode=0 or 1)",
    "save NumPy arrays: [b.numpy() for b in BOXES]", "divide it into files of some 100,000 images"};

constexpr std::int64_t kCorners = 0;        // BoxMode.XYXY_ABS
constexpr std::int64_t kCornerAndSize = 1;  // BoxMode.XYWH_ABS

/// Entry of either name; null if there is neither.
const Ref* find_entry(const Document& document, const pickle::Dict& dict, std::string_view name,
                      std::string_view older_name) {
  const Ref* found = nullptr;
  for (const auto& [key, value] : dict.items) {
    const auto* text = document.get_if<pickle::Text>(key);
    if (text != nullptr && (text->raw == name || text->raw == older_name)) found = &value;
  }
  return found;
}

/// The values of a NumPy array of integers with so many axes, exactly; nothing where it is none.
std::optional<std::vector<std::int64_t>> integers(const pickle::Array& array, std::size_t axes) {
  using Kind = ElementType::Kind;
  const auto& [type, swapped, shape, strides, offset] = array.layout;
  if (!array.complete || array.storage || !array.unsupported.empty() || shape.size() != axes ||
      (type.kind != Kind::kSigned && type.kind != Kind::kUnsigned)) {
    return std::nullopt;
  }
  const auto bytes = pickle::bytes_of(array.data).value_or(std::vector<std::byte>());
  const auto count = *checked_count(shape);
  if (bytes.size() / type.bytes != count || bytes.size() % type.bytes != 0) return std::nullopt;
  std::vector<std::int64_t> values;
  for (std::size_t begin = 0; begin < bytes.size(); begin += type.bytes) {
    std::vector<std::byte> digits(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(begin + type.bytes));
    if (!swapped) std::ranges::reverse(digits);  // This machine is little-endian: the highest first
    const bool negative = type.kind == Kind::kSigned && std::to_integer<int>(digits.front()) >= 0x80;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (const auto byte : digits) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    values.push_back(static_cast<std::int64_t>(value));
  }
  return values;
}

/// Python's or NumPy's; nothing where it is none.
std::optional<std::int64_t> whole_number(const Document& document, Ref ref) {
  if (const auto* number = document.get_if<std::int64_t>(ref)) return *number;
  const auto* array = document.get_if<std::unique_ptr<pickle::Array>>(ref);
  const auto values = array != nullptr ? integers(**array, 0) : std::nullopt;
  return values ? std::optional(values->front()) : std::nullopt;
}

/// An id as Python's str() writes it.
std::string id_text(const Document& document, Ref ref, const std::string& where) {
  if (const auto number = whole_number(document, ref)) return std::to_string(*number);
  if (const auto* text = document.get_if<pickle::Text>(ref)) return std::string(text->raw);
  throw ModelError(where + ": an entry of 'ids' is neither a whole number nor text");
}

}  // namespace

struct ProposalFile::State {
  struct Image {
    Ref boxes;
    Ref logits;
  };

  explicit State(const std::filesystem::path& file)
      : where(file.string()), contents(file), document(pickle::read(contents.bytes(), where, kProposals)) {
    const auto* dict = document.get_if<pickle::Dict>(document.root);
    if (dict == nullptr) throw ModelError(where + ": holds no dictionary" + kExpected);
    const auto ids = read_ids(*dict);
    const auto& boxes = list(*dict, "boxes", "boxes");
    const auto& logits = list(*dict, "objectness_logits", "scores");
    if (boxes.size() != ids.size() || logits.size() != ids.size()) {
      throw ModelError(where + ": has " + std::to_string(ids.size()) + " ids, " +
                       std::to_string(boxes.size()) + " boxes and " + std::to_string(logits.size()) +
                       " objectness_logits; expected as many of each: one entry an image");
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      check_shapes(ids[i], {boxes[i], logits[i]});
      images.insert_or_assign(ids[i], Image{boxes[i], logits[i]});  // The last of equal ids, as Detectron2
    }
    read_mode(*dict);
  }

  /// A list of ids, or a NumPy array of whole numbers.
  std::vector<std::string> read_ids(const pickle::Dict& dict) const {
    std::vector<std::string> ids;
    const auto* entry = find_entry(document, dict, "ids", "indexes");
    const auto* found = entry != nullptr ? document.get_if<std::unique_ptr<pickle::Array>>(*entry) : nullptr;
    if (found == nullptr) {
      for (const auto id : list(dict, "ids", "indexes")) ids.push_back(id_text(document, id, where));
      return ids;
    }
    const auto numbers = integers(**found, 1);
    if (!numbers) {
      throw ModelError(where + ": its 'ids' are a NumPy array, but not of whole numbers with one axis" +
                       kExpected);
    }
    for (const auto number : *numbers) ids.push_back(std::to_string(number));
    return ids;
  }

  const std::vector<Ref>& list(const pickle::Dict& dict, const char* name, const char* older_name) const {
    const auto* entry = find_entry(document, dict, name, older_name);
    const auto* sequence = entry != nullptr ? document.get_if<pickle::Sequence>(*entry) : nullptr;
    if (sequence == nullptr) {
      throw ModelError(where +
                       (entry != nullptr ? ": '" + std::string(name) + "' is no list"
                                         : ": has no '" + std::string(name) + "'") +
                       kExpected);
    }
    return sequence->items;
  }

  void read_mode(const pickle::Dict& dict) {
    const auto* entry = find_entry(document, dict, "bbox_mode", "bbox_mode");
    if (entry == nullptr) return;
    const auto mode = whole_number(document, *entry);
    if (!mode || (*mode != kCorners && *mode != kCornerAndSize)) {
      throw ModelError(where + ": its bbox_mode is " + (mode ? std::to_string(*mode) : "no number") +
                       "; supported are 0 (XYXY_ABS) and 1 (XYWH_ABS)");
    }
    sized = *mode == kCornerAndSize;
  }

  const pickle::Array& array(Ref ref, const std::string& what) const {
    const auto* found = document.get_if<std::unique_ptr<pickle::Array>>(ref);
    if (found == nullptr) throw ModelError(what + " is no NumPy array");
    return **found;
  }
  std::string name(const char* entry, const std::string& id) const {
    return where + ": '" + entry + "' of image " + pickle::printable(id);
  }

  void check_shapes(const std::string& id, const Image& image) const {
    const auto& boxes = array(image.boxes, name("boxes", id)).layout.shape;
    const auto& logits = array(image.logits, name("objectness_logits", id)).layout.shape;
    if (logits.size() != 1 || boxes != Shape{logits[0], 4}) {
      throw ModelError(name("boxes", id) + " is " + to_string(boxes) + " and its objectness_logits " +
                       to_string(logits) + "; expected are [R, 4] and [R]");
    }
  }

  static constexpr const char* kExpected =
      "; expected are Detectron2's precomputed proposals: a dictionary of the lists 'ids', 'boxes' and "
      "'objectness_logits'";

  const std::string where;
  const FileBytes contents;
  const Document document;  ///< Borrows from the contents
  std::map<std::string, Image> images;
  bool sized = false;  ///< XYWH_ABS
};

ProposalFile::ProposalFile(const std::filesystem::path& file) : state_(std::make_unique<State>(file)) {}
ProposalFile::~ProposalFile() = default;

std::size_t ProposalFile::image_count() const { return state_->images.size(); }
bool ProposalFile::contains(const std::string& id) const { return state_->images.contains(id); }

std::vector<Proposal> ProposalFile::find(const std::string& id) const {
  const auto& images = state_->images;
  const auto image = images.find(id);
  if (image == images.end()) {
    throw ModelError(state_->where + ": has no image '" + pickle::printable(id) + "'; it has " +
                     std::to_string(images.size()) +
                     (images.empty() ? "" : ", such as '" + pickle::printable(images.begin()->first) + "'"));
  }
  const auto read = [&](const char* entry, Ref ref) {
    auto tensor = read_numpy_array(state_->array(ref, state_->name(entry, id)), state_->name(entry, id));
    if (!std::all_of(tensor.values->begin(), tensor.values->end(),
                     [](float v) { return std::isfinite(v); })) {
      throw ModelError(state_->name(entry, id) + " has values that are infinite or no numbers");
    }
    return tensor;
  };
  const auto boxes = read("boxes", image->second.boxes),
             logits = read("objectness_logits", image->second.logits);
  std::vector<Proposal> proposals(logits.values->size());
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const float* box = boxes.values->data() + 4 * i;
    proposals[i] = {{box[0], box[1], box[2], box[3]}, (*logits.values)[i]};
    if (state_->sized) {
      proposals[i].box.x1 += box[0];
      proposals[i].box.y1 += box[1];
    }
  }
  return proposals;
}

}  // namespace rcnn::engine
