#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Four videos through four detectors on one set of cores and weights, side by side in one annotated mp4.
#   launch/mosaic.sh MODEL.rcnn INPUT INPUT INPUT INPUT OUTPUT.mp4
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -ne 6 ]; then
  echo "usage: ${0##*/} MODEL.rcnn INPUT INPUT INPUT INPUT OUTPUT.mp4" >&2
  exit 2
fi
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
for input in "${@:2:4}"; do need_file "$input"; done
need_apart "$6" "${@:1:5}"

# The detector draws before the picture is made small, so that it sees every pixel; compositor drops the metas.
tile="video/x-raw,width=640,height=360,pixel-aspect-ratio=1/1"
branches=()
for input in "$2" "$3" "$4" "$5"; do
  branches+=(filesrc location="$input" ! decodebin ! videoconvert ! neuronrcnn model="$1" score-threshold="${THRESHOLD:-0.5}"
    ! videoconvert ! videoscale ! "$tile" ! queue ! mosaic.)
done
# -e ends the file on Ctrl-C.
exec gst-launch-1.0 -q -e \
  compositor name=mosaic sink_1::xpos=640 sink_2::ypos=360 sink_3::xpos=640 sink_3::ypos=360 \
  ! videoconvert ! x264enc bframes=0 ! mp4mux ! filesink location="$6" \
  "${branches[@]}"
