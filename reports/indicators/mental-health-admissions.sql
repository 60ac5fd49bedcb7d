-- How many children were admitted to hospital for their mental health, for each child in the area?
-- Grain: one row for each period.
-- Columns: period; numerator, admissions; denominator, children aged 0 to 17; the status of each.
SELECT
    period,
    mental_health_0_17 AS numerator,
    mental_health_0_17_status AS numerator_status,
    population_0_17 AS denominator,
    population_0_17_status AS denominator_status
FROM returns.admissions
ORDER BY period
