#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A video through the six elements, one by one: annotated mp4 out, with exactly the frames that came in.
#   launch/file-to-file.sh MODEL.rcnn INPUT OUTPUT.mp4
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: ${0##*/} MODEL.rcnn INPUT OUTPUT.mp4" >&2
  exit 2
fi
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
need_file "$2"
need_apart "$3" "$1" "$2"

# videoconvert before the first stage is for what is decoded to neither NV12 nor I420; x264enc takes these. Without B-frames
# the muxer needs no edit list, which would cut off the first frame of streams of uneven rate. -e ends the file on Ctrl-C.
exec gst-launch-1.0 -q -e \
  filesrc location="$2" ! decodebin ! videoconvert \
  ! preprocess-resize-800 model="$1" ! neuron-backbone-rpn ! cpu-rpn-proposals \
  ! roi-align ! neuron-box-head ! postprocess-overlay score-threshold="${THRESHOLD:-0.5}" \
  ! videoconvert ! x264enc bframes=0 ! mp4mux ! filesink location="$3"
