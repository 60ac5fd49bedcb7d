-- Messages that came into the mailbox, each once, however often it is delivered or fetched.
CREATE TABLE incoming (
    id         INTEGER PRIMARY KEY,
    identity   TEXT NOT NULL UNIQUE,
    arrived_at TEXT NOT NULL,
    sender     TEXT NOT NULL,
    name       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    -- The message itself in the landing archive, kept where a person is to decide on it.
    sha256     TEXT,
    answerable INTEGER NOT NULL,
    state      TEXT NOT NULL,
    why        TEXT,
    -- What is to be done with it, written down before it is begun.
    plan       TEXT NOT NULL
) STRICT;
CREATE INDEX incoming_held ON incoming (id) WHERE state = 'held';
CREATE INDEX incoming_by_sender ON incoming (sender, arrived_at);

-- Which of its files became which submission, so that none is offered twice.
CREATE TABLE incoming_parts (
    message    INTEGER NOT NULL REFERENCES incoming (id),
    part       INTEGER NOT NULL,
    submission INTEGER NOT NULL REFERENCES submissions (id),
    PRIMARY KEY (message, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX incoming_parts_by_submission ON incoming_parts (submission);

-- Addresses that a person said belong to an agency, for good.
CREATE TABLE senders (
    address    TEXT PRIMARY KEY,
    agency     TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    actor      TEXT NOT NULL
) STRICT;
