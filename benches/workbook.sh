#!/usr/bin/env bash
# A workbook of 100,000 rows: the time our worker needs beside calamine's own; see benches/README.md.
# Usage: benches/workbook.sh [ROWS]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --features bench --bin quarterday --bin ingest
release="${CARGO_TARGET_DIR:-target}/release"
"$release/ingest" workbook "${1:-100000}" "$release/quarterday"
