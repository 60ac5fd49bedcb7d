-- Of the pupils on the roll, how many were persistently absent?
-- Grain: one row for each period, all schools together; a sum stands only when every school's number is known.
-- Columns: period; numerator, pupils persistently absent; denominator, pupils; the status of each.
SELECT
    period,
    CASE WHEN count(persistently_absent) = count(*) THEN sum(persistently_absent) END AS numerator,
    max(persistently_absent_status) AS numerator_status,
    CASE WHEN count(pupils) = count(*) THEN sum(pupils) END AS denominator,
    max(pupils_status) AS denominator_status
FROM returns.persistent_absence
GROUP BY period
ORDER BY period
