-- Of the staff who must be trained, how many have current safeguarding training, agency by agency?
-- Grain: one row for each period and agency, and one for all agencies of a period (category is NULL); a sum stands only
--   when every agency's number is known. An agency that owes the return and sent no figures is a row without numbers;
--   one that was excused is left out.
-- Columns: period; category, the agency; numerator, staff with current training; denominator, staff in scope; the
--   status of each. They count staff and no children: nothing is hidden.
WITH sent AS (
    SELECT period, agency, trained, trained_status, staff_in_scope, staff_in_scope_status
    FROM returns.training
    UNION ALL
    SELECT
        owed.period,
        owed.agency,
        CAST(NULL AS DECIMAL(18, 0)) AS trained,
        'x' AS trained_status,
        CAST(NULL AS DECIMAL(18, 0)) AS staff_in_scope,
        'x' AS staff_in_scope_status
    FROM ledger.punctuality AS owed
    LEFT JOIN returns.training ON training.period = owed.period AND training.agency = owed.agency
    WHERE owed.return_id = 'training' AND training.agency IS NULL
),
-- What is loaded of past periods was owed by nobody: the agency's name stands with what it owes now.
named AS (
    SELECT sent.*, coalesce(names.agency_name, sent.agency) AS agency_name
    FROM sent
    LEFT JOIN (SELECT agency, max(agency_name) AS agency_name FROM ledger.punctuality GROUP BY agency) AS names
        ON names.agency = sent.agency
)
SELECT
    period,
    agency_name AS category,
    CASE WHEN count(trained) = count(*) THEN sum(trained) END AS numerator,
    max(trained_status) AS numerator_status,
    CASE WHEN count(staff_in_scope) = count(*) THEN sum(staff_in_scope) END AS denominator,
    max(staff_in_scope_status) AS denominator_status
FROM named
GROUP BY GROUPING SETS ((period, agency_name), (period))
ORDER BY period, category
