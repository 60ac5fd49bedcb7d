-- Which accepted files were replaced by later ones, and when?
-- Grain: one row per return, agency and period that was restated; the pack keeps what was replaced after its own period.
-- Columns: agency_name, title (of the return), period, first_day (of the first accepted file), last_day (of the last).
SELECT o.agency_name, o.title, o.period, min(s.received_day) AS first_day, max(s.received_day) AS last_day
FROM ledger.obligations o
JOIN ledger.submissions s ON s.return_id = o.return_id AND s.agency = o.agency AND s.period = o.period
WHERE o.restated AND s.verdict IN ('accepted', 'accepted_with_queries')
GROUP BY o.agency_name, o.title, o.period
ORDER BY last_day DESC, o.agency_name, o.title, o.period
