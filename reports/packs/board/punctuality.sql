-- How punctual was each agency?
-- Grain: one row per return, agency and period that was due or has arrived; the pack keeps its own quarter and the three
--   before it.
-- Columns: agency_name, period, on_time (the first readable file arrived by the due instant), accepted_first_time (the
--   first file was accepted; empty while nothing is decided), days_late (civil days, 0 in time), restatements.
-- Counts of returns are about agencies and not about people: nothing of them is hidden.
SELECT agency_name, period, on_time, accepted_first_time, days_late, restatements
FROM ledger.punctuality
WHERE on_time IS NOT NULL
ORDER BY agency_name, period
