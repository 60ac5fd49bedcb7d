-- Of the referrals, how many were closed without an assessment?
-- Grain: one row for each period, all sources together.
-- Columns: period; numerator, referrals with no further action; denominator, referrals; the status of each.
SELECT
    period,
    no_further_action AS numerator,
    no_further_action_status AS numerator_status,
    referrals AS denominator,
    referrals_status AS denominator_status
FROM models.referral_totals
ORDER BY period
