-- What is wrong, or was: from when it was first seen until it was seen to be over. A row goes again without a trace when
-- it was over before anybody was told.
CREATE TABLE conditions (
    id        INTEGER PRIMARY KEY,
    -- What it is, as pull/missing-children/police.
    name      TEXT NOT NULL,
    -- How bad it is; it is told again when it grows.
    level     INTEGER NOT NULL,
    -- The same for people.
    says      TEXT NOT NULL,
    begins_at TEXT NOT NULL,
    told_at   TEXT,
    -- Since when it has not been seen any more.
    gone_at   TEXT,
    ends_at   TEXT
) STRICT;
CREATE UNIQUE INDEX conditions_open ON conditions (name) WHERE ends_at IS NULL;
CREATE INDEX conditions_told ON conditions (told_at) WHERE ends_at IS NOT NULL;
