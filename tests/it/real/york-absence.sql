-- What share of sessions did York's {pupils} pupils miss from one release to the next?
-- Grain: one row for each release. Releases count from September on, so what is new in one is its difference from the
--   release before it in the same school year; in a year's first release all is new.
-- Columns: period, the release's date; numerator, sessions missed; denominator, possible sessions; status x where a
--   count has fallen (an earlier figure was restated) or is more than a school year can hold: no value, either way.
WITH york AS (
    SELECT period, year, overall_absence, possible_sessions, possible_sessions > 400 * enrolments AS is_impossible
    FROM reference.attendance
    WHERE la_code = 'E06000014' AND school_type = '{phase}'
),
added AS (
    SELECT
        period,
        overall_absence - coalesce(lag(overall_absence) OVER releases, 0) AS missed,
        possible_sessions - coalesce(lag(possible_sessions) OVER releases, 0) AS possible,
        is_impossible
    FROM york
    WINDOW releases AS (PARTITION BY year ORDER BY period)
)
SELECT
    period,
    missed AS numerator,
    CASE WHEN missed < 0 OR possible < 0 OR is_impossible THEN 'x' END AS numerator_status,
    possible AS denominator,
    CASE WHEN missed < 0 OR possible < 0 OR is_impossible THEN 'x' END AS denominator_status
FROM added
ORDER BY period
