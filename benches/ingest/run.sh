#!/usr/bin/env bash
# A large CSV file through decode, contract and Delta commit, beside what DuckDB, polars and dlt need for it; see
# benches/README.md. Usage: benches/ingest/run.sh [ROWS] [ROUNDS] [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/../.."
rows="${1:-10000000}" rounds="${2:-3}" program="${3:-}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/quarterday"
if [ -z "$program" ]; then
  cargo build --release --locked --features bench --bin ingest
  program="${CARGO_TARGET_DIR:-target}/release/ingest"
fi
program=$(realpath "$program")
here=$(realpath benches/ingest)

# The peers, newest first; dlt apart, for it has wishes of its own.
peers="$cache/bench-venv" dlt="$cache/bench-venv-dlt"
[ -x "$peers/bin/python" ] || { python3 -m venv "$peers" && "$peers/bin/pip" install -q duckdb polars; }
if [ -z "${WITHOUT_DLT:-}" ] && [ ! -x "$dlt/bin/python" ]; then
  python3 -m venv "$dlt" && "$dlt/bin/pip" install -q "dlt[duckdb,filesystem,parquet]"
fi

work=$(mktemp -d "${BENCH_FOLDER:-$cache}/ingest.XXXXXX")
trap 'rm -rf "$work"' EXIT
file="$work/episodes.csv"
"$program" generate "$rows" "$file"
printf '%s rows, %s MB, %s processors, load %s\n' "$rows" "$(($(stat -c %s "$file") / 1000000))" "$(nproc)" \
  "$(cut -d' ' -f1 /proc/loadavg)"
"$peers/bin/pip" list 2>/dev/null | awk '/^(duckdb|polars) /'
[ -z "${WITHOUT_DLT:-}" ] && "$dlt/bin/pip" list 2>/dev/null | awk '/^dlt /'
cat "$file" >/dev/null

# Runs one of them in a folder of its own; prints its name, seconds and megabytes.
measure() {
  local name="$1" said
  shift
  rm -rf "$work/out" && mkdir "$work/out"
  if said=$("$@" 2>"$work/errors" | tail -1); then
    echo "$said" | sed -E "s/^[0-9]+ rows, ([0-9.]+) s, ([0-9]+) MB.*/$name \1 \2/" | tee -a "$work/times" >&2
  else
    echo "$name failed: $(tail -1 "$work/errors")" >&2
  fi
}

# Alternately, so that whatever else the machine does hits all of them alike.
for _ in $(seq "$rounds"); do
  measure quarterday "$program" run "$file" "$work/out"
  measure duckdb-table "$peers/bin/python" "$here/duckdb_peer.py" "$file" "$work/out" table
  measure duckdb-stream "$peers/bin/python" "$here/duckdb_peer.py" "$file" "$work/out" stream
  measure polars "$peers/bin/python" "$here/polars_peer.py" "$file" "$work/out"
done
[ -n "${WITHOUT_DLT:-}" ] || measure dlt "$dlt/bin/python" "$here/dlt_peer.py" "$file" "$work/out"

awk '
  { if (!($1 in best) || $2 < best[$1]) best[$1] = $2; if ($3 > most[$1]) most[$1] = $3; runs[$1]++ }
  END {
    ours = best["quarterday"]
    printf "%-14s %10s %12s %6s %22s\n", "", "best s", "most MB", "runs", "quarterday / it"
    for (name in best) printf "%-14s %10.2f %12d %6d %22.2f\n", name, best[name], most[name], runs[name], ours / best[name]
  }' "$work/times"
printf 'load at the end %s\n' "$(cut -d' ' -f1 /proc/loadavg)"
