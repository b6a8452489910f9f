#!/usr/bin/env bash
set -euo pipefail

source "$(dirname "$0")/common.sh"
. ./colours.sh

readonly LIMIT=3
name="größe"
export TARGET="build"

# Prints what happens.
# To the error stream.
log() {
  local text="$1"
  printf '%s\n' "$text" >&2
}

# Tries a command – some times.
function retry {
  local left=$LIMIT
  until "$@"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      log "given up: é"
      return 1
    fi
    sleep 1
  done
}

build() (
  cd "$TARGET"
  retry make all
  colour green "$name"
)

main() {
  case "${1:-build}" in
    build) build ;;
    *) log "unknown" ;;
  esac
}

main "$@"
