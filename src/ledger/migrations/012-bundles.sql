-- The key of the one message in which a row leaves together with others of the same person; its Message-ID is made from
-- this. Set before the message is handed over, so that the same rows leave again under the same Message-ID.
ALTER TABLE outbox ADD COLUMN bundle TEXT;
CREATE INDEX outbox_bundles ON outbox (bundle) WHERE bundle IS NOT NULL;
-- The next to leave is found without reading the others, however many have left.
CREATE INDEX outbox_waiting ON outbox (id, next_at, state) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_by_person ON outbox (recipient, kind, state, next_at, settled_at, obligation, bundle, key);
