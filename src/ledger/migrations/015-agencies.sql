-- What one agency owed is found without reading what the others did, and what is owed still without what was settled.
CREATE INDEX obligations_by_agency ON obligations (agency, return_id, period, state);
CREATE INDEX obligations_unsettled ON obligations (key, state, json_extract(folded, '$.due_at'))
    WHERE state NOT IN ('accepted', 'nil', 'waived');
-- What comes twice and was asked for once.
CREATE INDEX obligations_provisional ON obligations (key) WHERE json_extract(folded, '$.phase') = 'provisional';
