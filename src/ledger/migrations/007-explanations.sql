-- What a query is about, as a digest of its rule, its row's key and its figure: the same in a later file as long as none
-- of them changes. Empty where a row is about one child.
ALTER TABLE findings ADD COLUMN mark TEXT;

-- What somebody recorded as the reason for a figure that was queried. The newest one stands.
CREATE TABLE explanations (
    id         INTEGER PRIMARY KEY,
    obligation TEXT NOT NULL,
    submission INTEGER NOT NULL REFERENCES submissions (id),
    position   INTEGER NOT NULL,
    mark       TEXT,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    says       TEXT NOT NULL
) STRICT;
CREATE INDEX explanations_by_obligation ON explanations (obligation);
