"""dlt: its quickest documented route for a CSV file, without any row check.

`read_csv_duckdb(use_pyarrow=True)` hands Arrow tables on, which dlt writes as Parquet without looking at the rows
("Arrow tables" and "Performance" in its documentation); the destination is a folder.
"""

import os
import sys

os.environ.setdefault("DLT_DATA_DIR", os.path.join(sys.argv[2], "dlt"))
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DATA_WRITER__DISABLE_COMPRESSION"] = "true"
os.environ["NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID"] = "false"

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb
from peers_common import FILE, FOLDER, done

folder, name = os.path.split(os.path.abspath(FILE))
files = filesystem(bucket_url=f"file://{folder}", file_glob=name)
rows = (files | read_csv_duckdb(chunk_size=500_000, use_pyarrow=True)).with_name("episodes")
pipeline = dlt.pipeline(
    "episodes",
    destination=dlt.destinations.filesystem(bucket_url=f"file://{FOLDER}/lake"),
    dataset_name="returns",
    pipelines_dir=os.path.join(FOLDER, "pipelines"),
)
pipeline.run(rows, loader_file_format="parquet")
done(pipeline.last_trace.last_normalize_info.row_counts["episodes"], None)
