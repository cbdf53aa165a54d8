// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "elements/stage_element.hpp"  // The part that changes the model while playing.
#include "tests/elements/gst_fixture.hpp"
#include "tests/elements/stats.hpp"
#include "tests/support/environment.hpp"

namespace rcnn::elements {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::Harness;

using Found = std::vector<std::tuple<float, float, float, std::string>>;

std::string other_model() { return tests::tiny_model({.seed = 9, .num_classes = 5}).string(); }

Found found_in(GstBuffer* buffer) {
  const auto* meta = rcnn_buffer_get_detections_meta(buffer);
  Found all;
  for (guint i = 0; meta != nullptr && i < meta->count; ++i) {
    const RcnnDetection& d = meta->detections[i];
    all.emplace_back(d.x0, d.y0, d.score, g_quark_to_string(d.label));
  }
  return all;
}

BufferPtr frame() { return tests::picture(96, 64, GST_VIDEO_FORMAT_BGR); }

class ModelSwap : public tests::GstTest {
 protected:
  /// What a model finds in frame().
  static Found found_by(const std::string& model) {
    Harness harness("neuronrcnn overlay=false model=" + model);
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    EXPECT_EQ(harness.push(frame()), GST_FLOW_OK);
    return found_in(harness.pull().get());
  }
  /// Paths that the signal gave.
  void listen(GstElement* element) {
    g_signal_connect(element, "model-updated", G_CALLBACK(+[](GstElement*, const gchar* path, gpointer self) {
                       auto* test = static_cast<ModelSwap*>(self);
                       const std::lock_guard lock(test->mutex_);
                       test->updated_.emplace_back(path);
                     }),
                     this);
  }
  std::vector<std::string> updated() {
    const std::lock_guard lock(mutex_);
    return updated_;
  }
  static std::string model_of(GstElement* element) {
    gchar* model = nullptr;
    g_object_get(element, "model", &model, nullptr);
    const TextPtr owned(model);
    return owned.get();
  }

 private:
  std::mutex mutex_;  // Guards updated_.
  std::vector<std::string> updated_;
};

TEST_F(ModelSwap, HappensBetweenTwoFramesWhileOthersAreInside) {
  const Found old_ones = found_by(tests::tiny_model().string());
  const Found new_ones = found_by(other_model());
  ASSERT_NE(old_ones, new_ones);
  for (const auto& stages : {"neuronrcnn name=first overlay=false" + tests::with_model(),
                             tests::six(" ! ", "name=first", "overlay=false")}) {
    Harness harness(stages);
    const ElementPtr first = harness.named("first");
    listen(first.get());
    const auto before = updated().size();
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
    g_object_set(first.get(), "model", other_model().c_str(), nullptr);
    int pushed = 1;
    while (updated().size() == before && pushed < 10000) {
      ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
      ++pushed;
    }
    ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);  // Enters after the signal: the new model for certain.
    std::vector<bool> is_new;
    for (int i = 0; i < pushed + 1; ++i) {
      const Found found = found_in(harness.pull().get());
      EXPECT_TRUE(found == old_ones || found == new_ones);
      is_new.push_back(found == new_ones);
    }
    EXPECT_FALSE(is_new.front());
    EXPECT_TRUE(is_new.back());
    EXPECT_TRUE(std::is_sorted(is_new.begin(), is_new.end())) << "one boundary";
    EXPECT_EQ(updated().back(), other_model());
    EXPECT_EQ(model_of(first.get()), other_model());
  }
}

// Starting takes as long as loading does, and what is set meanwhile, by another thread, comes too late for
// that.
TEST_F(ModelSwap, IsAskedForWhileTheFirstModelLoads) {
  const tests::Environment named("RCNN_DEFAULT_MODEL", tests::tiny_model().string());
  tests::Pipeline pipeline(
      "videotestsrc ! video/x-raw,format=BGR,width=96,height=64 ! neuronrcnn name=first ! fakesink name=out");
  const ElementPtr first = pipeline.named("first");
  listen(first.get());
  GstBus* bus = gst_element_get_bus(pipeline.get());
  gst_bus_set_sync_handler(
      bus,
      [](GstBus*, GstMessage* message, gpointer) {
        if (GST_MESSAGE_TYPE(message) ==
            GST_MESSAGE_INFO) {  // The default model is loaded, and not in use yet.
          g_object_set(GST_MESSAGE_SRC(message), "model", other_model().c_str(), nullptr);
        }
        return GST_BUS_PASS;
      },
      nullptr, nullptr);
  gst_object_unref(bus);
  ASSERT_TRUE(pipeline.reaches(GST_STATE_PLAYING));
  EXPECT_TRUE(tests::eventually([&] { return !updated().empty(); }));
  const int before = pipeline.count();
  EXPECT_TRUE(tests::eventually([&] { return pipeline.count() > before + 8; }));
  EXPECT_THAT(updated(), testing::ElementsAre(other_model()));
  EXPECT_EQ(model_of(first.get()), other_model());
}

