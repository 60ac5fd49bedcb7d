-- Of the assessments that recorded factors, how many recorded sexual abuse or exploitation?
-- Grain: one row for each period.
-- Columns: period; numerator, assessments with sexual abuse or exploitation; denominator, assessments with factors; the
--   status of each.
SELECT
    period,
    sexual AS numerator,
    sexual_status AS numerator_status,
    with_factors AS denominator,
    with_factors_status AS denominator_status
FROM returns.assessments
ORDER BY period
