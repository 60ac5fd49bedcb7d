-- How many children under 15 were admitted to hospital with an injury, for each child of that age?
-- Grain: one row for each period.
-- Columns: period; numerator, admissions; denominator, children aged 0 to 14; the status of each.
SELECT
    period,
    injury_0_14 AS numerator,
    injury_0_14_status AS numerator_status,
    population_0_14 AS denominator,
    population_0_14_status AS denominator_status
FROM returns.admissions
ORDER BY period
