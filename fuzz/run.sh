#!/usr/bin/env bash
# Fuzzes each target, or those that are named, for so many seconds. Usage: fuzz/run.sh [SECONDS] [TARGET]…
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"
shift || true
[ "$#" -gt 0 ] || set -- csv xml contract frames

seed() { # TARGET NAME: the seed on standard input
  mkdir -p "fuzz/corpus/$1"
  cat >"fuzz/corpus/$1/$2"
}
number=0
for file in pipelines/*/samples/*.csv; do
  for options in '\x00\x00' '\x15\x31' '\xc5\x1f'; do
    number=$((number + 1))
    { printf "$options" && head -c 4096 "$file"; } | seed csv "seed-$number"
  done
done
for file in pipelines/*/return.toml tests/it/real/*/return.toml; do
  seed contract "$(basename "$(dirname "$file")")" <"$file"
done
printf '%s\n' '/Message/Children/Child|ChildIdentifiers/LAchildID|@id|../#|.' \
  '<?xml version="1.0"?><Message><Children><Child id="1"><ChildIdentifiers><LAchildID>A&amp;1</LAchildID></ChildIdentifiers></Child></Children></Message>' \
  | seed xml plain
printf '%s\n' '/a/b|../c|d/e' '/a/b/d|#|../@f' '<a><c>1</c><b f="g"><d><e><![CDATA[<h>]]></e></d><d/></b><!-- i --></a>' | seed xml nested
printf '%s\n' '/r:set/r:row|@r:id|r:a|b' '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE set [<!ENTITY x "y">]><r:set xmlns:r="urn:r"><r:row r:id="1"><r:a>&x;&#65;&lt;</r:a><b/></r:row><?p i?></r:set>' \
  | seed xml names
printf '%s\n' '/s/r|#|../#|c' '/s/r/c|.|../@n' "$(printf '<s>'; for n in 1 2 3; do printf '<r n="%s"><c>%s</c><c xml:space="preserve"> \t</c></r>' "$n" "$n"; done; printf '</s>')" \
  | seed xml repeated
# A frame is its kind, its length as eight bytes from the least on, and what it holds.
frame() { printf "$1$(printf '\\x%02x' $((${#2} % 256)) $((${#2} / 256)))\\0\\0\\0\\0\\0\\0%s" "$2"; }
{ frame J '{"ignored":["Notes"]}' && frame D ''; } | seed frames ignored
{ frame J '{"sheet":{"name":"Return","header_row":1,"first_column":0,"columns":["Area"],"remarks":{}}}' && frame B 'ARROW' && frame D ''; } \
  | seed frames sheet

export RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/instrument"
cargo build --release --locked --package quarterday-fuzz --bins
built="${CARGO_TARGET_DIR:-target}/release"
{ printf '=' && "$built/rows"; } | seed frames rows

for target in "$@"; do
  mkdir -p "fuzz/artifacts/$target"
  "$built/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="fuzz/artifacts/$target/" "fuzz/corpus/$target"
done
