# SPDX-License-Identifier: MIT
# Sourced by launch/demo, launch/check and .ci/run: installs what is missing, builds. Not for running by itself.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${JOBS:-$(nproc)}
python=/usr/bin/python3 # Debian's own: its packages (numpy) are for it, whatever else is called python3 here.

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Debian packages of launch/packages.txt that are not installed yet, if any, through apt-get.
install_packages() {
  local missing=() name admin=()
  while read -r name; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done < <(grep -v '^#' "$root/launch/packages.txt")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "This needs Debian 12's packages: ${missing[*]}. apt-get is not here; install them and run this again."
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "Not root and no sudo. Ask an administrator for: apt-get install ${missing[*]}; then run this again."
    admin=(sudo)
  fi
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  "${admin[@]}" apt-get update -qq
  "${admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# build_tree FOLDER TARGET CMAKE_OPTION...: configures and builds, with ninja's own progress.
build_tree() {
  local folder=$1 target=$2
  shift 2
  cmake -S "$root" -B "$folder" -G Ninja "$@" >"$folder.configure.log" 2>&1 || {
    cat "$folder.configure.log" >&2
    fail "Configuring failed; the log above says why."
  }
  rm -f "$folder.configure.log"
  cmake --build "$folder" --target "$target" -j "$jobs"
}
