-- How many under-18s were referred to Prevent?
-- Grain: one row for each period; a nil return says that there were none, so it counts as 0.
-- Columns: period; numerator, referrals; numerator_status, why there is no number.
SELECT
    period,
    referrals AS numerator,
    referrals_status AS numerator_status
FROM returns.prevent_referrals
UNION ALL
SELECT
    period,
    CAST(0 AS DECIMAL(18, 0)) AS numerator,
    CAST(NULL AS VARCHAR) AS numerator_status
FROM ledger.obligations
WHERE return_id = 'prevent-referrals' AND state = 'nil'
ORDER BY period
