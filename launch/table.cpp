// SPDX-License-Identifier: MIT
#include "launch/table.hpp"

#include <algorithm>
#include <stdexcept>

#include "launch/diagnostics.hpp"

namespace rcnn::launch {
namespace {

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Table::Table(std::vector<std::string> columns) : columns_(std::move(columns)) {
  for (auto& name : columns_) {
    const bool right = !name.empty() && name.back() == '>';
    flush_right_.push_back(right);
    if (right) name.pop_back();
  }
}

void Table::add(std::vector<std::string> row) {
  if (row.size() != columns_.size()) throw std::invalid_argument("a table row with a wrong number of cells");
  for (auto& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t width = code_points(columns_[column]);
    for (const auto& row : rows_) width = std::max(width, code_points(row[column]));
    widths.push_back(width);
  }
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string blanks(widths[column] - code_points(row[column]), ' ');
      if (column > 0) line += "  ";
      line += flush_right_[column] ? blanks + row[column] : row[column] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  std::vector<std::string> rule;
  for (const auto width : widths) rule.emplace_back(width, '-');
  print_row(columns_);
  print_row(rule);
  for (const auto& row : rows_) print_row(row);
}

}  // namespace rcnn::launch
