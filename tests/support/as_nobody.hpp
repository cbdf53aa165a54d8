// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace rcnn::tests {

/// While it lives, files that others may not read are out of reach: root reads all.
class AsNobody {
 public:
  AsNobody() { EXPECT_EQ(::seteuid(root_ ? 65534 : ::geteuid()), 0); }
  ~AsNobody() { EXPECT_EQ(::seteuid(root_ ? 0 : ::geteuid()), 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  const bool root_ = ::geteuid() == 0;
};

}  // namespace rcnn::tests
