-- How many enquiries under section 47 began, for each child in the area?
-- Grain: one row for each period; the population comes from the child protection return, and is not available until it
--   was sent.
-- Columns: period; numerator, enquiries; denominator, children aged 0 to 17; the status of each.
SELECT
    protection_activity.period,
    section_47 AS numerator,
    section_47_status AS numerator_status,
    children_0_17 AS denominator,
    CASE WHEN children_0_17 IS NULL THEN coalesce(children_0_17_status, 'x') END AS denominator_status
FROM returns.protection_activity
LEFT JOIN models.children ON children.period = protection_activity.period
ORDER BY protection_activity.period
