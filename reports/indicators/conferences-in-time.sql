-- Of the children who had an initial conference, how many had it within 15 working days?
-- Grain: one row for each period.
-- Columns: period; numerator, children with a conference in time; denominator, children with a conference; the status
--   of each.
SELECT
    period,
    conferences_in_time AS numerator,
    conferences_in_time_status AS numerator_status,
    conferences AS denominator,
    conferences_status AS denominator_status
FROM returns.protection_activity
ORDER BY period