// `cores` may be changed in READY alone: what is set meanwhile waits for the next start, another model or
// not.
TEST_F(ModelSwap, StaysOnTheCoresThatTheElementStartedOn) {
  const tests::Environment two("NEURON_RT_NUM_CORES", "2");
  Harness harness("neuronrcnn name=first cores=0" + tests::with_model());
  const ElementPtr first = harness.named("first");
  listen(first.get());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  g_object_set(first.get(), "cores", "1", "model", other_model().c_str(), nullptr);
  ASSERT_TRUE(tests::eventually([&] { return !updated().empty(); }));
  const tests::Stats stats(first.get());
  const auto* cores = stats.value("cores");
  ASSERT_NE(cores, nullptr);
  ASSERT_EQ(gst_value_array_get_size(cores), 1U);
  int id = -1;
  ASSERT_TRUE(gst_structure_get_int(gst_value_get_structure(gst_value_array_get_value(cores, 0)), "id", &id));
  EXPECT_EQ(id, 0);
}

TEST_F(ModelSwap, IsRefusedWithTheReasonAndTheOldModelStays) {
  const tests::Environment no_default("RCNN_DEFAULT_MODEL", "/no/such.rcnn");
  const Found old_ones = found_by(tests::tiny_model().string());
  const auto broken = tests::tiny_model().parent_path() / "broken.rcnn";
  std::ofstream(broken) << "no model, but longer than the header of one would have to be";
  Harness harness("neuronrcnn name=first overlay=false" + tests::with_model());
  const ElementPtr first = harness.named("first");
  listen(first.get());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  for (const std::string& wanted : {broken.string(), std::string("/missing.rcnn"), std::string()}) {
    g_object_set(first.get(), "model", wanted.c_str(), nullptr);
    EXPECT_THAT(harness.message(GST_MESSAGE_WARNING),
                AllOf(HasSubstr("model=" + wanted + " is refused"), HasSubstr(tests::tiny_model().string())));
    EXPECT_EQ(model_of(first.get()), tests::tiny_model().string());
    ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
    EXPECT_EQ(found_in(harness.pull().get()), old_ones);
  }
  EXPECT_THAT(updated(), testing::IsEmpty());
}

TEST_F(ModelSwap, IsRefusedWhereACoreHasNoMemoryForBoth) {
  // Each test is a process of its own, whose cores are made when first asked for.
  const tests::Environment memory("NEURON_EMU_CORE_MEMORY", "8");
  const Found old_ones = found_by(tests::tiny_model().string());
  const auto large = tests::tiny_model({.input = {.width = 1600, .height = 1280}}).string();
  Harness harness("neuronrcnn name=first overlay=false" + tests::with_model());
  const ElementPtr first = harness.named("first");
  listen(first.get());
  harness.set_caps(tests::caps_of(96, 64, "BGR"));
  g_object_set(first.get(), "model", large.c_str(), nullptr);
  EXPECT_THAT(harness.message(GST_MESSAGE_WARNING),
              AllOf(HasSubstr("model=" + large + " is refused"), HasSubstr("NEURON_EMU_CORE_MEMORY")));
  EXPECT_EQ(model_of(first.get()), tests::tiny_model().string());
  ASSERT_EQ(harness.push(frame()), GST_FLOW_OK);
  EXPECT_EQ(found_in(harness.pull().get()), old_ones);
  EXPECT_THAT(updated(), testing::IsEmpty());
}

TEST_F(ModelSwap, MaySetAnotherOneAtOnceOrStop) {
  for (int round = 0; round < 5; ++round) {
    Harness harness("neuronrcnn name=first overlay=false" + tests::with_model());
    const ElementPtr first = harness.named("first");
    harness.set_caps(tests::caps_of(96, 64, "BGR"));
    g_object_set(first.get(), "model", other_model().c_str(), nullptr);
    g_object_set(first.get(), "model", tests::tiny_model().c_str(), nullptr);
    EXPECT_EQ(model_of(first.get()), tests::tiny_model().string()) << "the last wish counts";
  }  // Stops while models are loaded.
}

}  // namespace
}  // namespace rcnn::elements
