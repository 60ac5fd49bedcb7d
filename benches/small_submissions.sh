#!/usr/bin/env bash
# How many small submissions the daemon takes in a minute: each kept, judged, committed and answered. See
# benches/README.md. Usage: benches/small_submissions.sh [SECONDS] [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-60}" program="${2:-}"
if [ -z "$program" ]; then
  cargo build --release --locked
  program="${CARGO_TARGET_DIR:-target}/release/quarterday"
fi
program=$(realpath "$program")
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
"$program" -C "$work/board" run 2>"$work/log" &
daemon=$!
for _ in $(seq 200); do
  grep -q '"message":"ready"' "$work/log" && break
  sleep 0.1
done
# One client after another waits for its answer, over the control socket.
python3 benches/small_submissions.py "$work/board" "$seconds"
awk '$1 == "VmHWM:" { printf "most memory %.0f MB\n", $2 / 1000 }' "/proc/$daemon/status"
