-- How many referrals came to children's social care, from all sources together?
-- Grain: one row for each period; a sum stands only when every source's number is known.
-- Columns: period; referrals, re_referrals (within 12 months of an earlier one), no_further_action; the status of each.
SELECT
    period,
    CASE WHEN count(referrals) = count(*) THEN sum(referrals) END AS referrals,
    max(referrals_status) AS referrals_status,
    CASE WHEN count(re_referrals) = count(*) THEN sum(re_referrals) END AS re_referrals,
    max(re_referrals_status) AS re_referrals_status,
    CASE WHEN count(no_further_action) = count(*) THEN sum(no_further_action) END AS no_further_action,
    max(no_further_action_status) AS no_further_action_status
FROM returns.referrals
GROUP BY period
