-- How many suspensions were there, for all pupils on the roll?
-- Grain: one row for each period, all phases together; a sum stands only when every phase's number is known.
-- Columns: period; numerator, suspensions; denominator, pupils; the status of each.
SELECT
    period,
    CASE WHEN count(suspensions) = count(*) THEN sum(suspensions) END AS numerator,
    max(suspensions_status) AS numerator_status,
    CASE WHEN count(pupils) = count(*) THEN sum(pupils) END AS denominator,
    max(pupils_status) AS denominator_status
FROM returns.suspensions
GROUP BY period
ORDER BY period
