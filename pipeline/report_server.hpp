// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace rcnn::pipeline {

/// Tells processes of the same user, and root, what this one does: whoever connects is sent one report and
/// then the end of the stream. The socket is a Unix one in the abstract namespace: no file, nothing that a
/// process could leave behind.
///
/// Thread safety: thread-safe; one thread of its own, which sleeps until somebody asks.
class ReportServer {
 public:
  /// Called on the server's thread.
  using Report = std::function<std::string()>;

  /// \throws engine::Error if the name is taken or there are no sockets.
  ReportServer(const std::string& name, Report report);
  /// Waits for a report that is being sent, for no more than a second.
  ~ReportServer();
  ReportServer(const ReportServer&) = delete;
  ReportServer& operator=(const ReportServer&) = delete;

 private:
  void serve() const;
  void answer(int client) const;

  const Report report_;
  int listening_ = -1;
  int stopping_ = -1;  ///< An eventfd
  std::thread thread_;
};

/// What the server of this name reports. Thread safety: reentrant. \throws engine::Error if there is none, or
/// another process than `pid` answers.
std::string read_report(const std::string& name, int pid);

}  // namespace rcnn::pipeline
