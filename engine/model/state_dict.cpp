// SPDX-License-Identifier: MIT
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"

namespace rcnn::engine {
namespace {

using pickle::Document;
using pickle::Ref;

constexpr std::size_t kMaxName = 1024;

/// Where training programs put it: Detectron2 under the first; PyTorch's examples, timm and Lightning under
/// the second; PyTorch's tutorials under the last.
constexpr std::array<std::string_view, 3> kModelKeys{"model", "state_dict", "model_state_dict"};

/// What a training checkpoint keeps beside its model.
constexpr std::array<std::string_view, 6> kBesideModel{"__author__", "matching_heuristics", "trainer",
                                                       "optimizer",  "scheduler",           "iteration"};

/// Entries with text keys, the last of equal keys.
std::map<std::string, Ref> text_entries(const Document& document, const pickle::Dict& dict) {
  std::map<std::string, Ref> entries;
  for (const auto& [key, value] : dict.items) {
    const auto* text = document.get_if<pickle::Text>(key);
    if (text != nullptr && text->raw.size() <= kMaxName)
      entries.insert_or_assign(std::string(text->raw), value);
  }
  return entries;
}

bool is_number(const Document& document, Ref ref) {
  return document.get_if<bool>(ref) != nullptr || document.get_if<std::int64_t>(ref) != nullptr ||
         document.get_if<double>(ref) != nullptr;
}

bool is_array(const Document& document, Ref ref) {
  return document.get_if<std::unique_ptr<pickle::Array>>(ref) != nullptr;
}

/// Names such as "conv1_w" and "res2_0_branch2a_w" come from Caffe2 and Detectron1.
void refuse_caffe2(const std::map<std::string, Ref>& entries, const std::string& where) {
  std::string name;
  for (const auto& [key, value] : entries) {
    if (key == "conv1_w" || key.find("_branch2a_") != std::string::npos) name = key;
  }
  if (name.empty() && !entries.contains("blobs")) return;
  throw ModelError(
      where + ": is a Caffe2 file" + (name.empty() ? " (it has 'blobs')" : " (it names '" + name + "')") +
      ": a backbone to start training from, or a Detectron1 model, but no Detectron2 detector; give a "
      "trained detector, such as the zoo's model_final_*.pkl");
}

bool holds_arrays(const Document& document, Ref ref) {
  const auto* dict = document.get_if<pickle::Dict>(ref);
  return dict != nullptr &&
         std::ranges::any_of(dict->items, [&](const auto& item) { return is_array(document, item.second); });
}

/// The Python that saves one entry of a file alone. \param entry  of NumPy arrays or torch tensors
std::string save_alone(const Document& document, const std::string& key, Ref entry) {
  const auto* dict = document.get_if<pickle::Dict>(entry);
  const auto is_numpy = [&](const auto& item) {
    const auto* array = document.get_if<std::unique_ptr<pickle::Array>>(item.second);
    return array != nullptr && !(*array)->storage;
  };
  const auto name = "['" + pickle::printable(key) + "']";
  return dict != nullptr && std::ranges::any_of(dict->items, is_numpy)
             ? "pickle.dump(pickle.load(open(FILE, 'rb'))" + name + ", open(NEW_FILE, 'wb'))"
             : "torch.save(torch.load(FILE, map_location='cpu')" + name + ", NEW_FILE)";
}

[[noreturn]] void refuse_foreign(const Document& document, const std::map<std::string, Ref>& entries,
                                 const std::string& where) {
  const auto start = where +
                     ": holds no state dict; expected a dictionary with 'model', 'state_dict' or "
                     "'model_state_dict', or parameter names and arrays; ";
  if (entries.empty()) throw ModelError(start + "it has no named entries");
  std::string keys;
  std::size_t shown = 0;
  for (const auto& [key, value] : entries) {
    if (++shown > 10) break;
    if (!keys.empty()) keys += ", ";
    keys.append("'").append(pickle::printable(key)).append("'");
  }
  const auto found =
      std::ranges::find_if(entries, [&](const auto& entry) { return holds_arrays(document, entry.second); });
  throw ModelError(start + "found the keys " + keys + ": save the one that holds the parameters alone, " +
                   (found != entries.end() ? "such as " + save_alone(document, found->first, found->second)
                                           : save_alone(document, "KEY", document.root)));
}

/// Training may average a network's weights (EMA) and keep them beside those that it goes on from:
/// torchvision, timm and d2go call them "model_ema", "state_dict_ema" and "ema_state".
bool is_averaged(std::string_view key) {
  return key == "ema" || key.starts_with("ema_") || key.ends_with("_ema");
}

std::vector<std::string> averaged_keys(const Document& document, const std::map<std::string, Ref>& entries) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : entries) {
    if (is_averaged(key) && holds_arrays(document, value)) keys.push_back(key);
  }
  return keys;
}

