-- What a submission was judged with beside its contract: the versions of the tables that its rules saw, its code lists
-- and the key of its pseudonyms; and the columns of its file as they were. A rebuild replays it from these.
ALTER TABLE submissions ADD COLUMN judged_with TEXT;
ALTER TABLE submissions ADD COLUMN seen TEXT;
CREATE INDEX submissions_seen ON submissions (return_id, agency, id) WHERE seen IS NOT NULL;

-- Code lists of other returns as they were, by their digests.
CREATE TABLE kept_texts (
    digest TEXT PRIMARY KEY,
    text   TEXT NOT NULL
) STRICT;

-- Rows that were refused while the others of their file were taken, by the number they have in it.
CREATE TABLE refused_rows (
    submission INTEGER NOT NULL REFERENCES submissions (id),
    table_name TEXT NOT NULL,
    row        INTEGER NOT NULL,
    PRIMARY KEY (submission, table_name, row)
) STRICT, WITHOUT ROWID;
