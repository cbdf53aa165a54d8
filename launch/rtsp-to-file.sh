#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A network camera through the six elements into an annotated mp4, until it ends or Ctrl-C.
#   launch/rtsp-to-file.sh MODEL.rcnn rtsp://HOST/PATH OUTPUT.mp4
# SOURCE replaces the camera by any live source, for example SOURCE="videotestsrc is-live=true num-buffers=50".
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: ${0##*/} MODEL.rcnn rtsp://HOST/PATH OUTPUT.mp4" >&2
  exit 2
fi
# A camera that closes the connection ends the recording well; so does one that falls silent, after half a minute.
# TCP: a lost packet of UDP would be a smeared picture, and a smeared picture a wrong detection.
read -ra source <<<"${SOURCE:-rtspsrc location=$2 protocols=tcp latency=200}"
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
need_apart "$3" "$1"

# The camera does not wait: while the cores are busy, the newest frame waits and older ones give way to it. Without
# B-frames the muxer needs no edit list, which would cut off the first frame of streams of uneven rate.
exec gst-launch-1.0 -q -e \
  "${source[@]}" ! decodebin ! videoconvert \
  ! preprocess-resize-800 model="$1" drop-policy=oldest ! neuron-backbone-rpn ! cpu-rpn-proposals \
  ! roi-align ! neuron-box-head ! postprocess-overlay score-threshold="${THRESHOLD:-0.5}" \
  ! videoconvert ! x264enc bframes=0 ! mp4mux ! filesink location="$3"
