// SPDX-License-Identifier: MIT
// What oneDNN needs for a model's convolutions and matrices alone, against what the compiled programs need
// for everything: pooling, sums, upsampling and the changes of layout included.
//   convolutions_bench [--arch ZOO_NAME] [--size PIXELS] [--precision f32|bf16] [--rounds N] [--json FILE]
// With --layers: every distinct convolution and fully connected layer of the models by every algorithm and by
// oneDNN, as a share of the peak measured in between.
//   convolutions_bench --layers [--arch ZOO_NAME...] [--precision f32|bf16|int8]
// One thread. Random weights: no checkpoint is needed. Both sides take turns and the best round of each
// counts, so that a slow minute of the machine slows both. Times are processor_ms().
#include <omp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "bench/layer_times.hpp"
#include "bench/library_alone.hpp"
#include "bench/machine_peak.hpp"
#include "bench/processor_clock.hpp"
#include "engine/compile/artifact.hpp"
#include "engine/errors.hpp"

namespace {

using namespace rcnn::engine;

/// A program with its inputs, outputs and scratch.
class Whole {
 public:
  explicit Whole(std::shared_ptr<const Executable> executable) : executable_(std::move(executable)) {
    for (const auto& spec : executable_->inputs()) {
      auto& input = tensors_.emplace_back(spec);
      std::ranges::fill(input.values<float>(), 0.01f);
      inputs_.push_back(input.data());
    }
    for (const auto& spec : executable_->outputs()) outputs_.push_back(tensors_.emplace_back(spec).data());
    const auto bytes = static_cast<std::int64_t>(executable_->scratch_bytes());
    scratch_ = Tensor({"scratch", {bytes}, DType::kU8, Layout::kRowMajor});
  }
  double run_ms() {
    const double begin = rcnn::bench::processor_ms();
    executable_->run(inputs_, outputs_, std::as_writable_bytes(scratch_.values<std::uint8_t>()));
    return rcnn::bench::processor_ms() - begin;
  }