/// Of the keys of models that are there the first that is a dictionary; without one that of averaged weights,
/// where there is no choice; else the first: "model" may be a name, too. "" without any.
std::string find_model_key(const Document& document, const std::map<std::string, Ref>& entries,
                           const std::string& where) {
  const auto averaged = averaged_keys(document, entries);
  std::string found;
  for (const auto name : kModelKeys) {
    const std::string key(name);
    const auto entry = entries.find(key);
    if (entry == entries.end()) continue;
    if (found.empty()) found = key;
    if (document.get_if<pickle::Dict>(entry->second) == nullptr) continue;
    if (!averaged.empty()) {
      const auto& other = averaged.front();
      spdlog::warn(
          "{}: the weights under '{}' are taken; averaged ones (EMA) are there under '{}', too: to "
          "use those, save them alone, {}",
          where, key, pickle::printable(other), save_alone(document, other, entries.at(other)));
    }
    return key;
  }
  return averaged.size() == 1 ? averaged.front() : found;
}

/// What lies under that key. \throws ModelError
std::map<std::string, Ref> model_entries(const Document& document, Ref model, std::string_view key,
                                         const std::string& where) {
  const auto what = where + ": '" + pickle::printable(key) + "'";
  const auto* dict = document.get_if<pickle::Dict>(model);
  if (dict == nullptr) throw ModelError(what + " is no dictionary of parameters");
  auto entries = text_entries(document, *dict);
  refuse_caffe2(entries, where);
  if (entries.empty()) throw ModelError(what + " names no parameters");
  return entries;
}

}  // namespace

std::map<std::string, Ref> find_state_dict(const Document& document, const std::string& where) {
  const auto* top = document.get_if<pickle::Dict>(document.root);
  if (top == nullptr) {
    throw ModelError(
        where +
        ": holds no dictionary; expected one with the key 'model', 'state_dict' or 'model_state_dict'");
  }
  auto entries = text_entries(document, *top);
  refuse_caffe2(entries, where);
  if (const auto key = find_model_key(document, entries, where); !key.empty()) {
    entries = model_entries(document, entries.at(key), key, where);
  } else {
    for (const auto name : kBesideModel) entries.erase(std::string(name));
    const auto is_parameter = [&](const auto& entry) { return is_array(document, entry.second); };
    const auto is_other_dict = [&](const auto& entry) { return holds_arrays(document, entry.second); };
    if (std::ranges::none_of(entries, is_parameter) || std::ranges::any_of(entries, is_other_dict))
      refuse_foreign(document, entries, where);
  }
  for (const auto& [name, ref] : entries) {
    if (is_array(document, ref) || is_number(document, ref)) continue;
    throw ModelError(where + ": '" + pickle::printable(name) + "' is neither an array nor a number");
  }
  return entries;
}

std::shared_ptr<const std::vector<float>> number_tensor(const Document& document, Ref ref) {
  if (!is_number(document, ref)) return nullptr;
  double value = 0;
  if (const auto* real = document.get_if<double>(ref)) value = *real;
  if (const auto* whole = document.get_if<std::int64_t>(ref)) value = static_cast<double>(*whole);
  if (const auto* truth = document.get_if<bool>(ref)) value = *truth ? 1 : 0;
  return std::make_shared<const std::vector<float>>(1, static_cast<float>(value));
}

}  // namespace rcnn::engine
