-- Of the protection plans started, how many were a child's second or a later one?
-- Grain: one row for each period.
-- Columns: period; numerator, second or later plans; denominator, plans started; the status of each.
SELECT
    period,
    second_or_subsequent AS numerator,
    second_or_subsequent_status AS numerator_status,
    plans_started AS denominator,
    plans_started_status AS denominator_status
FROM returns.child_protection
ORDER BY period
