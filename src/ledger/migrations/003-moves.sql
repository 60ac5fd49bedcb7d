-- Files of a partner's folder whose bytes are safe here and which are still to be moved away there; a row goes when its
-- move is done.
CREATE TABLE moves (
    place   TEXT NOT NULL,
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL,
    version TEXT NOT NULL,
    target  TEXT NOT NULL,
    PRIMARY KEY (place, name, version)
) STRICT, WITHOUT ROWID;
