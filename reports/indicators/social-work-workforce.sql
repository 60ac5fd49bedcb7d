-- How many social work posts are vacant, how many social workers left, how many come from an agency, for all posts?
-- Grain: one row for each period and part: vacancy, turnover and agency use. The row of the period itself (category is
--   NULL) is the vacancy: the parts are shares of the same posts and do not add up to anything.
-- Columns: period; category, the part; numerator, vacant posts, leavers in 12 months or agency workers; denominator,
--   posts; the status of each. They count staff and no children: nothing is hidden.
SELECT
    period,
    CAST(NULL AS VARCHAR) AS category,
    vacant AS numerator,
    vacant_status AS numerator_status,
    posts AS denominator,
    posts_status AS denominator_status
FROM returns.social_workers
UNION ALL
SELECT
    period,
    'vacancy' AS category,
    vacant AS numerator,
    vacant_status AS numerator_status,
    posts AS denominator,
    posts_status AS denominator_status
FROM returns.social_workers
UNION ALL
SELECT
    period,
    'turnover' AS category,
    leavers AS numerator,
    leavers_status AS numerator_status,
    posts AS denominator,
    posts_status AS denominator_status
FROM returns.social_workers
UNION ALL
SELECT
    period,
    'agency use' AS category,
    agency_workers AS numerator,
    agency_workers_status AS numerator_status,
    posts AS denominator,
    posts_status AS denominator_status
FROM returns.social_workers
ORDER BY period, category
