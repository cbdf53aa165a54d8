// SPDX-License-Identifier: MIT
#include "pipeline/report_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "engine/errors.hpp"
#include "tests/pipeline/pipeline_fixture.hpp"

namespace rcnn::pipeline {
namespace {

using ::testing::HasSubstr;

std::string name() { return "neuron-rcnn-test/" + std::to_string(getpid()); }

TEST(ReportServer, SendsAWholeReportToEachThatAsks) {
  std::atomic<int> asked{0};
  const std::string much(300'000, 'x');
  const ReportServer server(name(), [&] { return std::to_string(++asked) + much; });
  EXPECT_EQ(read_report(name(), getpid()), "1" + much);
  EXPECT_EQ(read_report(name(), getpid()), "2" + much);
}

TEST(ReportServer, AnswersManyAtOnce) {
  const ReportServer server(name(), [] { return "report"; });
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 20; ++j) answered += read_report(name(), getpid()) == "report" ? 1 : 0;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 80);
}

TEST(ReportServer, WhoDoesNotAnswerIsGivenUp) {
  std::promise<void> goes_on;
  const ReportServer server(name(), [&] {
    goes_on.get_future().wait();
    return "";
  });
  EXPECT_THAT(refusal_of([] { read_report(name(), getpid()); }), HasSubstr("is it stopped?"));
  goes_on.set_value();
}

TEST(ReportServer, IsGoneWithTheObject) {
  {
    const ReportServer server(name(), [] { return ""; });
  }
  EXPECT_THAT(refusal_of([] { read_report(name(), getpid()); }), HasSubstr("cannot connect to"));
  const ReportServer again(name(), [] { return "again"; });
  EXPECT_EQ(read_report(name(), getpid()), "again");
}

TEST(ReportServer, ANameIsTakenOnce) {
  const ReportServer server(name(), [] { return ""; });
  EXPECT_THAT(refusal_of([] { const ReportServer second(name(), [] { return ""; }); }),
              HasSubstr("cannot listen at"));
}

TEST(ReportServer, AReportThatFailsIsEmptyAndTheNextOneComes) {
  std::atomic<bool> fails{true};
  const ReportServer server(name(), [&]() -> std::string {
    if (fails.exchange(false)) throw engine::Error("bad day");
    return "fine";
  });
  EXPECT_EQ(read_report(name(), getpid()), "");
  EXPECT_EQ(read_report(name(), getpid()), "fine");
}

TEST(ReportServer, ReadersRefuseAnotherProcess) {
  const ReportServer server(name(), [] { return "report"; });
  EXPECT_THAT(refusal_of([] { read_report(name(), getpid() + 1); }), HasSubstr("another process answers"));
}

TEST(ReportServer, ATooLongNameIsRefused) {
  EXPECT_THAT(refusal_of([] { const ReportServer server(std::string(200, 'n'), [] { return ""; }); }),
              HasSubstr("too long"));
}

}  // namespace
}  // namespace rcnn::pipeline
