// SPDX-License-Identifier: MIT
#include "pipeline/process_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "engine/runtime/core_pool.hpp"
#include "pipeline/report_server.hpp"
#include "tests/engine/runtime/fake_executable.hpp"

namespace rcnn::pipeline {
namespace {

using nlohmann::json;

json report() { return json::parse(process_report()); }

/// The entry of this name; null if there is none.
json entry_of(const json& list, const std::string& name) {
  for (const auto& entry : list) {
    if (entry.at("name") == name) return entry;
  }
  return {};
}

TEST(ProcessReport, ShowsStreamsFromTheirBeginningToTheirEnd) {
  EXPECT_TRUE(entry_of(report().at("streams"), "a").is_null());
  {
    const PublishedStream first([] {
      StreamStatus status;
      status.name = "a";
      status.dispatch = engine::DispatchPolicy::kPriority;
      status.priority = 7;
      status.entered = 12;
      status.in_flight = 3;
      status.slots = 4;
      return status;
    });
    const PublishedStream second([] { return StreamStatus{.name = "b", .model = "m.rcnn"}; });
    const auto streams = report().at("streams");
    const auto a = entry_of(streams, "a");
    EXPECT_EQ(a.at("dispatch"), "priority");
    EXPECT_EQ(a.at("priority"), 7);
    EXPECT_EQ(a.at("entered"), 12);
    EXPECT_EQ(a.at("in_flight"), 3);
    EXPECT_EQ(a.at("slots"), 4);
    EXPECT_EQ(entry_of(streams, "b").at("model"), "m.rcnn");
    EXPECT_EQ(entry_of(streams, "b").at("dispatch"), "fifo");
  }
  EXPECT_TRUE(entry_of(report().at("streams"), "a").is_null());
}

TEST(ProcessReport, ShowsWhatACoreIsDoing) {
  const int id = engine::CorePool::process().settings().cores.front();
  const auto loaded = engine::CorePool::process().load({{"m:reported", this, 1 << 20, 64}}, {id},
                                                       engine::Placement::kReplicate);
  engine::Gate gate;
  auto [running, running_done] = engine::execution_of([&](auto) { gate.pass(); });
  auto [waiting, waiting_done] = engine::execution_of([](auto) {});
  loaded->submit(0, std::move(running));
  while (engine::CorePool::process().status().front().total.queue_depth > 0) std::this_thread::yield();
  loaded->submit(0, std::move(waiting));
  const auto before = report().at("neuroncores").at(0);
  EXPECT_EQ(before.at("id"), id);
  EXPECT_EQ(before.at("queue_depth"), 1);
  EXPECT_EQ(before.at("in_service"), true);
  EXPECT_GE(before.at("memory_used_bytes"), 1 << 20);
  EXPECT_GE(before.at("memory_total_bytes"), before.at("memory_used_bytes"));
  const auto later = report();
  EXPECT_GT(later.at("neuroncores").at(0).at("busy_ns"), before.at("busy_ns"))
      << "what runs counts as it runs";
  gate.open();
  EXPECT_EQ(engine::message_of(running_done), "");
  EXPECT_EQ(engine::message_of(waiting_done), "");
  const auto after = entry_of(report().at("neuroncores").at(0).at("programs"), "m:reported");
  EXPECT_EQ(after.at("executions"), 2);
  EXPECT_EQ(after.at("latency_ms").size(), 7u);
}

TEST(ProcessReport, IsToBeHadAtTheProcessesName) {
  publish_process();
  publish_process();
  const auto read = json::parse(read_report(report_name(getpid()), getpid()));
  EXPECT_EQ(read.at("pid"), getpid());
  EXPECT_GT(read.at("time_ns"), 0);
  EXPECT_GT(read.at("memory_resident_bytes"), 1 << 20);
  EXPECT_LT(read.at("memory_resident_bytes"), std::int64_t{1} << 40) << "bytes, not pages or KiB of them";
}

}  // namespace
}  // namespace rcnn::pipeline
