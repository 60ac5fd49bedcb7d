"""DuckDB: typed read_csv, the same row checks, COPY to zstd Parquet.

`table` loads into a table first; `stream` copies straight from the CSV and checks the Parquet file, which takes less
memory. Both are how its documentation does it; the quicker one counts.
"""

import sys

import duckdb
from peers_common import CATEGORIES, CORES, FILE, FOLDER, REQUIRED, SEX, SOURCES, done

way = sys.argv[3] if len(sys.argv) > 3 else "table"
db = duckdb.connect(":memory:", config={"threads": CORES, "preserve_insertion_order": "false", "temp_directory": FOLDER})
source = f"""read_csv('{FILE}', header = true, auto_detect = false, delim = ',', quote = '"', dateformat = '%Y-%m-%d', columns = {{
    'episode': 'VARCHAR', 'area': 'VARCHAR', 'team': 'VARCHAR', 'referred_on': 'DATE', 'assessed_on': 'DATE',
    'closed_on': 'DATE', 'age': 'BIGINT', 'sex': 'VARCHAR', 'category': 'VARCHAR', 'source': 'VARCHAR',
    'contacts': 'BIGINT', 'days_open': 'BIGINT', 'worker': 'VARCHAR', 'outcome': 'VARCHAR'}})"""
copy = f"TO '{FOLDER}/episodes.parquet' (FORMAT parquet, COMPRESSION zstd)"
if way == "table":
    db.execute(f"CREATE TABLE episodes AS SELECT * FROM {source}")
    db.execute(f"COPY episodes {copy}")
    rows = "episodes"
else:
    db.execute(f"COPY (SELECT * FROM {source}) {copy}")
    rows = f"'{FOLDER}/episodes.parquet'"
listed = lambda words: ", ".join(f"'{word}'" for word in words)
checks = [f"count(*) FILTER ({column} IS NULL)" for column in REQUIRED] + [
    "count(*) FILTER (age NOT BETWEEN 0 AND 17)",
    "count(*) FILTER (contacts NOT BETWEEN 0 AND 999)",
    "count(*) FILTER (days_open < 0)",
    f"count(*) FILTER (sex NOT IN ({listed(SEX)}))",
    f"count(*) FILTER (category NOT IN ({listed(CATEGORIES)}))",
    f"count(*) FILTER (source NOT IN ({listed(SOURCES)}))",
    "count(*) FILTER (assessed_on < referred_on)",
]
total, *broken = db.execute(f"SELECT count(*), {', '.join(checks)} FROM {rows}").fetchone()
repeated = db.execute(
    f"SELECT episode, count(*) FROM {rows} GROUP BY episode HAVING count(*) > 1 LIMIT 1000"
).fetchall()
done(total, [n for n in broken if n] or repeated)
