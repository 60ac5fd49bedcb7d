-- How many children were missing education on the last day of the quarter?
-- Grain: one row for each period.
-- Columns: period; numerator, the children; numerator_status, why there is no number.
SELECT
    period,
    children AS numerator,
    children_status AS numerator_status
FROM returns.missing_education
ORDER BY period
