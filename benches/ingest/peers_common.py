"""What every peer knows of the file: its columns, and the row checks of benches/ingest/return.toml."""

import os
import resource
import sys
import time

FILE, FOLDER = sys.argv[1], sys.argv[2]
CORES = len(os.sched_getaffinity(0))
SEX = ["F", "M", "U"]
CATEGORIES = ["neglect", "physical abuse", "emotional abuse", "sexual abuse", "multiple"]
SOURCES = ["police", "school", "health", "family", "self", "anonymous", "other agency", "court"]
REQUIRED = ["episode", "area", "team", "referred_on", "assessed_on", "age", "sex", "category", "source", "contacts"]

# From here on: what a peer imports is not its work.
_began = time.perf_counter()


def done(rows, broken):
    """Prints what the bench reads: rows, seconds, most memory."""
    seconds = time.perf_counter() - _began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000
    assert not broken, broken
    print(f"{rows} rows, {seconds:.2f} s, {memory} MB at most")
