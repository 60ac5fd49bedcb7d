-- How many young people entered the youth justice system for the first time, for each young person in the area?
-- Grain: one row for each period, both age bands together; a sum stands only when both are known.
-- Columns: period; numerator, first-time entrants; denominator, young people aged 10 to 17; the status of each.
SELECT
    period,
    CASE WHEN count(entrants) = count(*) THEN sum(entrants) END AS numerator,
    max(entrants_status) AS numerator_status,
    CASE WHEN count(young_people) = count(*) THEN sum(young_people) END AS denominator,
    max(young_people_status) AS denominator_status
FROM returns.first_time_entrants
GROUP BY period
ORDER BY period
