-- Of the protection plans open for three months or more, how many had every review on time?
-- Grain: one row for each period.
-- Columns: period; numerator, plans reviewed on time; denominator, plans open three months or more; the status of each.
SELECT
    period,
    reviewed_in_time AS numerator,
    reviewed_in_time_status AS numerator_status,
    plans_reviewable AS denominator,
    plans_reviewable_status AS denominator_status
FROM returns.protection_activity
ORDER BY period
