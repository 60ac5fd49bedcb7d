-- Which figures of a file that stands were queried, and what is their reason?
-- Grain: one row per query, of every period; the pack keeps those of its own.
-- Columns: agency_name, title (of the return), period, says (the question; it holds no value), explanation (empty while
--   nobody has recorded one), explained_day.
SELECT agency_name, title, period, says, explanation, explained_day
FROM ledger.queries
ORDER BY agency_name, title, period, finding
