// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "launch/detect_options.hpp"
#include "launch/inputs.hpp"
#include "pipeline/session.hpp"

namespace rcnn::launch {

/// Runs images through all six stages, `max_in_flight` at a time; results come out in the order of the
/// images. An image that cannot be read, or on which a core fails, is one failed() of the sink; the others go
/// on. So is a copy that cannot be written: what was found in its image comes nevertheless.
///
///   annotated  where each image's annotated copy goes, one per image; empty: none are made
/// Thread safety: one at a time in a process, as Interrupt; the sink is called on the calling thread.
///
/// \return how many came out, in order from the first: all, or those that were on their way when a signal
/// came (Interrupt). \throws engine::Error if a result cannot be written.
std::size_t detect_images(std::span<const Input> images, std::span<const std::filesystem::path> annotated,
                          const std::shared_ptr<const pipeline::Session>& session,
                          const DetectOptions& options, ResultSink& sink);

}  // namespace rcnn::launch
