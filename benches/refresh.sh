#!/usr/bin/env bash
# How long the figures take to follow one new submission, and how long all of them take; see benches/README.md.
# Usage: benches/refresh.sh [ROUNDS] [PROGRAM]; without a program the release build is made and measured.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-7}" program="${2:-}"
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
# No partner's server runs any more: an address at which nobody answers. The daemon rings so seldom that it does not refresh
# by itself meanwhile.
export QUARTERDAY__PULLS__BASE=http://127.0.0.1:9
"$program" -C "$work/board" run --every 3600 2>"$work/log" &
daemon=$!
for _ in $(seq 200); do
  grep -q '"message":"ready"' "$work/log" && break
  sleep 0.1
done
quarterday() { "$program" -C "$work/board" "$@"; }
milliseconds() {
  local before=${EPOCHREALTIME/./}
  "$@" >/dev/null
  echo $(((${EPOCHREALTIME/./} - before) / 1000))
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"; }
# The first ring works everything out for the quarter that the machine's clock says.
quarterday refresh >/dev/null
asked=() one=() all=()
for round in $(seq "$rounds"); do
  printf 'period,area,plans_open_at_end,plans_started,second_or_subsequent_plans,plans_ended,ended_after_two_years_or_more,children_0_17_previous_mid_year\r\n2025-26-Q1,Exampleshire,%d,66,22,58,2,46410\r\n' \
    $((221 + round)) >"$work/plans.csv"
  quarterday submit "$work/plans.csv" --return child-protection --agency children-services --period 2025-26-Q1 >/dev/null
  one+=("$(milliseconds quarterday refresh)")
  asked+=("$(milliseconds quarterday refresh)")
  all+=("$(milliseconds quarterday refresh --full)")
done
echo "after one submission, of $rounds: median $(median "${one[@]}") ms (goal 300), beside a command with nothing to do: $(median "${asked[@]}") ms"
echo "all models and indicators: median $(median "${all[@]}") ms"
