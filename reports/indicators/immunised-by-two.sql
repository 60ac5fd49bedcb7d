-- Of the children who turned two, how many had completed the six-in-one course?
-- Grain: one row for each period, all networks together; a sum stands only when every network's number is known.
-- Columns: period; numerator, children immunised; denominator, children who turned two; the status of each.
SELECT
    period,
    CASE WHEN count(immunised) = count(*) THEN sum(immunised) END AS numerator,
    max(immunised_status) AS numerator_status,
    CASE WHEN count(children_aged_two) = count(*) THEN sum(children_aged_two) END AS denominator,
    max(children_aged_two_status) AS denominator_status
FROM returns.immunisations
GROUP BY period
ORDER BY period