 private:
  std::shared_ptr<const Executable> executable_;
  std::vector<Tensor> tensors_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
  Tensor scratch_;
};

/// Scaled so that activations stay finite through all layers: denormals and infinities would be slow.
Checkpoint random_checkpoint(const ModelConfig& config) {
  Checkpoint checkpoint;
  std::mt19937 random(1);
  for (const auto& parameter : network_parameters(build_network(config), config)) {
    const auto count = static_cast<std::size_t>(element_count(parameter.shape));
    const bool norm = parameter.name.find(".norm.") != std::string::npos;
    const double fan_in = static_cast<double>(count) / static_cast<double>(parameter.shape[0]);
    const auto scale = static_cast<float>(std::sqrt(6.0 / fan_in));
    std::uniform_real_distribution<float> draw(norm ? 0.5f : -scale, norm ? 1.f : scale);
    std::vector<float> values(count);
    for (auto& value : values) value = draw(random);
    checkpoint.tensors[parameter.name] = {parameter.shape,
                                          std::make_shared<const std::vector<float>>(std::move(values))};
  }
  return checkpoint;
}

/// What `open` makes of a model's file. The file is gone when this returns: its mapping keeps what is needed.
template <typename Open>
auto random_model(const std::string& arch, const std::string& precision, const Open& open) {
  const auto config = load_config(arch);
  const auto file =
      std::filesystem::temp_directory_path() / ("convolutions_bench-" + std::to_string(::getpid()) + ".rcnn");
  write_artifact(compile(config, random_checkpoint(config), {.precision = precision}), file);
  auto opened = open(file);
  std::filesystem::remove(file);
  return opened;
}

struct RandomModel {
  std::shared_ptr<LoadedModel> quickest, direct;
};
RandomModel load(const std::filesystem::path& file) {
  return {LoadedModel::load(file), LoadedModel::load(file, {.deterministic = true})};
}

nlohmann::json compare(const RandomModel& models, int size, int rounds) {
  auto& model = *models.quickest;
  const int regions = model.box_buckets().back();
  const auto shapes = rcnn::bench::program_shapes(model.artifact(), {size, size}, regions);
  rcnn::bench::LibraryAlone alone(model.artifact(), shapes, 1);
  Whole image(model.image_executable({size, size})), boxes(model.box_executable(regions));
  Whole direct(models.direct->image_executable({size, size}));
  double alone_ms = std::numeric_limits<double>::infinity();
  double image_ms = alone_ms, boxes_ms = alone_ms, direct_ms = alone_ms;
  for (int round = 0; round <= rounds; ++round) {
    const double begin = rcnn::bench::processor_ms();
    alone.pass_ms();
    const double times[] = {rcnn::bench::processor_ms() - begin, image.run_ms(), boxes.run_ms(),
                            direct.run_ms()};
    if (round == 0) continue;  // Warm-up
    alone_ms = std::min(alone_ms, times[0]);
    image_ms = std::min(image_ms, times[1]);
    boxes_ms = std::min(boxes_ms, times[2]);
    direct_ms = std::min(direct_ms, times[3]);
  }
  std::printf("%s, %dx%d, %s, %d regions, one thread, best of %d\n", model.config().name.c_str(), size, size,
              model.artifact().options().precision.c_str(), regions, rounds);
  std::printf("oneDNN alone      %8.1f ms  (%.0f GFLOP/s)\n", alone_ms, alone.flops() / alone_ms * 1e-6);
  std::printf("backbone-rpn      %8.1f ms, all direct %.1f ms\nbox-head          %8.1f ms\n", image_ms,
              direct_ms, boxes_ms);
  std::printf("programs / alone  %8.3f, all direct %.3f\n", (image_ms + boxes_ms) / alone_ms,
              (direct_ms + boxes_ms) / alone_ms);
  return {{"oneDNN alone", alone_ms},
          {"backbone-rpn", image_ms},
          {"backbone-rpn direct", direct_ms},
          {"box-head", boxes_ms}};
}

/// GFLOP/s of one core now, of every precision that this processor has products of its own for.
std::map<std::string, double> peaks_now() {
  std::map<std::string, double> peaks;
  for (const std::string precision : {"f32", "bf16", "int8"}) {
    const auto type = rcnn::bench::multiplied_type(precision);
    if (precision == "f32" || type != DType::kF32) peaks[precision] = rcnn::bench::peak_gflops(type);
  }
  return peaks;
}

void raise(std::map<std::string, double>& peaks, const std::map<std::string, double>& more) {
  for (const auto& [precision, peak] : more) peaks[precision] = std::max(peaks[precision], peak);
}

/// Effective GFLOP/s: the definition's operations over the time, whatever the algorithm spares. The peak is
/// that around it: a processor's clock changes by 4 % from one second to the next.
nlohmann::json layer_row(const rcnn::bench::Layer& layer, DType type, int rounds) {
  auto peaks = peaks_now();
  const auto times = rcnn::bench::layer_times(layer, type, rounds);
  raise(peaks, peaks_now());
  nlohmann::json row{
      {"in", layer.in_channels}, {"out", layer.out_channels}, {"second", layer.second_channels},
      {"height", layer.height},  {"width", layer.width},      {"kernel", layer.kernel},
      {"stride", layer.stride},  {"matrix", layer.matrix},    {"counts", layer.counts},
      {"names", layer.names},    {"gflop", layer.gflop},      {"pick", to_string(times.pick)},
      {"peaks", peaks}};
  for (const auto& [algorithm, ms] : times.ms) row["gflops"][to_string(algorithm)] = layer.gflop / ms * 1e3;
  if (times.library_ms) row["gflops"]["oneDNN"] = layer.gflop / *times.library_ms * 1e3;
  return row;
}

/// "256 -> 3+12 1x1/1 200x200", "12544 -> 1024 1000 rows".
std::string described(const nlohmann::json& row) {
  const auto number = [&](const char* name) { return std::to_string(row[name].get<int>()); };
  const auto second = row["second"].get<int>() > 0 ? "+" + number("second") : "";
  const auto window = number("kernel") + "x" + number("kernel") + "/" + number("stride");
  const auto where = row["matrix"].get<bool>() ? number("width") + " rows"
                                               : window + " " + number("height") + "x" + number("width");
  return number("in") + " -> " + number("out") + second + " " + where;
}

std::string joined(const nlohmann::json& values, const char* between) {
  std::string text;
  for (const auto& value : values) {
    text += (text.empty() ? "" : between) + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

void print(const nlohmann::json& table, int rounds) {
  const auto precision = table["precision"].get<std::string>();
  std::printf("%s, %dx%d, %s, one thread, best of %d; peaks", joined(table["models"], ", ").c_str(),
              table["size"].get<int>(), table["size"].get<int>(), precision.c_str(), rounds);
  for (const auto& [of, peak] : table["peaks"].items())
    std::printf(" %s %.1f", of.c_str(), peak.get<double>());
  std::printf(" GFLOP/s\n%-30s %8s  GFLOP   effective GFLOP/s (share of the %s peak around it)\n", "layer",
              "times", precision.c_str());
  for (const auto& row : table["layers"]) {
    std::printf("%-30s %8s %6.2f ", described(row).c_str(), joined(row["counts"], ", ").c_str(),
                row["gflop"].get<double>());
    for (const auto& [algorithm, gflops] : row["gflops"].items()) {
      std::printf("  %s%s %.1f (%.2f)", algorithm == row["pick"] ? "*" : "", algorithm.c_str(),
                  gflops.get<double>(), gflops.get<double>() / row["peaks"][precision].get<double>());
    }
    std::printf("\n");
  }
  std::printf("* runs in programs; in bf16 the 7x7 one is computed with its pooling there\n");
}

nlohmann::json compare_layers(const std::vector<std::string>& archs, const std::string& precision, int size,
                              int rounds) {
  nlohmann::json table{{"size", size}, {"precision", precision}, {"layers", nlohmann::json::array()}};
  std::vector<std::shared_ptr<const Artifact>> models;
  for (const auto& arch : archs) {  // Only what it consists of counts: layers make up weights of their own
    models.push_back(random_model(arch, "f32", Artifact::open));
    table["models"].push_back(models.back()->model_name());
  }
  std::map<std::string, double> peaks;
  for (const auto& layer : rcnn::bench::layers_of(models, {size, size})) {
    table["layers"].push_back(layer_row(layer, rcnn::bench::multiplied_type(precision), rounds));
    raise(peaks, table["layers"].back()["peaks"]);
  }
  table["peaks"] = peaks;
  print(table, rounds);
  return table;
}

void check(const std::string& precision, bool layers, std::size_t models) {
  if (precision != "f32" && rcnn::bench::multiplied_type(precision) == DType::kF32) {
    throw SettingError("this processor does not multiply " + precision + ": models run in f32");
  }
  if (precision == "int8" && !layers) {
    throw SettingError(
        "--precision int8 goes with --layers: whole programs need calibration, frames_bench has them");
  }
  if (models > 1 && !layers) {
    throw SettingError("several models go with --layers: give --arch one name, or add --layers");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A model's convolutions and matrices alone against its compiled programs, one thread");
  std::vector<std::string> archs{"COCO-Detection/faster_rcnn_R_50_FPN_3x"};
  int size = 800, rounds = 5;
  app.add_option("--arch", archs, "Zoo name or config file; several with --layers")->capture_default_str();
  app.add_option("--size", size, "Side of the network input, a multiple of 32")->capture_default_str();
  app.add_option("--rounds", rounds, "The best of this many counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  bool layers = false;
  std::string json, precision = "f32";
  app.add_flag("--layers", layers, "Every distinct convolution and fully connected layer by every algorithm");
  app.add_option("--precision", precision, "What is multiplied; int8 goes with --layers alone")
      ->capture_default_str()
      ->check(CLI::IsMember({"f32", "bf16", "int8"}));
  app.add_option("--json", json, "Write the figures to this file as well");
  CLI11_PARSE(app, argc, argv);
  try {
    omp_set_num_threads(1);
    check(precision, layers, archs.size());
    const auto measured = layers ? compare_layers(archs, precision, size, rounds)
                                 : compare(random_model(archs.front(), precision, load), size, rounds);
    if (!json.empty()) std::ofstream(json) << measured.dump(1) << '\n';
  } catch (const std::exception& error) {
    std::fprintf(stderr, "convolutions_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
