-- How many children had a protection plan on the last day of the quarter, for each child in the area?
-- Grain: one row for each period.
-- Columns: period; numerator, plans open; denominator, children aged 0 to 17; the status of each.
SELECT
    period,
    plans_open AS numerator,
    plans_open_status AS numerator_status,
    children_0_17 AS denominator,
    children_0_17_status AS denominator_status
FROM returns.child_protection
ORDER BY period
