-- What was agreed, by whom, by when, and how far is it?
-- Grain: one row per action and period in which its progress was told; the pack keeps the newest period up to its own.
-- Columns: action, owner, due (date), period, status (on time, at risk, overdue, done, not started), progress (may be
--   empty), indicator (identifier of the indicator it was agreed for, may be empty).
SELECT action, owner, due, period, status, progress, indicator
FROM returns.actions
ORDER BY period, due, action
