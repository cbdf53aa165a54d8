// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace rcnn::tests {

/// Runs a part of a test in a process of its own, begun with these environment variables; what fails there
/// fails here. For what a process reads once: how many cores there are and what is wrong with them. By
/// GoogleTest's convention the test's suite is called *DeathTest.
inline void in_own_process(const std::vector<std::pair<std::string, std::string>>& variables,
                           const std::function<void()>& body) {
  constexpr int kPassed = 42;
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [&] {
    for (const auto& [name, value] : variables) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    testing::TestPartResultArray results;  // GoogleTest says nothing in such a process.
    {
      const testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &results);
      body();
    }
    for (int i = 0; i < results.size(); ++i) {
      std::cerr << results.GetTestPartResult(i) << std::endl;
    }
    std::exit(results.size() > 0 ? 1 : kPassed);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(kPassed), "");
}

}  // namespace rcnn::tests
