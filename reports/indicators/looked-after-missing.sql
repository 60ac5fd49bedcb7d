-- How many looked-after children went missing in the quarter, for all who are looked after?
-- Grain: one row for each period.
-- Columns: period; numerator, looked-after children who went missing; denominator, looked-after children; the status of
--   each.
SELECT
    period,
    looked_after_missing AS numerator,
    looked_after_missing_status AS numerator_status,
    looked_after AS denominator,
    looked_after_status AS denominator_status
FROM returns.protection_activity
ORDER BY period
