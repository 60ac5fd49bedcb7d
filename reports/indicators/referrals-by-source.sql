-- Of the referrals, how many came from police, schools and health?
-- Grain: one row for each period and source, and one for the three together (category is NULL); a sum stands only when
--   every number in it is known.
-- Columns: period; category, the source; numerator, its referrals; denominator, referrals from all sources, others too;
--   the status of each.
WITH all_referrals AS (
    SELECT
        period,
        CASE WHEN count(referrals) = count(*) THEN sum(referrals) END AS referrals,
        max(referrals_status) AS referrals_status
    FROM returns.referrals
    GROUP BY period
)
SELECT
    referrals.period,
    source AS category,
    CASE WHEN count(referrals.referrals) = count(*) THEN sum(referrals.referrals) END AS numerator,
    max(referrals.referrals_status) AS numerator_status,
    max(all_referrals.referrals) AS denominator,
    max(all_referrals.referrals_status) AS denominator_status
FROM returns.referrals
INNER JOIN all_referrals ON all_referrals.period = referrals.period
WHERE source IN ('police', 'schools', 'health')
GROUP BY GROUPING SETS ((referrals.period, source), (referrals.period))
ORDER BY period, category
