-- What is asked at every ring and for every page, so that the cost of looking does not grow with all that was recorded.
CREATE INDEX obligations_by_state ON obligations (key, state);
CREATE INDEX submissions_undecided ON submissions (id) WHERE verdict IS NULL;
CREATE INDEX pulls_failing ON pulls (key) WHERE attempts > 0;
CREATE INDEX events_failed ON events (seq) WHERE kind = 'failed';
CREATE INDEX outbox_by_state ON outbox (state);
