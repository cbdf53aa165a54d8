// SPDX-License-Identifier: MIT
#include "launch/table.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace rcnn::launch {
namespace {

TEST(Table, AlignsColumnsLeftAndRight) {
  Table table({"class", "score>", "note"});
  table.add({"person", "9", "a"});
  table.add({"car", "10.5", ""});
  std::ostringstream out;

  table.print(out);

  EXPECT_EQ(out.str(),
            "class   score  note\n"
            "------  -----  ----\n"
            "person      9  a\n"
            "car      10.5\n");
}

TEST(Table, MeasuresCodePointsNotBytes) {
  Table table({"n", "m"});
  table.add({"Tür", "x"});
  table.add({"Rad", "y"});
  std::ostringstream out;

  table.print(out);

  EXPECT_NE(out.str().find("Tür  x\nRad  y\n"), std::string::npos) << out.str();
}

TEST(Table, CellsDoNotCommandTheTerminal) {
  Table table({"n"});
  table.add({"\x1b[31mred"});
  std::ostringstream out;
  table.print(out);
  EXPECT_NE(out.str().find("?[31mred"), std::string::npos) << out.str();
}

TEST(Table, RefusesRowsOfAnotherWidth) {
  Table table({"a", "b"});
  EXPECT_THROW(table.add({"1"}), std::invalid_argument);
}

}  // namespace
}  // namespace rcnn::launch
