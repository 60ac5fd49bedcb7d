-- Who owed which return, and what came of it?
-- Grain: one row per return, agency and period, of every period; the pack keeps those that end in its own.
-- Columns: agency_name, title (of the return), period, due_day, received_day (first readable file, if any),
--   state (overdue, to_correct, held, open, received, accepted_late, accepted, nil, waived), days_late (civil days),
--   restated, corrected, reminders (messages beyond the notice), arranged (what a person arranged about its day: more
--   time, or that it is asked for again; may be empty), note (the reason given for a nil return, or that
--   it is no longer asked for; else empty),
--   escalation_held (why the manager kept it from going above the lead, may be empty),
--   provisional (whether the figures that stand are provisional),
--   rows_refused (rows of the accepted file that were left out because they broke a rule).
SELECT o.agency_name, o.title, o.period, o.due_day, o.received_day, o.state, o.days_late, o.restated, o.corrected,
  o.reminders, o.arranged, o.note, o.escalation_held, o.provisional, s.rows_refused
FROM ledger.obligations o
LEFT JOIN (
  SELECT return_id, agency, period, rows_refused,
    row_number() OVER (PARTITION BY return_id, agency, period ORDER BY submission DESC) AS nth
  FROM ledger.submissions
  WHERE verdict IN ('accepted', 'accepted_with_queries')
) s ON s.nth = 1 AND s.return_id = o.return_id AND s.agency = o.agency AND s.period = o.period
WHERE o.duty = 'return'
ORDER BY o.agency_name, o.title, o.period
