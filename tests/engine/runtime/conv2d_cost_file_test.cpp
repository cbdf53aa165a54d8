// SPDX-License-Identifier: MIT
#include "engine/runtime/conv2d_cost_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "engine/files/unfinished_files.hpp"

namespace rcnn::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

class Conv2dCostFileTest : public ::testing::Test {
 protected:
  Conv2dCostFileTest()
      : folder_(fs::temp_directory_path() / ("rcnn-costs-" + std::to_string(::getpid()))),
        file_(folder_ / "deep" / "costs.json") {}
  ~Conv2dCostFileTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void write(const std::string& text) const {
    fs::create_directories(file_.parent_path());
    std::ofstream(file_) << text;
  }
  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

  static constexpr Conv2dClass kSmall{64, 128, 8, 1}, kLarge{256, 256, 8, 2};
  static constexpr Conv2dCosts kCosts{{{1.5, 0.25}, {0, 3}, {7, 0}}};
  const fs::path folder_;
  const fs::path file_;
};

bool same(const Conv2dCosts& a, const Conv2dCosts& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].fixed != b[i].fixed || a[i].unit != b[i].unit) return false;
  }
  return true;
}

TEST_F(Conv2dCostFileTest, APipeOfItsNameIsNotWaitedFor) {
  fs::create_directories(file_.parent_path());
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  const Conv2dCostFile file(file_, "this machine");
  EXPECT_THAT(file.load(), IsEmpty());
  EXPECT_EQ(file.add({{kSmall, kCosts}}).size(), 1U);
}

TEST_F(Conv2dCostFileTest, KeepsWhatItWasGiven) {
  const Conv2dCostFile file(file_, "this machine");
  EXPECT_THAT(file.load(), IsEmpty());
  file.add({{kSmall, kCosts}});
  file.add({{kLarge, kCosts}});
  const auto table = Conv2dCostFile(file_, "this machine").load();
  ASSERT_EQ(table.size(), 2U);
  EXPECT_TRUE(same(table.at(kSmall), kCosts));
  EXPECT_TRUE(same(table.at(kLarge), kCosts));
}

// Else two processes that met a class at the same time would never agree.
TEST_F(Conv2dCostFileTest, TheFirstMeasurementStays) {
  const Conv2dCostFile file(file_, "this machine");
  file.add({{kSmall, kCosts}});
  const Conv2dCosts later{{{9, 9}, {9, 9}, {9, 9}}};
  EXPECT_TRUE(same(file.add({{kSmall, later}}).at(kSmall), kCosts));
  EXPECT_TRUE(same(file.load().at(kSmall), kCosts));
}

TEST_F(Conv2dCostFileTest, IgnoresAnotherMachinesAndReplacesThem) {
  Conv2dCostFile(file_, "another machine").add({{kLarge, kCosts}});
  const Conv2dCostFile file(file_, "this machine");
  EXPECT_THAT(file.load(), IsEmpty());
  EXPECT_EQ(file.add({{kSmall, kCosts}}).size(), 1U);
  EXPECT_EQ(file.load().size(), 1U);
}

