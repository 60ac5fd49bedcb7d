-- How many children were named in care applications, for each child in the area?
-- Grain: one row for each period; the population comes from children's services, and is not available until they sent it.
-- Columns: period; numerator, children in applications; denominator, children aged 0 to 17; the status of each.
WITH applications AS (
    SELECT
        period,
        CASE WHEN count(children) = count(*) THEN sum(children) END AS children,
        max(children_status) AS children_status
    FROM returns.care_applications
    GROUP BY period
)
SELECT
    applications.period,
    children AS numerator,
    children_status AS numerator_status,
    children_0_17 AS denominator,
    CASE WHEN children_0_17 IS NULL THEN coalesce(children_0_17_status, 'x') END AS denominator_status
FROM applications
LEFT JOIN returns.child_protection ON child_protection.period = applications.period
ORDER BY applications.period
