-- How many children aged 0 to 17 live in the area?
-- Grain: one row for each quarter of which children's services have sent their protection plans.
-- Columns: period; children_0_17, the mid-year estimate of the year before; children_0_17_status.
SELECT
    period,
    children_0_17,
    children_0_17_status
FROM returns.child_protection
