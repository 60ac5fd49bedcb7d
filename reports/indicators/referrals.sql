-- How many referrals did children's social care accept, for each child in the area?
-- Grain: one row for each period, all sources together. The population comes from the child protection return, and is
--   not available until it was sent.
-- Columns: period; numerator, referrals; denominator, children aged 0 to 17; the status of each.
SELECT
    referral_totals.period,
    referrals AS numerator,
    referrals_status AS numerator_status,
    children_0_17 AS denominator,
    CASE WHEN children_0_17 IS NULL THEN coalesce(children_0_17_status, 'x') END AS denominator_status
FROM models.referral_totals
LEFT JOIN models.children ON children.period = referral_totals.period
ORDER BY referral_totals.period
