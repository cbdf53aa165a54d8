// SPDX-License-Identifier: MIT
#pragma once

#include "launch/detect_options.hpp"
#include "launch/video_pipeline.hpp"

namespace rcnn::launch {

/// Runs one video or camera through the `neuronrcnn` element to its end, to Ctrl-C or to the frame limit.
/// Results and progress reach the sink on the calling thread; the annotated mp4 appears when it is complete,
/// with exactly the frames that came in and their times. GStreamer must be initialised and the elements
/// registered. Ctrl-C ends the recording well; for a video that is failed() as well, since frames are
/// missing.
///
/// \throws engine::Error (SettingError where a setting is at fault) with what GStreamer reports; the
/// unfinished mp4
///         is removed.
bool detect_video(const VideoJob& job, const DetectOptions& options, ResultSink& sink);

}  // namespace rcnn::launch
