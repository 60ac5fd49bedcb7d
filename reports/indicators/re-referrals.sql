-- Of the referrals, how many came within 12 months of an earlier one?
-- Grain: one row for each period, all sources together.
-- Columns: period; numerator, re-referrals; denominator, referrals; the status of each.
SELECT
    period,
    re_referrals AS numerator,
    re_referrals_status AS numerator_status,
    referrals AS denominator,
    referrals_status AS denominator_status
FROM models.referral_totals
ORDER BY period
