-- How much of a group (schools, trusts) an accepted file speaks of.
CREATE TABLE coverage (
    submission INTEGER PRIMARY KEY REFERENCES submissions (id),
    present    INTEGER NOT NULL,
    missing    TEXT NOT NULL
) STRICT;
