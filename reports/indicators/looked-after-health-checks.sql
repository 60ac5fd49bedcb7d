-- Of the looked-after children, how many had an up-to-date health check?
-- Grain: one row for each period.
-- Columns: period; numerator, children with an up-to-date check; denominator, looked-after children; the status of
--   each.
SELECT
    period,
    checks_done AS numerator,
    checks_done_status AS numerator_status,
    looked_after AS denominator,
    looked_after_status AS denominator_status
FROM returns.looked_after_health
ORDER BY period
