-- Of the assessments that recorded factors, how many recorded neglect?
-- Grain: one row for each period.
-- Columns: period; numerator, assessments with neglect; denominator, assessments with factors; the status of each.
SELECT
    period,
    neglect AS numerator,
    neglect_status AS numerator_status,
    with_factors AS denominator,
    with_factors_status AS denominator_status
FROM returns.assessments
ORDER BY period
