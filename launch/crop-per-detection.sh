#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each object that a detector finds in a video as an image of its own: FOLDER/000000.jpg, 000001.jpg, ...
#   launch/crop-per-detection.sh MODEL.rcnn INPUT FOLDER
# THRESHOLD leaves out objects with this score or less (0.5). The objects as text: launch/json-lines.sh
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: ${0##*/} MODEL.rcnn INPUT FOLDER" >&2
  exit 2
fi
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
need_file "$2"
# An input among the crops is in danger where it is called as they are.
[[ ${2##*/} != [0-9]*.jpg ]] || need_apart "$3/${2##*/}" "$2"
mkdir -p "$3"

# overlay=false: the crops show the objects, not the boxes around them. multifilesink takes %% for a % of the folder's name.
exec gst-launch-1.0 -q \
  filesrc location="$2" ! decodebin ! videoconvert \
  ! neuronrcnn model="$1" overlay=false score-threshold="${THRESHOLD:-0.5}" \
  ! detection-crop ! videoconvert ! jpegenc quality=92 \
  ! multifilesink location="${3//%/%%}/%06d.jpg"
