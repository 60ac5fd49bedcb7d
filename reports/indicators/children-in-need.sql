-- How many children were in need on the last day of the quarter, for each child in the area?
-- Grain: one row for each period; the population comes from the child protection return, and is not available until it
--   was sent.
-- Columns: period; numerator, children in need; denominator, children aged 0 to 17; the status of each.
SELECT
    protection_activity.period,
    children_in_need AS numerator,
    children_in_need_status AS numerator_status,
    children_0_17 AS denominator,
    CASE WHEN children_0_17 IS NULL THEN coalesce(children_0_17_status, 'x') END AS denominator_status
FROM returns.protection_activity
LEFT JOIN models.children ON children.period = protection_activity.period
ORDER BY protection_activity.period
