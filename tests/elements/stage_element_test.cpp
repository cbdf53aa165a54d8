// SPDX-License-Identifier: MIT
#include "elements/stage_element.hpp"  // First: proves the header is self-contained.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/elements/gst_fixture.hpp"
#include "tests/support/environment.hpp"

namespace rcnn::elements {
namespace {

using StageElement = tests::GstTest;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::Outcome;
using tests::Pipeline;

const std::string kSource = "videotestsrc num-buffers=5 ! video/x-raw,format=BGR,width=96,height=64 ! ";

Outcome outcome_of(const std::string& stages) {
  Pipeline pipeline(kSource + stages + " ! fakesink name=out");
  EXPECT_EQ(pipeline.link_error(), "");
  return pipeline.run();
}

TEST_F(StageElement, RunsTheDefaultModelAndSaysSo) {
  const tests::Environment named("RCNN_DEFAULT_MODEL", tests::tiny_model().string());
  const Outcome outcome = outcome_of("neuronrcnn");
  EXPECT_EQ(outcome.end, "eos") << outcome.error;
  EXPECT_THAT(outcome.infos,
              ElementsAre(AllOf(HasSubstr("the default one runs"), HasSubstr(tests::tiny_model().string()))));
}

// As other filters do, and as an appsrc may say it.
TEST_F(StageElement, TakesVideoWhoseCapsNameNoRate) {
  for (const std::string& line : {"neuronrcnn" + tests::with_model(), tests::six()}) {
    for (const char* caps : {"video/x-raw,format=RGB,width=64,height=48",
                             "video/x-raw,format=RGB,width=64,height=48,framerate=0/1"}) {
      tests::Harness harness(line);
      harness.set_caps(caps);
      ASSERT_EQ(harness.push(tests::picture(64, 48, GST_VIDEO_FORMAT_RGB)), GST_FLOW_OK) << line << caps;
      EXPECT_NE(harness.pull(), nullptr);
      const CapsPtr out(gst_pad_get_current_caps(harness.get()->sinkpad));
      const CapsPtr expected(gst_caps_from_string(caps));
      EXPECT_TRUE(gst_caps_is_equal(out.get(), expected.get()))
          << TextPtr(gst_caps_to_string(out.get())).get();
    }
  }
}

TEST_F(StageElement, RefusesVideoThatItsCapsRuleOut) {
  const auto accepts = [](const std::string& line, const std::string& caps) {
    tests::Harness harness(line);
    const CapsPtr parsed(gst_caps_from_string(caps.c_str()));
    return gst_pad_peer_query_accept_caps(harness.get()->srcpad, parsed.get()) != FALSE;
  };
  const std::string detector = "neuronrcnn" + tests::with_model();
  EXPECT_TRUE(accepts(detector, "video/x-raw,format=RGB,width=64,height=48"));
  EXPECT_FALSE(accepts(detector, "video/x-raw,format=GRAY8,width=64,height=48"));
  EXPECT_FALSE(accepts(detector, "video/x-raw(memory:DMABuf),format=RGB,width=64,height=48"));
  EXPECT_FALSE(accepts(detector + " ! capsfilter caps=video/x-raw,width=32",
                       "video/x-raw,format=RGB,width=64,height=48"));
  EXPECT_FALSE(accepts("roi-align", "video/x-raw,format=RGB,width=64,height=48"));
  EXPECT_TRUE(accepts("roi-align",
                      "video/x-raw(memory:SystemMemory, meta:RcnnProposals),format=RGB,width=64,height=48"));
}

TEST_F(StageElement, SaysWhatToDoWithoutAModel) {
  const tests::Environment named("RCNN_DEFAULT_MODEL", "/no/such.rcnn");
  for (const char* stages :
       {"neuronrcnn name=first",
        "preprocess-resize-800 name=first ! neuron-backbone-rpn ! cpu-rpn-proposals ! roi-align ! "
        "neuron-box-head ! postprocess-overlay"}) {
    const Outcome outcome = outcome_of(stages);
    EXPECT_EQ(outcome.end, "error");
    EXPECT_EQ(outcome.errors, 1);
    EXPECT_EQ(outcome.source, "first");
    EXPECT_THAT(outcome.error, HasSubstr("No model is set"));
    EXPECT_THAT(outcome.error, HasSubstr("model=FILE.rcnn"));
    EXPECT_THAT(outcome.error, HasSubstr("neuron-rcnn compile"));
  }
}

TEST_F(StageElement, FailsTheStateChangeOnceForAModelThatIsNone) {
  const auto folder = tests::tiny_model().parent_path();  // Goes when this process ends.
  const auto foreign = folder / "foreign.rcnn";
  std::ofstream(foreign) << "not a model at all, but longer than a header";
  const auto truncated = folder / "truncated.rcnn";
  std::filesystem::copy_file(tests::tiny_model(), truncated,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::resize_file(truncated, std::filesystem::file_size(truncated) / 2);
  for (const auto& file : {folder / "missing.rcnn", foreign, truncated}) {
    Pipeline pipeline(kSource + "neuronrcnn name=first model=" + file.string() + " ! fakesink");
    EXPECT_EQ(pipeline.set(GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << file;
    const Outcome outcome = pipeline.wait(GST_SECOND);
    EXPECT_EQ(outcome.errors, 1);
    EXPECT_EQ(outcome.source, "first");
    EXPECT_THAT(outcome.error, HasSubstr(file.filename().string()));
  }
}

TEST_F(StageElement, NamesTheCoresThereAreWhenAskedForAnother) {
  const Outcome outcome = outcome_of("neuronrcnn cores=977" + tests::with_model());
  EXPECT_EQ(outcome.errors, 1);
  EXPECT_THAT(outcome.error, HasSubstr("977"));
}

TEST_F(StageElement, CanBeSetRightAfterAFailure) {
  Pipeline pipeline(kSource + "neuronrcnn name=first model=/no/such.rcnn ! fakesink name=out");
  EXPECT_EQ(pipeline.set(GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  EXPECT_EQ(pipeline.wait(GST_SECOND).errors, 1);
  pipeline.set(GST_STATE_NULL);
  const auto first = pipeline.named("first");
  g_object_set(first.get(), "model", tests::tiny_model().c_str(), nullptr);
  EXPECT_EQ(pipeline.run().end, "eos");
  EXPECT_EQ(pipeline.count(), 5);
}

TEST_F(StageElement, DoesNotLinkInTheWrongOrder) {
  for (const char* stages :
       {"neuron-backbone-rpn ! preprocess-resize-800", "preprocess-resize-800 ! cpu-rpn-proposals",
        "preprocess-resize-800 ! videoconvert ! cpu-rpn-proposals",
        "preprocess-resize-800 ! preprocess-resize-800",
        "preprocess-resize-800 ! queue ! tee ! identity ! roi-align",
        "postprocess-overlay ! preprocess-resize-800", "preprocess-resize-800 ! autovideosink",
        "neuronrcnn ! postprocess-overlay"}) {
    Pipeline pipeline(kSource + stages + " ! fakesink");
    const bool links = pipeline.link_error().empty();
    const Outcome outcome = links ? pipeline.run(5 * GST_SECOND) : Outcome{.end = "error"};
    EXPECT_EQ(outcome.end, "error") << stages;
  }
  EXPECT_THAT(
      Pipeline(kSource + "preprocess-resize-800 name=a ! cpu-rpn-proposals name=b ! fakesink").link_error(),
      HasSubstr("could not link a to b"));
}

TEST_F(StageElement, TakesStockElementsBetweenTheStages) {
  for (const char* between : {" ! queue ! ", " ! tee ! queue ! identity ! ", " ! videoconvert ! "}) {
    Pipeline pipeline(kSource + tests::six(between) + " ! videoconvert ! fakesink name=out");
    ASSERT_EQ(pipeline.link_error(), "") << between;
    const Outcome outcome = pipeline.run();
    EXPECT_EQ(outcome.end, "eos") << between << outcome.error;
    EXPECT_EQ(pipeline.count(), 5) << between;
  }
}

TEST_F(StageElement, SurvivesStateCyclesAtAnyMoment) {
  for (const auto& stages : {"neuronrcnn" + tests::with_model(), tests::six()}) {
    Pipeline pipeline("videotestsrc ! video/x-raw,format=BGR,width=96,height=64 ! " + stages +
                      " ! fakesink sync=false name=out");
    for (int i = 0; i < 12; ++i) {
      pipeline.set(i % 3 == 0 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
      if (i % 2 == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(3 * i));
      }
      pipeline.set(i % 4 == 0 ? GST_STATE_NULL : GST_STATE_READY);
    }
    const int before = pipeline.count();
    pipeline.set(GST_STATE_PLAYING);
    EXPECT_TRUE(tests::eventually([&] { return pipeline.count() > before + 5; }));
    EXPECT_EQ(pipeline.wait(GST_MSECOND).error, "");
  }
}

TEST_F(StageElement, IsFreedWithAllItHolds) {
  GWeakRef stage;
  std::weak_ptr<pipeline::Frame> frame;
  {
    Pipeline pipeline(kSource + "preprocess-resize-800 name=first" + tests::with_model() +
                      " ! fakesink name=out");
    pipeline.on_buffer = [&](GstBuffer* buffer) { frame = frame_ride(buffer)->frame; };
    const auto first = pipeline.named("first");
    g_weak_ref_init(&stage, first.get());
    EXPECT_EQ(pipeline.run().end, "eos");
    EXPECT_FALSE(frame.expired()) << "fakesink keeps the last sample";
  }
  EXPECT_EQ(g_weak_ref_get(&stage), nullptr);
  EXPECT_TRUE(frame.expired());
  g_weak_ref_clear(&stage);
}

}  // namespace
}  // namespace rcnn::elements
