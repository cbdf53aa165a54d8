// SPDX-License-Identifier: MIT
// Where narrow products are emulated: values are rounded to what would be held of them.
#include "engine/runtime/program_builder.hpp"

namespace rcnn::engine {
namespace {

constexpr const char* kRoundToSteps = "RoundToSteps";
constexpr const char* kRoundToBf16 = "RoundToBf16";

}  // namespace

bool ProgramBuilder::is_rounded(const std::string& name) const {
  return !shapes_.narrow_products && (step_of(name) || types_.is_bf16(name));
}

void ProgramBuilder::round(const std::string& name) {
  if (!is_rounded(name)) return;
  const auto& value = values_.at(name);
  if (const auto step = step_of(name)) {
    add_step(kRoundToSteps, make_round_to_steps(name + ".round", value.format, *step), {value.storage},
             {value.storage});
  } else {
    round_to_bf16(name, value.format, value.storage);
  }
}

void ProgramBuilder::round_to_bf16(const std::string& name, const Format& format, std::size_t storage) {
  add_step(kRoundToBf16, make_round_to_bf16(name + ".round", format), {storage}, {storage});
}

bool ProgramBuilder::is_rounded_for(const Node& node, std::size_t input) const {
  if (shapes_.narrow_products || !types_.multiplies_bf16(node) || !step_of(node.inputs.at(input)))
    return false;
  if (input == 0) return !borders_on_8_bits(node);
  return types_.is_bf16(node.outputs.at(0));  // A sum is added in the type of the result
}

std::size_t ProgramBuilder::rounded_copy(const std::string& name, const Format& wanted) {
  auto& copies = rounded_copies_[name];
  for (const auto& copy : copies) {
    if (copy.format == wanted) return copy.storage;
  }
  const auto& value = values_.at(name);
  const auto copy = new_storage(wanted.bytes());
  add_step(kReorder, make_reorder(name + ".copy", value.format, wanted), {value.storage}, {copy});
  round_to_bf16(name, wanted, copy);
  copies.push_back({wanted, copy});
  return copy;
}

void ProgramBuilder::round_input(const std::string& name) {
  if (!is_rounded(name)) return;
  auto& value = values_.at(name);  // The caller's own is left as it is
  const auto copy = new_storage(value.format.bytes());
  add_step(kReorder, make_reorder(name + ".copy", value.format, value.format), {value.storage}, {copy});
  value.storage = copy;
  round(name);
}

}  // namespace rcnn::engine
