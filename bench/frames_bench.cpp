// SPDX-License-Identifier: MIT
// Whole frames, resize to detections, as they run by default and with every convolution direct
// (deterministic=true), beside what oneDNN needs for the convolutions and matrices alone, and what share of a
// frame's work each kind of operator and each stage of the host has.
//   build/bench/frames_bench MODEL.rcnn [--frames 8] [--rounds 3] [--max-in-flight 4] [--on-request] [--json
//   FILE]
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/library_alone.hpp"
#include "bench/machine_peak.hpp"
#include "engine/errors.hpp"
#include "engine/runtime/trace.hpp"
#include "launch/profile_report.hpp"
#include "pipeline/session.hpp"
#include "pipeline/stage_graph.hpp"

namespace {

using namespace rcnn;
using Clock = std::chrono::steady_clock;

struct Settings {
  std::string model;
  std::string json;
  int frames = 8;
  int rounds = 3;
  int max_in_flight = 4;
  int width = 640;
  int height = 480;
  bool on_request = false;
};

/// With --on-request: waits for a line on standard input, so that a round is run in turn with other
/// programs'.
void await_turn(const Settings& settings) {
  if (!settings.on_request) return;
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line))
    throw engine::Error("standard input ended before all rounds were asked for");
}

// A picture that every frame shows: noise, so that no stage gets an easy case.
class Picture final : public pipeline::Payload {
 public:
  explicit Picture(engine::ImageView view) : view_(view) {}
  std::optional<engine::ImageView> pixels() override { return view_; }

 private:
  engine::ImageView view_;
};

double frames_ms(const std::shared_ptr<const pipeline::Session>& session, const engine::ImageView& view,
                 const Settings& settings) {
  pipeline::FramePool pool(settings.max_in_flight);
  pipeline::StageGraph graph({.max_items = settings.max_in_flight + 64});
  const auto started = Clock::now();
  std::thread feeder([&] {
    for (int i = 0; i < settings.frames; ++i) {
      auto item = std::make_unique<pipeline::Item>();
      item->frame = pool.acquire();
      item->frame->session = session;
      item->payload = std::make_unique<Picture>(view);
      graph.push(std::move(item));
    }
  });
  for (int i = 0; i < settings.frames; ++i) {
    const auto item = graph.pop();
    if (item->error) std::rethrow_exception(item->error);
    item->frame->release_slot();
    graph.popped();
  }
  feeder.join();
  const std::chrono::duration<double, std::milli> wall = Clock::now() - started;
  return wall.count() / settings.frames;
}

/// Where a frame's time goes, and how far from the machine's peak that is.
struct Shares {
  std::vector<launch::ProfiledOperator> kinds;  ///< Longest first
  double between = 0;                           ///< Share of what is neither convolution nor matrix
  double core_busy = 0;                         ///< Share of the cores' time
  engine::DType type{};                         ///< That is multiplied
  double of_peak = 0;  ///< Convolutions' and matrices' operations in all of the time, of that type's peak
};

Shares shares(const std::shared_ptr<const pipeline::Session>& session, const engine::ImageView& view,
              const Settings& settings, double flops) {
  auto& trace = engine::Trace::process();
  trace.start();
  const double ms = frames_ms(session, view, settings);
  const auto profile = launch::add_up(trace.stop());
  const auto cores = static_cast<double>(session->programs().cores().size());
  Shares shares;
  shares.kinds = launch::by_kind(profile);
  for (const auto& kind : shares.kinds) {
    if (kind.op != "Conv2d" && kind.op != "Linear") shares.between += kind.share;
  }
  shares.core_busy = profile.on_cores_ms / (ms * settings.frames * cores);
  shares.type = bench::multiplied_type(session->model().artifact().options().precision);
  shares.of_peak = flops / (ms * 1e6) / (cores * bench::peak_gflops(shares.type));
  return shares;
}

void print(const Shares& shares, int frames) {
  for (const auto& kind : shares.kinds) {
    std::printf("  %-12s %-22s %-12s %8.1f ms per frame  %5.1f %%\n", kind.op.c_str(),
                kind.implementation.c_str(), kind.where.c_str(), kind.total_ms / frames, 100 * kind.share);
  }
  std::printf(
      "between convolutions and matrices %.1f %% of the work; cores busy %.1f %% of the time, at %.2f of "
      "their peak in %s\n",
      100 * shares.between, 100 * shares.core_busy, shares.of_peak, engine::to_string(shares.type).c_str());
}

