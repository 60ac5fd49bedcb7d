-- Of the protection plans open on the last day of the quarter, how many are there because of neglect?
-- Grain: one row for each period; the whole stands only when every category's number is known.
-- Columns: period; numerator, plans of the category neglect; denominator, plans of all categories; the status of each.
SELECT
    period,
    sum(plans_open) FILTER (WHERE category = 'neglect') AS numerator,
    max(plans_open_status) FILTER (WHERE category = 'neglect') AS numerator_status,
    CASE WHEN count(plans_open) = count(*) THEN sum(plans_open) END AS denominator,
    max(plans_open_status) AS denominator_status
FROM returns.plan_categories
GROUP BY period
ORDER BY period
