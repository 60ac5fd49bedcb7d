-- What share of the plans started in a year were second or later ones, in England and in each council?
-- Grain: one row for each release, period and area.
-- Columns: release, the date it was published; period; area; role, what the area is to us; value in per cent; status.
SELECT
    period AS release,
    time_period AS period,
    area,
    CASE
        WHEN area = 'Exampleshire' THEN 'ours'
        WHEN area_type = 'country' THEN 'england'
        WHEN area_type = 'region' THEN 'region'
        WHEN statistical_neighbour THEN 'neighbour'
        ELSE 'other'
    END AS role,
    value,
    value_status AS status
FROM reference.benchmarks
WHERE measure = 'second-plans'
ORDER BY release, time_period, la_number
