"""polars: a lazy scan, the same row checks, a streaming sink to zstd Parquet, in one pass over the file."""

import os

import polars as pl
from peers_common import CATEGORIES, FILE, FOLDER, REQUIRED, SEX, SOURCES, done

text, day, number = pl.String, pl.Date, pl.Int64
schema = {
    "episode": text, "area": text, "team": text, "referred_on": day, "assessed_on": day, "closed_on": day,
    "age": number, "sex": text, "category": text, "source": text, "contacts": number, "days_open": number,
    "worker": text, "outcome": text,
}
rows = pl.scan_csv(FILE, schema=schema)
c = pl.col
checks = rows.select(
    pl.len().alias("rows"),
    *[c(column).is_null().sum().alias(f"{column} missing") for column in REQUIRED],
    (~c("age").is_between(0, 17)).sum().alias("age out of range"),
    (~c("contacts").is_between(0, 999)).sum().alias("contacts out of range"),
    (c("days_open") < 0).sum().alias("days_open out of range"),
    (~c("sex").is_in(SEX)).sum().alias("sex not allowed"),
    (~c("category").is_in(CATEGORIES)).sum().alias("category not allowed"),
    (~c("source").is_in(SOURCES)).sum().alias("source not allowed"),
    (c("assessed_on") < c("referred_on")).sum().alias("assessed before referral"),
)
repeated = rows.select((pl.len() - c("episode").n_unique()).alias("repeated"))
sink = rows.sink_parquet(os.path.join(FOLDER, "episodes.parquet"), compression="zstd", lazy=True)
if os.environ.get("POLARS_PASSES") == "3":
    sink.collect(engine="streaming")
    checked, repeats = checks.collect(engine="streaming"), repeated.collect(engine="streaming")
else:
    checked, repeats, _ = pl.collect_all([checks, repeated, sink], engine="streaming")
found = checked.row(0, named=True)
total = found.pop("rows")
done(total, {name: n for name, n in found.items() if n} or repeats.item())
