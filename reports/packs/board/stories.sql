-- What did agencies write about their figures, with their return or when they were asked about one that stands out?
-- Grain: one row per text, of every period; the pack keeps those of its own.
-- Columns: indicator (its identifier), agency_name, period, received_day (of the file it came with, or of the comment),
--   text.
SELECT n.indicator, o.agency_name, n.period, o.received_day, n.text
FROM returns.narrative n
JOIN ledger.obligations o ON o.return_id = n.return_id AND o.agency = n.agency AND o.period = n.period
WHERE n.text IS NOT NULL
UNION ALL
SELECT c.indicator, c.agency_name, c.period, c.received_day, c.text
FROM ledger.commentary c
ORDER BY indicator, agency_name, period
