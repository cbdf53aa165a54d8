// SPDX-License-Identifier: MIT
// How long a model takes until it is on its cores, apart from the warm-up inference that follows: of this
// process's first load, as a program's user waits for it, and of others after all has been let go.
//   build/bench/load_bench MODEL.rcnn [--rounds 5]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "pipeline/session.hpp"

namespace {

using namespace rcnn;

/// Milliseconds of loading and building, and of the warm-up.
std::pair<double, double> load_ms(const std::string& model) {
  const auto began = std::chrono::steady_clock::now();
  const auto session = pipeline::Session::create({.model = model, .cores = {}, .placement = {}});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  const double warm_up = static_cast<double>(session->warm_up_ns()) / 1e6;
  return {took.count() - warm_up, warm_up};
}

void run(const std::string& model, int rounds) {
  const auto [first, warm_up] = load_ms(model);
  std::vector<double> later;
  for (int i = 0; i < rounds; ++i) later.push_back(load_ms(model).first);
  std::sort(later.begin(), later.end());
  std::printf("%s: load %.0f ms, then warm-up %.0f ms", model.c_str(), first, warm_up);
  if (!later.empty()) std::printf("; again in the same process %.0f ms", later[later.size() / 2]);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Time until a model is on its cores"};
  std::string model;
  int rounds = 0;
  app.add_option("model", model, "artifact (*.rcnn)")->required()->check(CLI::ExistingPath);
  app.add_option("--rounds", rounds, "further loads in this process; their median counts")
      ->check(CLI::Range(0, 1000));
  CLI11_PARSE(app, argc, argv);
  try {
    run(model, rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
