-- Of the assessments completed, how many were completed within 45 working days?
-- Grain: one row for each period.
-- Columns: period; numerator, assessments in time; denominator, assessments completed; the status of each.
SELECT
    period,
    in_time AS numerator,
    in_time_status AS numerator_status,
    completed AS denominator,
    completed_status AS denominator_status
FROM returns.assessments
ORDER BY period
