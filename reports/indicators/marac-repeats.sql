-- Of the cases that MARAC discussed, how many had been discussed before?
-- Grain: one row for each period.
-- Columns: period; numerator, repeat cases; denominator, cases; the status of each.
SELECT
    period,
    repeat_cases AS numerator,
    repeat_cases_status AS numerator_status,
    cases AS denominator,
    cases_status AS denominator_status
FROM returns.marac
ORDER BY period
