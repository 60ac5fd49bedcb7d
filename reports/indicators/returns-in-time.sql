-- How many of the returns that were due arrived in time?
-- Grain: one row for each quarter and agency, and one for all agencies of a quarter (category is NULL); a return belongs
--   to the quarter in which its period ends.
-- Columns: period, the quarter; category, the agency; numerator, returns whose first readable file arrived by the due
--   instant; denominator, returns that were due or have arrived. They count returns and no people: nothing is hidden.
SELECT
    quarter AS period,
    agency_name AS category,
    count(*) FILTER (WHERE on_time) AS numerator,
    count(*) AS denominator
FROM ledger.punctuality
WHERE on_time IS NOT NULL
GROUP BY GROUPING SETS ((quarter, agency_name), (quarter))
ORDER BY period, category
