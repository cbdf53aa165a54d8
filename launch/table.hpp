// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace rcnn::launch {

/// Rows of text in aligned columns, for people. A column whose name ends with '>' is flushed right (the sign
/// is not shown). Widths count code points, so names outside ASCII stay aligned.
/// Thread safety: const methods are thread-safe.
///
///   Table table({"class", "score>"});
///   table.add({"person", "98 %"});
class Table {
 public:
  explicit Table(std::vector<std::string> columns);
  /// \throws std::invalid_argument if the row has more or fewer cells than there are columns.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  /// Header, a rule, rows; no trailing blanks.
  void print(std::ostream& out) const;

 private:
  std::vector<std::string> columns_;
  std::vector<bool> flush_right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace rcnn::launch
