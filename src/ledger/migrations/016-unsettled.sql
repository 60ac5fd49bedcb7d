-- What is owed still is found without reading what was settled.
CREATE INDEX IF NOT EXISTS obligations_unsettled ON obligations (key, state, json_extract(folded, '$.due_at'))
    WHERE state NOT IN ('accepted', 'nil', 'waived');
DROP INDEX obligations_by_agency;
CREATE INDEX obligations_by_agency ON obligations (agency, return_id, period, state);
