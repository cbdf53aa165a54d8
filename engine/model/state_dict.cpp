// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/errors.hpp"
#include "engine/model/checkpoint_formats.hpp"

namespace rcnn::engine {
namespace {

using pickle::Document;
using pickle::Ref;

constexpr std::size_t kMaxName = 1024;

/// Where training programs put it: Detectron2 under the first, PyTorch's examples, timm and Lightning under
/// the second.
constexpr std::array<std::string_view, 2> kModelKeys{"model", "state_dict"};

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

[[noreturn]] void refuse_foreign(const std::map<std::string, Ref>& entries, const std::string& where) {
  std::string keys;
  std::size_t shown = 0;
  for (const auto& [key, value] : entries) {
    if (++shown > 10) break;
    if (!keys.empty()) keys += ", ";
    keys.append("'").append(pickle::printable(key)).append("'");
  }
  throw ModelError(
      where +
      ": holds no state dict; expected a dictionary with 'model' or 'state_dict', or parameter names and "
      "arrays; " +
      (keys.empty() ? "it has no named entries" : "found the keys " + keys));
}

/// Of those keys that are there the first that is a dictionary, else the first: "model" may be a name, too.
std::string_view find_model_key(const Document& document, const std::map<std::string, Ref>& entries) {
  std::string_view found;
  for (const auto key : kModelKeys) {
    const auto entry = entries.find(std::string(key));
    if (entry == entries.end()) continue;
    if (document.get_if<pickle::Dict>(entry->second) != nullptr) return key;
    if (found.empty()) found = key;
  }
  return found;
}

/// What lies under that key. \throws ModelError
std::map<std::string, Ref> model_entries(const Document& document, Ref model, std::string_view key,
                                         const std::string& where) {
  const auto what = where + ": '" + std::string(key) + "'";
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
    throw ModelError(where + ": holds no dictionary; expected one with the key 'model' or 'state_dict'");
  }
  auto entries = text_entries(document, *top);
  refuse_caffe2(entries, where);
  if (const auto key = find_model_key(document, entries); !key.empty()) {
    entries = model_entries(document, entries.at(std::string(key)), key, where);
  } else {
    for (const auto name : kBesideModel) entries.erase(std::string(name));
    const bool any = std::any_of(entries.begin(), entries.end(),
                                 [&](const auto& entry) { return is_array(document, entry.second); });
    if (!any) refuse_foreign(entries, where);
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
