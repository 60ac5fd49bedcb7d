#!/usr/bin/env bash
# One tick over 10,000, 100,000 and 1,000,000 obligations with nothing due: time and memory; see benches/README.md.
# Usage: benches/tick/run.sh [COUNT...]; PROGRAM=path/to/tick measures that program.
set -euo pipefail
cd "$(dirname "$0")/../.."
program="${PROGRAM:-}"
if [ -z "$program" ]; then
  cargo build --release --locked --features bench --bin tick
  program="${CARGO_TARGET_DIR:-target}/release/tick"
fi
program=$(realpath "$program")
[ "$#" -gt 0 ] || set -- 10000 100000 1000000
work=$(mktemp -d "${BENCH_FOLDER:-${TMPDIR:-/tmp}}/tick.XXXXXX")
trap 'rm -rf "$work"' EXIT
for count in "$@"; do
  mkdir "$work/$count"
  "$program" make "$count" "$work/$count"
  # In a process of its own, so that its memory is that of the ticks.
  "$program" run "$work/$count"
  rm -rf "${work:?}/$count"
done
