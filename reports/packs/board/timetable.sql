-- Who owed which return, and what came of it?
-- Grain: one row per return, agency and period, of every period; the pack keeps those that end in its own.
-- Columns: agency_name, title (of the return), period, due_day, received_day (first readable file, if any),
--   state (overdue, to_correct, held, open, received, accepted_late, accepted, nil), days_late (civil days),
--   restated, corrected, reminders (messages beyond the notice), note (the reason given for a nil return, or that
--   it is no longer asked for; else empty),
--   escalation_held (why the manager kept it from going above the lead, may be empty).
SELECT agency_name, title, period, due_day, received_day, state, days_late, restated, corrected, reminders, note,
  escalation_held
FROM ledger.obligations
ORDER BY agency_name, title, period
