#!/usr/bin/env bash
# Starts the daemon on the demo's data and prints what benches/README.md promises: time to ready, idle memory.
# Usage: benches/idle.sh [PROGRAM]; without one the release build is made and measured.
set -euo pipefail
cd "$(dirname "$0")/.."
program="${1:-}"
if [ -z "$program" ]; then
  cargo build --release --locked
  program="${CARGO_TARGET_DIR:-target}/release/quarterday"
fi
program=$(realpath "$program")
runs=5
idle=10

work=$(mktemp -d)
daemon=
finish() {
  if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
"$program" demo "$work/board" >/dev/null
# No partner's server runs any more: an address at which nobody answers.
export QUARTERDAY__PULLS__BASE=http://127.0.0.1:9

# Starts the daemon; sets `daemon`, and `ready` to the milliseconds from its start to its "ready" line.
start() {
  mkfifo "$work/log"
  local before=${EPOCHREALTIME/./} line
  "$program" -C "$work/board" run 2>"$work/log" &
  daemon=$!
  exec {log}<"$work/log"
  rm "$work/log"
  while read -r -t 30 -u "$log" line; do
    case $line in *'"message":"ready"'*) break ;; esac
  done
  ready=$(((${EPOCHREALTIME/./} - before) / 1000))
  case $line in *'"message":"ready"'*) ;; *) echo "the daemon was not ready in time: $line" >&2; exit 1 ;; esac
  # What it says later is read and left.
  cat <&"$log" >/dev/null &
  exec {log}<&-
}

stop() {
  kill "$daemon"
  wait "$daemon"
  daemon=
}

memory() { awk -v field="$1:" '$1 == field { printf "%.1f", $2 / 1024 }' "/proc/$daemon/status"; }

times=()
for _ in $(seq "$runs"); do
  start
  times+=("$ready")
  sleep 1
  stop
done
median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$((runs / 2 + 1))p")

start
sleep "$idle"
printf 'program          %s, %s MiB\n' "$("$program" --version)" "$(($(stat -c %s "$program") / 1048576))"
printf 'start to ready   %s ms (median of %s; goal at most 300 ms)\n' "$median" "${times[*]}"
printf 'idle memory      %s MiB resident after %s s, most so far %s MiB (goal at most 80 MB)\n' \
  "$(memory VmRSS)" "$idle" "$(memory VmHWM)"
stop
