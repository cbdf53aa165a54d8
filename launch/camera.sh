#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A camera through the six elements into an annotated mp4, until Ctrl-C.
#   launch/camera.sh MODEL.rcnn OUTPUT.mp4 [DEVICE]        DEVICE: /dev/video0 unless given
# SOURCE replaces the camera by any live source, for example SOURCE="videotestsrc is-live=true num-buffers=50".
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  echo "usage: ${0##*/} MODEL.rcnn OUTPUT.mp4 [DEVICE]" >&2
  exit 2
fi
device=${3:-/dev/video0}
if [ -z "${SOURCE:-}" ] && [ ! -c "$device" ]; then
  echo "There is no camera '$device': ls /dev/video* shows those there are" >&2
  exit 1
fi
read -ra source <<<"${SOURCE:-v4l2src device=$device}"
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
need_apart "$2" "$1" "$device"

# A camera does not wait: the queue keeps the newest frame only and lets the others go. -e ends the file on Ctrl-C.
exec gst-launch-1.0 -q -e \
  "${source[@]}" ! decodebin ! videoconvert ! queue leaky=downstream max-size-buffers=1 \
  ! preprocess-resize-800 model="$1" ! neuron-backbone-rpn ! cpu-rpn-proposals \
  ! roi-align ! neuron-box-head ! postprocess-overlay score-threshold="${THRESHOLD:-0.5}" \
  ! videoconvert ! x264enc tune=zerolatency ! mp4mux ! filesink location="$2"
