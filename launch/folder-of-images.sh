#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A folder of JPEG images through the six elements: annotated JPEG images out, under the same names.
#   launch/folder-of-images.sh MODEL.rcnn FOLDER OUTPUT_FOLDER
# What cannot be decoded is left out and named (exit code 1).
# For other formats, EXIF rotation and results as JSON: neuron-rcnn detect -m MODEL.rcnn FOLDER --output OUTPUT_FOLDER
# THRESHOLD leaves out objects with this score or less (0.5).
# GST_PLUGIN_PATH names the folder of the plugin; unset, build/elements of this checkout is tried.
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: ${0##*/} MODEL.rcnn FOLDER OUTPUT_FOLDER" >&2
  exit 2
fi
source "$(dirname "${BASH_SOURCE[0]}")/script_support.sh"
need_model "$1"
need_apart "$3" "$2"

# multifilesrc reads numbered files, so each image gets a number in a folder of links, and its name back in the end. One that
# cannot be decoded would stop the rest or, left out by jpegdec, give them the names of those before: each is tried alone first.
numbered=$(mktemp -d)
trap 'rm -rf "$numbered"' EXIT
trap 'refuse "Interrupted before the first result: run it again"' INT
decodes() {
  # jpegdec of 1.22 refuses what is in CMYK, but now and then the pipeline then waits for ever.
  timeout --foreground --kill-after=1 20 gst-launch-1.0 -q filesrc location="$1" ! jpegdec ! videoconvert \
    ! filesink location="$numbered/decoded" >/dev/null 2>&1 || return
  [ -s "$numbered/decoded" ]
}
names=() failed=0
for image in "$2"/*.jpg "$2"/*.jpeg "$2"/*.JPG; do
  [ -f "$image" ] || continue
  need_apart "$3/${image##*/}" "$image"
  if ! decodes "$image"; then
    echo "The image '$image' cannot be decoded as JPEG and is left out: neuron-rcnn detect reads more formats" >&2
    failed=1
    continue
  fi
  ln -s "$(realpath "$image")" "$(printf '%s/in-%06d.jpg' "$numbered" ${#names[@]})"
  names+=("${image##*/}")
done
if [ ${#names[@]} -eq 0 ]; then
  [ $failed -eq 1 ] || echo "There are no JPEG images in '$2': give a folder with *.jpg files" >&2
  exit 1
fi
mkdir -p "$3"

# The frame rate is nominal; images may differ in size: each change renegotiates. On Ctrl-C the results so far are kept.
trap : INT
gst-launch-1.0 -q \
  multifilesrc location="$numbered/in-%06d.jpg" caps=image/jpeg,framerate=1/1 ! jpegdec ! videoconvert \
  ! preprocess-resize-800 model="$1" ! neuron-backbone-rpn ! cpu-rpn-proposals \
  ! roi-align ! neuron-box-head ! postprocess-overlay score-threshold="${THRESHOLD:-0.5}" \
  ! videoconvert ! jpegenc quality=92 ! multifilesink location="$numbered/out-%06d.jpg" || failed=1

for number in "${!names[@]}"; do
  result=$(printf '%s/out-%06d.jpg' "$numbered" "$number")
  [ -s "$result" ] || refuse "There are results of $number of ${#names[@]} images; '$2/${names[$number]}' is the first without"
  mv "$result" "$3/${names[$number]}"
done
exit $failed
