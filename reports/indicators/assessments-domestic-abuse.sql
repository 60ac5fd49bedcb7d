-- Of the assessments that recorded factors, how many recorded domestic abuse?
-- Grain: one row for each period.
-- Columns: period; numerator, assessments with domestic abuse; denominator, assessments with factors; the status of
--   each.
SELECT
    period,
    domestic_abuse AS numerator,
    domestic_abuse_status AS numerator_status,
    with_factors AS denominator,
    with_factors_status AS denominator_status
FROM returns.assessments
ORDER BY period
