#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A camera with its detections on the screen, as late as one inference and no later.
#   launch/live-view.sh MODEL.rcnn [DEVICE]        DEVICE: /dev/video0 unless given
# SOURCE replaces the camera by any live source, SINK the window by any sink.
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: ${0##*/} MODEL.rcnn [DEVICE]" >&2
  exit 2
fi
device=${2:-/dev/video0}
if [ -z "${SOURCE:-}" ] && [ ! -c "$device" ]; then
  echo "There is no camera '$device': ls /dev/video* shows those there are" >&2
  exit 1
fi
read -ra source <<<"${SOURCE:-v4l2src device=$device}"
read -ra sink <<<"${SINK:-autovideosink sync=false}"
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"

# Two frames: one on a core, one before or behind it. The newest waits in front of them, and older ones give way to
# it. sync=false shows each as soon as it is there.
exec gst-launch-1.0 -q \
  "${source[@]}" ! decodebin ! videoconvert \
  ! neuronrcnn model="$1" max-in-flight=2 drop-policy=oldest score-threshold="${THRESHOLD:-0.5}" \
  ! videoconvert ! "${sink[@]}"
