#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a detector finds in a video, a folder of images or a camera, as one JSON object a line on stdout.
#   launch/json-lines.sh MODEL.rcnn INPUT... | jq .
# NEURON_RCNN names the program; unset, build/launch/neuron-rcnn of this checkout is tried.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: ${0##*/} MODEL.rcnn INPUT..." >&2
  exit 2
fi
program=${NEURON_RCNN:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/launch/neuron-rcnn}
model=$1
shift
exec "$program" detect -m "$model" "$@" --json - --format json-lines
