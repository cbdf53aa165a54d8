// SPDX-License-Identifier: MIT
#include "pipeline/report_server.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/errors.hpp"

namespace rcnn::pipeline {
namespace {

/// Closes a descriptor at the end of the scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& what) {
  throw engine::Error(what + ": " + std::generic_category().message(errno));
}

/// A first byte of 0 makes it a name in the abstract namespace.
std::pair<sockaddr_un, socklen_t> address_of(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof(address.sun_path)) throw engine::Error("a socket's name is too long: " + name);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())};
}

ucred peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) fail("who is connected is unknown");
  return peer;
}

/// Of a partner that is stopped, or busy elsewhere.
void set_patience(int socket) {
  constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
}

/// As fail(), where it may have been patience that ended.
[[noreturn]] void fail_to_read(const std::string& what) {
  if (errno == EAGAIN) throw engine::Error("it has not answered for a second; is it stopped?");
  fail(what);
}

}  // namespace

ReportServer::ReportServer(const std::string& name, Report report) : report_(std::move(report)) {
  Descriptor listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto [address, size] = address_of(name);
  if (listening.get() < 0 || bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listening.get(), 4) != 0) {
    fail("cannot listen at '" + name + "'");
  }
  Descriptor stopping(eventfd(0, EFD_CLOEXEC));
  if (stopping.get() < 0) fail("cannot make an eventfd");
  listening_ = listening.release();
  stopping_ = stopping.release();
  thread_ = std::thread([this] { serve(); });
}

ReportServer::~ReportServer() {
  eventfd_write(stopping_, 1);
  thread_.join();
  close(listening_);
  close(stopping_);
}

void ReportServer::serve() const {
  pthread_setname_np(pthread_self(), "neuron-report");
  while (true) {
    std::array<pollfd, 2> ready{{{listening_, POLLIN, 0}, {stopping_, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    if (ready[0].revents == 0) continue;
    const Descriptor client(accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() >= 0) answer(client.get());
  }
}

void ReportServer::answer(int client) const {
  try {
    const auto peer = peer_of(client);
    if (peer.uid != geteuid() && peer.uid != 0) return;
    set_patience(client);
    const auto text = report_();
    for (std::size_t sent = 0; sent < text.size();) {
      const auto count = send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  } catch (const std::exception&) {
    // Whoever asked sees an empty report and says so; this process has other things to do.
  }
}

std::string read_report(const std::string& name, int pid) {
  const Descriptor server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto [address, size] = address_of(name);
  if (server.get() >= 0) set_patience(server.get());
  if (server.get() < 0 || connect(server.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    fail_to_read("cannot connect to '" + name + "'");
  }
  if (peer_of(server.get()).pid != pid) throw engine::Error("another process answers at '" + name + "'");
  std::string text;
  std::array<char, 4096> part{};
  ssize_t count = 0;
  while ((count = recv(server.get(), part.data(), part.size(), 0)) > 0) {
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) fail_to_read("the report at '" + name + "' broke off");
  return text;
}

}  // namespace rcnn::pipeline
