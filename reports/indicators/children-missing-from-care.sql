-- How many children were reported missing from care?
-- Grain: one row for each period.
-- Columns: period; numerator, the children; numerator_status, why there is no number.
SELECT
    period,
    missing_from_care AS numerator,
    missing_from_care_status AS numerator_status
FROM returns.missing_children
ORDER BY period