nlohmann::json to_json(const std::vector<launch::ProfiledOperator>& kinds, int frames) {
  auto list = nlohmann::json::array();
  for (const auto& kind : kinds) {
    list.push_back({{"op", kind.op},
                    {"implementation", kind.implementation},
                    {"where", kind.where},
                    {"ms", kind.total_ms / frames},
                    {"share", kind.share}});
  }
  return list;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Milliseconds per frame of each round.
struct Rounds {
  std::vector<double> library, whole, direct;
  std::vector<double> ratio, speedup;  ///< Whole over library, direct over whole
};

Rounds take_turns(const std::shared_ptr<const pipeline::Session>& session, bench::LibraryAlone& alone,
                  int replicas, const engine::ImageView& view, const Settings& settings) {
  const auto deterministic = pipeline::Session::create(
      {.model = settings.model, .cores = {}, .placement = {}, .deterministic = true});
  frames_ms(deterministic, view, settings);  // Warm-up
  Rounds rounds;
  for (int round = 0; round < settings.rounds; ++round) {  // In turn, so that all meet the same hour.
    await_turn(settings);
    std::vector<double> passes;
    for (int pass = 0; pass * replicas < settings.frames; ++pass) passes.push_back(alone.pass_ms());
    const double library = median(passes), whole = frames_ms(session, view, settings),
                 direct = frames_ms(deterministic, view, settings);
    rounds.library.push_back(library);
    rounds.whole.push_back(whole);
    rounds.direct.push_back(direct);
    rounds.ratio.push_back(whole / library);
    rounds.speedup.push_back(direct / whole);
    std::printf("round %d: library alone %.0f ms, whole frame %.0f ms, all direct %.0f ms\n", round + 1,
                library, whole, direct);
    std::fflush(stdout);
  }
  return rounds;
}

/// Of standard input: until then others take the rest of the last round's turns.
void await_end() {
  for (std::string line; std::getline(std::cin, line);) continue;
}

void run(const Settings& settings) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(settings.width * settings.height * 3));
  std::mt19937 random(7);
  for (auto& value : pixels) value = static_cast<std::uint8_t>(random());
  const engine::ImageView view{pixels.data(), settings.width, settings.height, settings.width * 3,
                               engine::PixelFormat::kBgr};
  const auto session = pipeline::Session::create({.model = settings.model, .cores = {}, .placement = {}});
  const auto& artifact = session->model().artifact();
  const auto target = engine::network_size(session->input_spec(), {settings.width, settings.height});
  // Before the first frame, as it refuses some models.
  const auto shapes =
      bench::program_shapes(artifact, engine::padded_size(target, 32), session->config().max_proposals());
  frames_ms(session, view, settings);  // Warm-up: pools fill.
  const double rss = peak_rss_mb();

  const auto replicas = static_cast<int>(session->programs().cores().size());
  bench::LibraryAlone alone(artifact, shapes, replicas);
  const auto rounds = take_turns(session, alone, replicas, view, settings);
  const double library = median(rounds.library), whole = median(rounds.whole), direct = median(rounds.direct);
  const auto input = engine::to_string(session->input_spec());
  const auto& precision = artifact.options().precision;
  std::printf("%s on %d cores, %s, %s, %d in flight\n", session->config().name.c_str(), replicas,
              input.c_str(), precision.c_str(), settings.max_in_flight);
  std::printf("library alone   %8.1f ms per frame (%.1f GFLOP, %.0f GFLOP/s)\n", library, alone.flops() / 1e9,
              alone.flops() / 1e6 / library);
  std::printf("whole frame     %8.1f ms per frame, %.3f times library alone\n", whole, median(rounds.ratio));
  std::printf("all direct      %8.1f ms per frame, %.3f times as long\n", direct, median(rounds.speedup));
  if (settings.on_request) await_end();
  const auto where = shares(session, view, settings, alone.flops());
  print(where, settings.frames);
  std::printf("peak memory     %8.0f MB (before the library's own buffers)\n", rss);
  if (settings.json.empty()) return;
  std::ofstream(settings.json) << nlohmann::json{{"model", session->config().name},
                                                 {"input", input},
                                                 {"precision", precision},
                                                 {"multiplied", engine::to_string(where.type)},
                                                 {"library_alone_ms", rounds.library},
                                                 {"whole_frame_ms", rounds.whole},
                                                 {"all_direct_ms", rounds.direct},
                                                 {"kinds", to_json(where.kinds, settings.frames)},
                                                 {"between_share", where.between},
                                                 {"core_busy_share", where.core_busy},
                                                 {"share_of_peak", where.of_peak},
                                                 {"peak_mb", rss}}
                                      .dump(1)
                               << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Whole frames beside oneDNN's convolutions and matrices alone"};
  Settings settings;
  app.add_option("model", settings.model, "artifact (*.rcnn)")->required()->check(CLI::ExistingFile);
  app.add_option("--frames", settings.frames, "frames a round")->check(CLI::Range(1, 10000));
  app.add_option("--rounds", settings.rounds, "rounds; the median counts")->check(CLI::Range(1, 1000));
  app.add_option("--max-in-flight", settings.max_in_flight, "frames in flight")->check(CLI::Range(1, 64));
  app.add_flag("--on-request", settings.on_request,
               "begin each round when a line comes on standard input, say when it is over, and look where "
               "time goes when the input ends");
  app.add_option("--json", settings.json, "file for the same figures");
  CLI11_PARSE(app, argc, argv);
  try {
    run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "frames_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
