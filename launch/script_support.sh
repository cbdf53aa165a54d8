# SPDX-License-Identifier: MIT
# Sourced by the ready pipelines beside it: the plugin's place, and refusals before anything is opened, since a file that is
# written to is emptied first. Not for running by itself.

built=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/elements
[ -n "${GST_PLUGIN_PATH:-}" ] || [ ! -d "$built" ] || export GST_PLUGIN_PATH=$built

refuse() {
  printf '%s\n' "$*" >&2
  exit 1
}

need_model() {
  [ -r "$1" ] || refuse "The model '$1' cannot be read: give a .rcnn file that neuron-rcnn compile made, or a folder of its programs"
}

need_file() {
  [ ! -d "$1" ] || refuse "The input '$1' is a folder: give a file"
  [ -r "$1" ] || refuse "The input '$1' cannot be read: give a file that is there"
}

# need_apart OUTPUT INPUT...: none of the inputs may be the output, by whatever path.
need_apart() {
  local output=$1 input
  shift
  for input; do
    [ ! "$output" -ef "$input" ] || refuse "The output '$output' would replace '$input', which is read: give the output another name"
  done
}
