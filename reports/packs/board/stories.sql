-- What did agencies write about their figures?
-- Grain: one row per narrative, of every period; the pack keeps those of its own.
-- Columns: indicator (its identifier), agency_name, period, received_day (of the file it came with), text.
SELECT n.indicator, o.agency_name, n.period, o.received_day, n.text
FROM returns.narrative n
JOIN ledger.obligations o ON o.return_id = n.return_id AND o.agency = n.agency AND o.period = n.period
WHERE n.text IS NOT NULL
ORDER BY n.indicator, o.agency_name, n.period
