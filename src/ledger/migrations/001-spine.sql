-- Everything that ever happened, in order. Nothing here is updated or deleted, except that a payload may be
-- destroyed: the chain runs over its digest, so the chain still verifies afterwards.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor   TEXT NOT NULL,
    payload TEXT,
    digest  TEXT NOT NULL,
    chain   TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject, seq);

-- A projection of the events of each obligation; disposable, `verify` compares it with them.
CREATE TABLE obligations (
    key       TEXT PRIMARY KEY,
    return_id TEXT NOT NULL,
    agency    TEXT NOT NULL,
    period    TEXT NOT NULL,
    state     TEXT NOT NULL,
    next_at   TEXT,
    folded    TEXT NOT NULL
) STRICT;
CREATE INDEX obligations_by_next ON obligations (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY,
    obligation    TEXT NOT NULL,
    return_id     TEXT NOT NULL,
    agency        TEXT NOT NULL,
    period        TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    name          TEXT NOT NULL,
    source        TEXT NOT NULL,
    received_at   TEXT NOT NULL,
    contract_hash TEXT NOT NULL,
    verdict       TEXT,
    reason        TEXT,
    rows_in       INTEGER NOT NULL DEFAULT 0,
    rows_accepted INTEGER NOT NULL DEFAULT 0,
    rows_refused  INTEGER NOT NULL DEFAULT 0,
    decided_at    TEXT,
    totals        TEXT
) STRICT;
CREATE INDEX submissions_by_obligation ON submissions (obligation, id);

-- The definition each submission was judged under, so that a rebuild never uses today's.
CREATE TABLE contracts (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE findings (
    submission INTEGER NOT NULL REFERENCES submissions (id),
    position   INTEGER NOT NULL,
    severity   TEXT NOT NULL,
    table_name TEXT NOT NULL,
    sheet      TEXT,
    heading    TEXT,
    letter     TEXT,
    row        INTEGER,
    rule       TEXT NOT NULL,
    says       TEXT NOT NULL,
    PRIMARY KEY (submission, position)
) STRICT, WITHOUT ROWID;

-- Which Delta version of each table readers see, from which event on.
CREATE TABLE versions (
    table_name TEXT NOT NULL,
    seq        INTEGER NOT NULL REFERENCES events (seq),
    version    INTEGER NOT NULL,
    PRIMARY KEY (table_name, seq)
) STRICT, WITHOUT ROWID;

-- The data key of each extract, wrapped by the master key. Deleting a row destroys the extract.
CREATE TABLE data_keys (
    sha256  TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE outbox (
    id             INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    kind           TEXT NOT NULL,
    obligation     TEXT,
    recipient      TEXT NOT NULL,
    message        TEXT NOT NULL,
    enqueued_at    TEXT NOT NULL,
    state          TEXT NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_at        TEXT NOT NULL,
    verb           TEXT,
    says           TEXT,
    settled_at     TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE state IN ('queued', 'sending');

-- What is remembered of each place that is asked for files.
CREATE TABLE pulls (
    key           TEXT PRIMARY KEY,
    next_at       TEXT NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    etag          TEXT,
    last_modified TEXT,
    last_ok_at    TEXT,
    says          TEXT
) STRICT;

-- Work that failed and is tried again.
CREATE TABLE retries (
    key      TEXT PRIMARY KEY,
    next_at  TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    says     TEXT NOT NULL
) STRICT;

-- Files of a drop folder that were taken, so that they are not taken twice.
CREATE TABLE taken_files (
    path     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    modified TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    PRIMARY KEY (path, size, modified)
) STRICT, WITHOUT ROWID;

-- Things the timetable did once: a pack issued, a cycle opened.
CREATE TABLE occurrences (
    key     TEXT PRIMARY KEY,
    at      TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE TABLE editions (
    id         INTEGER PRIMARY KEY,
    pack       TEXT NOT NULL,
    period     TEXT NOT NULL,
    number     INTEGER NOT NULL,
    folder     TEXT NOT NULL,
    pdf_sha256 TEXT NOT NULL,
    issued_at  TEXT NOT NULL,
    vector     TEXT NOT NULL,
    UNIQUE (pack, number)
) STRICT;

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
