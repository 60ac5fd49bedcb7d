-- How many children were reported missing from home?
-- Grain: one row for each period.
-- Columns: period; numerator, the children; numerator_status, why there is no number.
SELECT
    period,
    missing_from_home AS numerator,
    missing_from_home_status AS numerator_status
FROM returns.missing_children
ORDER BY period
