-- Of the episodes in which a child went missing, how many were followed by a return interview?
-- Grain: one row for each period, home and care together; a sum stands only when every part of it is known.
-- Columns: period; numerator, interviews held; denominator, missing episodes; the status of each.
SELECT
    period,
    CASE WHEN count(interviews) = count(*) THEN sum(interviews) END AS numerator,
    max(interviews_status) AS numerator_status,
    CASE WHEN count(episodes) = count(*) THEN sum(episodes) END AS denominator,
    max(episodes_status) AS denominator_status
FROM returns.return_interviews
GROUP BY period
ORDER BY period
