-- Of how many incidents of domestic abuse with a child present was children's services told?
-- Grain: one row for each period.
-- Columns: period; numerator, the notifications; numerator_status, why there is no number.
SELECT
    period,
    with_child AS numerator,
    with_child_status AS numerator_status
FROM returns.domestic_abuse
ORDER BY period
