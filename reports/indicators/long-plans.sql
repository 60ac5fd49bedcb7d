-- Of the protection plans that ended, how many had lasted two years or more?
-- Grain: one row for each period.
-- Columns: period; numerator, plans of two years or more; denominator, plans ended; the status of each.
SELECT
    period,
    two_years_or_more AS numerator,
    two_years_or_more_status AS numerator_status,
    plans_ended AS denominator,
    plans_ended_status AS denominator_status
FROM returns.child_protection
ORDER BY period
