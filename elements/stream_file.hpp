// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <string>

namespace rcnn::elements {

/// The path of the file, or the URI, that a stream comes from; "" where none is known to be its own.
///
/// Sources begin a stream's id with the SHA-256 of its URI, by which it is known among those of several
/// sources (concat) or files (uridecodebin3): a query answers with any of them. A stream whose id is made
/// otherwise (network cameras) has the URI of the only source that there is.
///
///   pad     sink pad that the stream passes
///   stream  its id, as its STREAM_START says
/// Thread safety: thread-safe; it asks the pads upstream.
std::string file_of_stream(GstPad* pad, const std::string& stream);

}  // namespace rcnn::elements
