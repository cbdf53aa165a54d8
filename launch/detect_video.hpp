// SPDX-License-Identifier: MIT
#pragma once

#include "launch/detect_options.hpp"
#include "launch/video_pipeline.hpp"

namespace rcnn::launch {

/// Runs one video or camera through the `neuronrcnn` element to its end, to a signal (Interrupt) or to the
/// frame limit. Results and progress reach the sink on the calling thread; the annotated mp4 appears when it
/// is complete, with exactly the frames that came in and their times. GStreamer must be initialised and the
/// elements registered. Thread safety: one at a time in a process, as Interrupt.
///
/// A signal ends the recording well; for a video that is failed() as well, since frames are missing. So is a
/// file that gives nothing for `VideoJob::patience`. Where not even the end of the stream comes through, the
/// mp4 is removed, and where threads of the pipeline do not end, is_pipeline_abandoned() from then on.
///
/// A file that ends before its container says, or of which frames could not be decoded, is failed() too,
/// after its results; one whose frames the decoder had to mend is warned() of.
///
/// \throws engine::Error (SettingError where a setting is at fault) with what GStreamer reports; the
/// unfinished mp4 is
///         removed. OutputError of the sink, once the mp4 with the frames so far is in its place.
void detect_video(const VideoJob& job, const DetectOptions& options, ResultSink& sink);

}  // namespace rcnn::launch
