// SPDX-License-Identifier: MIT
#pragma once

#include "tests/elements/gst_fixture.hpp"

namespace rcnn::tests {

/// The `stats` property of an element, read field by field.
class Stats {
 public:
  explicit Stats(GstElement* element) { g_object_get(element, "stats", &structure_, nullptr); }
  ~Stats() { gst_structure_free(structure_); }
  Stats(const Stats&) = delete;
  Stats& operator=(const Stats&) = delete;

  bool has(const char* field) const { return gst_structure_has_field(structure_, field); }
  int number(const char* field) const {
    gint value = -1;
    EXPECT_TRUE(gst_structure_get_int(structure_, field, &value)) << field;
    return value;
  }
  guint64 count(const char* field) const {
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(structure_, field, &value)) << field;
    return value;
  }
  const GValue* value(const char* field) const { return gst_structure_get_value(structure_, field); }

 private:
  GstStructure* structure_ = nullptr;
};

}  // namespace rcnn::tests
