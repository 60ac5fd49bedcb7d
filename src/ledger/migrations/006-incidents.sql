-- Files in which identities were found where there should be none. The sealed key opens the extract for the custodian
-- alone; it is gone once the incident is closed, and the extract with it.
CREATE TABLE incidents (
    id         INTEGER PRIMARY KEY,
    submission INTEGER NOT NULL UNIQUE REFERENCES submissions (id),
    sha256     TEXT NOT NULL,
    opened_at  TEXT NOT NULL,
    destroy_on TEXT NOT NULL,
    kinds      TEXT NOT NULL,
    sealed_for TEXT NOT NULL,
    sealed_key BLOB,
    closed_at  TEXT,
    closed_by  TEXT
) STRICT;
CREATE INDEX incidents_by_sha256 ON incidents (sha256);
CREATE INDEX incidents_open ON incidents (destroy_on) WHERE closed_at IS NULL;
