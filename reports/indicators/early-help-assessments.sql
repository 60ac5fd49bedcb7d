-- How many early help assessments were completed?
-- Grain: one row for each period.
-- Columns: period; numerator, the assessments; numerator_status, why there is no number.
SELECT
    period,
    assessments_completed AS numerator,
    assessments_completed_status AS numerator_status
FROM returns.early_help
ORDER BY period
