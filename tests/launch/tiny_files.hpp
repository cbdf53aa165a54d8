// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "tests/launch/launch_support.hpp"
#include "tests/support/tiny_model.hpp"

namespace rcnn::launch {

/// A checkpoint as the .safetensors file that a user would have.
inline void write_checkpoint(const std::filesystem::path& file, const engine::Checkpoint& checkpoint) {
  nlohmann::ordered_json header;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const std::uint64_t end = offset + tensor.values->size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out << text;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    out.write(reinterpret_cast<const char*>(tensor.values->data()),
              static_cast<std::streamsize>(tensor.values->size() * sizeof(float)));
  }
}

inline void write_tiny_checkpoint(const std::filesystem::path& file) {
  write_checkpoint(file, tests::tiny_checkpoint());
}

/// tests::tiny_config() as a user would write it, with a mask head or without an RPN if the options say so.
inline void write_tiny_config(const std::filesystem::path& file,
                              const tests::TinyModelOptions& options = {}) {
  const auto config = tests::tiny_config(options);
  std::string sizes;
  for (const auto& level : config.anchors.sizes) {
    sizes += (sizes.empty() ? "" : ", ") + nlohmann::json(level).dump();
  }
  write_text(file,
             "_BASE_: COCO-Detection/faster_rcnn_R_50_FPN_3x\nMODEL:\n"
             "  RESNETS: {DEPTH: 18, STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 8}\n"
             "  FPN: {OUT_CHANNELS: 16}\n"
             "  ANCHOR_GENERATOR: {SIZES: [" +
                 sizes +
                 "]}\n"
                 "  ROI_HEADS: {NUM_CLASSES: 3}\n"
                 "  ROI_BOX_HEAD: {FC_DIM: 32}\n" +
                 (options.masks ? "  MASK_ON: true\n"
                                  "  ROI_MASK_HEAD: {NUM_CONV: 2, CONV_DIM: 16, POOLER_RESOLUTION: 6}\n"
                                : "") +
                 (options.load_proposals ? "  LOAD_PROPOSALS: true\n"
                                           "  PROPOSAL_GENERATOR: {NAME: PrecomputedProposals}\n"
                                         : "") +
                 "DATASETS: {TRAIN: [mine], TEST: [mine]}\n");
}

/// A tiny network's config and checkpoint as files, and the command that makes an artifact of them.
class CompileTest : public ::testing::Test {
 protected:
  CompileTest() {
    write_tiny_config(folder_ / "tiny.yaml");
    write_tiny_checkpoint(folder_ / "tiny.safetensors");
  }
  /// Arguments of neuron-rcnn.
  std::string compile_command(const std::string& more, const std::string& output = "tiny.rcnn") const {
    return "compile --config " + (folder_ / "tiny.yaml").string() + " --weights " +
           (folder_ / "tiny.safetensors").string() + " -o " + (folder_ / output).string() + " " + more;
  }
  Outcome compile(const std::string& more, const std::string& output = "tiny.rcnn") const {
    return run_neuron_rcnn(compile_command(more, output));
  }

  const TempFolder folder_;
};

/// A clip of videotestsrc as mp4 (H.264), `frames` frames of 25 a second.
inline void write_clip(const std::filesystem::path& file, int frames, int width = 160, int height = 120,
                       const std::string& more_caps = "") {
  gst_init(nullptr, nullptr);
  const std::string line = "videotestsrc num-buffers=" + std::to_string(frames) +
                           " pattern=ball ! video/x-raw,width=" + std::to_string(width) +
                           ",height=" + std::to_string(height) + ",framerate=25/1" + more_caps +
                           " ! x264enc speed-preset=ultrafast ! mp4mux ! filesink location=" + file.string();
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  const bool made = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  if (message != nullptr) gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  if (!made) throw std::runtime_error("cannot make a clip: " + line);
}

/// Runs a line of gst-launch-1.0's, and says when it is wrong.
inline void make_by_gst(const std::string& line, const std::filesystem::path& file) {
  const auto made = run_shell("gst-launch-1.0 -q " + line + " ! filesink location=" + file.string());
  if (made.code != 0) throw std::runtime_error("cannot make " + file.string() + ": " + made.err);
}

/// So many frames as Matroska, whose header says how long they last.
inline void write_mkv(const std::filesystem::path& file, int frames) {
  make_by_gst("videotestsrc num-buffers=" + std::to_string(frames) +
                  " ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc ! h264parse ! matroskamux",
              file);
}

/// The first bytes of a file, as a broken download leaves them.
inline void cut(const std::filesystem::path& file, double share) {
  std::filesystem::resize_file(
      file, static_cast<std::uintmax_t>(share * static_cast<double>(std::filesystem::file_size(file))));
}

/// Noise in the place of a part of a file.
inline void damage(const std::filesystem::path& file, double from, double to) {
  auto bytes = read_text(file);
  std::mt19937 random(1);
  const auto size = static_cast<double>(bytes.size());
  for (auto i = static_cast<std::size_t>(from * size); i < static_cast<std::size_t>(to * size); ++i)
    bytes[i] = static_cast<char>(random());
  write_text(file, bytes);
}

/// The times of a video's decoded frames, ns from its start as players count.
inline std::vector<std::uint64_t> frame_times(const std::filesystem::path& file) {
  gst_init(nullptr, nullptr);
  std::vector<std::uint64_t> times;
  const std::string line = "filesrc location=" + file.string() +
                           " ! decodebin ! video/x-raw ! fakesink name=sink sync=false signal-handoffs=true";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  const auto note = +[](GstElement*, GstBuffer* buffer, GstPad* pad, gpointer into) {
    GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    static_cast<std::vector<std::uint64_t>*>(into)->push_back(
        gst_segment_to_stream_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)));
    gst_event_unref(event);
  };
  g_signal_connect(sink, "handoff", G_CALLBACK(note), &times);
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  const bool readable = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  if (message != nullptr) gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  if (!readable) throw std::runtime_error("cannot read the video " + file.string());
  return times;
}

}  // namespace rcnn::launch
