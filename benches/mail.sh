#!/usr/bin/env bash
# How long 10,000 messages take through a relay on this machine, beside Postfix's own client. See benches/README.md.
# Usage: benches/mail.sh [COUNT] [PROGRAM]; BENCH_FOLDER says on which disk the ledger lies.
set -euo pipefail
cd "$(dirname "$0")/.."
count="${1:-10000}" program="${2:-}"
if [ -z "$program" ]; then
  cargo build --release --locked --features bench --bin post
  program="${CARGO_TARGET_DIR:-target}/release/post"
fi
program=$(realpath "$program")
export PATH="$PATH:/usr/sbin"
work=$(mktemp -d -p "${BENCH_FOLDER:-/tmp}")
sink=
finish() {
  if [ -n "$sink" ]; then kill "$sink" 2>/dev/null || true; wait "$sink" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
port=$((20000 + RANDOM % 20000))
user=()
if [ "$(id -u)" = 0 ]; then user=(-u nobody); fi
smtp-sink "${user[@]}" "127.0.0.1:$port" 100 &
sink=$!
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
ours=$("$program" "$count" "$port" "$work")
# The peer sends messages of the same length over one connection, and keeps nothing of what it does.
before=${EPOCHREALTIME/./}
smtp-source -d -s 1 -m "$count" -l 9000 -f quarterday@board.example -t someone@police.example "127.0.0.1:$port"
peer=$((${EPOCHREALTIME/./} - before))
awk -v count="$count" -v ours="$ours" -v peer="$peer" 'BEGIN {
  peer /= 1000000
  printf "quarterday   %.2f s, %.0f messages a second (goal: %d in at most 60 s)\n", ours, count / ours, count
  printf "smtp-source  %.2f s, %.0f messages a second\n", peer, count / peer
  printf "ratio        %.1f\n", ours / peer
}'
