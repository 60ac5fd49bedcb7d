-- Of the reports that were due to child protection conferences, how many came on time, agency by agency?
-- Grain: one row for each period and agency, and one for all agencies of a period (category is NULL); a sum stands only
--   when every agency's number is known.
-- Columns: period; category, the agency that owed the reports; numerator, reports on time; denominator, reports due;
--   the status of each. They count reports and no people: nothing is hidden.
SELECT
    period,
    report_from AS category,
    CASE WHEN count(in_time) = count(*) THEN sum(in_time) END AS numerator,
    max(in_time_status) AS numerator_status,
    CASE WHEN count(due) = count(*) THEN sum(due) END AS denominator,
    max(due_status) AS denominator_status
FROM returns.conference_reports
GROUP BY GROUPING SETS ((period, report_from), (period))
ORDER BY period, category
