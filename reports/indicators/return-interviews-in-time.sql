-- Of the return interviews held, how many were held within 72 hours?
-- Grain: one row for each period, home and care together; a sum stands only when every part of it is known.
-- Columns: period; numerator, interviews in time; denominator, interviews held; the status of each.
SELECT
    period,
    CASE WHEN count(within_72_hours) = count(*) THEN sum(within_72_hours) END AS numerator,
    max(within_72_hours_status) AS numerator_status,
    CASE WHEN count(interviews) = count(*) THEN sum(interviews) END AS denominator,
    max(interviews_status) AS denominator_status
FROM returns.return_interviews
GROUP BY period
ORDER BY period
