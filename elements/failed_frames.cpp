// SPDX-License-Identifier: MIT
#include "elements/failed_frames.hpp"

namespace rcnn::elements {

OnError FailedFrames::report(const std::exception_ptr& error, OnError policy) {
  const Failure failure = failure_of(error);
  if (failure.cancelled) {
    return OnError::kDrop;
  }
  switch (policy) {
    case OnError::kPass:
      warn(failure, "The frame goes on without " + results_ + " (on-error=pass).");
      break;
    case OnError::kDrop:
      warn(failure, "The frame is dropped (on-error=drop).");
      break;
    case OnError::kStop:
      post(element_, GST_MESSAGE_ERROR, failure,
           "on-error=pass or on-error=drop would go on with the next frame");
      break;
  }
  return policy;
}

void FailedFrames::warn(const Failure& failure, const std::string& consequence) {
  const GstClockTime now = gst_util_get_timestamp();
  if (now < next_warning_ && !failure.notable) {
    ++unwarned_;
    return;
  }
  std::string details = consequence;
  if (unwarned_ > 0) {
    details.append(" Frames that failed since the last warning: ").append(std::to_string(unwarned_));
  }
  post(element_, GST_MESSAGE_WARNING, failure, details);
  next_warning_ = now + GST_SECOND;
  unwarned_ = 0;
}

void push_gap(GstPad* source, const GstBuffer* frame) {
  if (!GST_BUFFER_PTS_IS_VALID(frame)) return;
  gst_pad_push_event(source, gst_event_new_gap(GST_BUFFER_PTS(frame), GST_BUFFER_DURATION(frame)));
}

}  // namespace rcnn::elements
