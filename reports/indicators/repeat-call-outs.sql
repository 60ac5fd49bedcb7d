-- How many call-outs to domestic abuse were to a household that had one before?
-- Grain: one row for each period.
-- Columns: period; numerator, repeat call-outs; numerator_status, why there is no number.
SELECT
    period,
    repeat_call_outs AS numerator,
    repeat_call_outs_status AS numerator_status
FROM returns.domestic_abuse
ORDER BY period
