-- What an accepted file changed of the one it replaced; without `difference` it is still to be worked out.
CREATE TABLE differences (
    submission INTEGER PRIMARY KEY REFERENCES submissions (id),
    before     INTEGER NOT NULL REFERENCES submissions (id),
    at         TEXT NOT NULL,
    difference TEXT
) STRICT;
CREATE INDEX differences_owed ON differences (submission) WHERE difference IS NULL;