TEST_F(Conv2dCostFileTest, IgnoresWhatIsDamagedAndReplacesIt) {
  const Conv2dCostFile file(file_, "this machine");
  file.add({{kSmall, kCosts}});
  const auto good = text();
  const auto with = [&](const std::string& from, const std::string& to) {
    auto changed = good;
    const auto at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  for (const auto& damaged :
       {std::string(), std::string("\0\xff{", 3), good.substr(0, good.size() / 2), std::string("[]"),
        std::string("null"), with("\"version\": 2", "\"version\": 3"), with("0.25", "-0.25"),
        with("0.25", "1e999"), with("0.25", "\"fast\""), with("\"direct\"", "\"indirect\""),
        with("\"costs\": [", "\"costs\": [7,"), with("\"in_channels\": 64", "\"in_channels\": {}"),
        std::string(100000, '[')}) {
    write(damaged);
    EXPECT_THAT(file.load(), IsEmpty()) << damaged.substr(0, 200);
  }
  file.add({{kSmall, kCosts}});
  EXPECT_EQ(text(), good);
}

TEST_F(Conv2dCostFileTest, LeavesNothingElseBehind) {
  const Conv2dCostFile file(file_, "this machine");
  file.add({{kSmall, kCosts}});
  EXPECT_EQ(std::distance(fs::directory_iterator(file_.parent_path()), fs::directory_iterator()), 1);
}

TEST_F(Conv2dCostFileTest, DoesWithoutAPlaceToWrite) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "deep") << "a file where the folder should be";
  const Conv2dCostFile blocked(file_, "this machine");
  EXPECT_EQ(blocked.add({{kSmall, kCosts}}).size(), 1U);
  EXPECT_THAT(blocked.load(), IsEmpty());
  const Conv2dCostFile nowhere({}, "this machine");
  EXPECT_EQ(nowhere.add({{kSmall, kCosts}}).size(), 1U);
  EXPECT_THAT(nowhere.load(), IsEmpty());
}

TEST_F(Conv2dCostFileTest, IsNeverSeenHalfWritten) {
  const Conv2dCostFile file(file_, "this machine");
  file.add({{kSmall, kCosts}});
  auto writer = std::async(std::launch::async, [&] {
    for (int i = 0; i < 30; ++i) file.add({{kLarge, kCosts}});
  });
  while (writer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    EXPECT_FALSE(file.load().empty());
}

using Conv2dCostFileDeathTest = Conv2dCostFileTest;

TEST_F(Conv2dCostFileDeathTest, NothingHalfIsLeftWhereASignalEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "fast");  // In this very folder.
  constexpr int kEnded = 7;
  Conv2dCostTable large;  // Takes a while to be written.
  for (int i = 1; i < 5000; ++i) large.insert({{i, 128, 8, 1}, kCosts});
  const auto count = [&] { return std::distance(fs::directory_iterator(file_.parent_path()), {}); };
  Conv2dCostFile(file_, "this machine").add({{kSmall, kCosts}});
  const auto end_while_writing = [&] {
    std::thread([&] {
      while (count() == 1) std::this_thread::yield();
      remove_unfinished_files();
      std::_Exit(kEnded);
    }).detach();
    for (;;) Conv2dCostFile(file_, "this machine").add(large);
  };
  EXPECT_EXIT(end_while_writing(), ::testing::ExitedWithCode(kEnded), "");
  EXPECT_EQ(count(), 1);
  EXPECT_THAT(Conv2dCostFile(file_, "this machine").load(), Contains(Key(kSmall)));
}

TEST_F(Conv2dCostFileTest, LiesInTheUsersCacheFolder) {
  const std::string platform = "AMD EPYC 25 1 1; oneDNN 2.6.3";
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  const std::string before = xdg == nullptr ? "" : xdg;
  ::setenv("XDG_CACHE_HOME", "/some/cache", 1);
  EXPECT_EQ(Conv2dCostFile::default_path(platform),
            "/some/cache/gst-neuron-rcnn/convolutions-amd-epyc-25-1-1-onednn-2.6.3.json");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_THAT(Conv2dCostFile::default_path(platform).parent_path().string(),
              EndsWith("/.cache/gst-neuron-rcnn"));
  EXPECT_LT(Conv2dCostFile::default_path(std::string(5000, 'x')).filename().string().size(), 256U);
  EXPECT_THAT(Conv2dCostFile::default_path("a/../../b\n").filename().string(),
              HasSubstr("convolutions-a-..-..-b"));
  if (xdg == nullptr) {
    ::unsetenv("XDG_CACHE_HOME");
  } else {
    ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
  }
}

}  // namespace
}  // namespace rcnn::engine
