// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/model/pickle.hpp"

/// What the few names that a checkpoint may use do when the pickle machine meets them.
/// Errors are std::invalid_argument with the reason alone; the machine adds file and position.
/// Thread safety: reentrant.
namespace rcnn::engine::pickle {

/// nullopt for names outside the list, which is of what NumPy, torch and Detectron2 put into checkpoints.
std::optional<Global> find_global(std::string_view module, std::string_view name);
/// The list, for the message that refuses another name.
std::string known_globals();

/// REDUCE: either a new value, or (for _rebuild_parameter) the value `same`.
struct CallResult {
  Value value;
  std::optional<Ref> same;
};
CallResult call(const Document& document, const Global& function, const Sequence& arguments);

/// BUILD: gives `target` its state.
void build(Document& document, Ref target, Ref state);

/// BINPERSID: ("storage", torch.FloatStorage, key, device, count).
Value storage_of(const Document& document, Ref id);

}  // namespace rcnn::engine::pickle
