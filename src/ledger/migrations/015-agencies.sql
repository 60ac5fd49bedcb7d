-- What one agency owed is found without reading what the others did.
CREATE INDEX obligations_by_agency ON obligations (agency, return_id, period);
-- And so is what comes twice and was asked for once.
CREATE INDEX obligations_provisional ON obligations (key) WHERE json_extract(folded, '$.phase') = 'provisional';
