-- How many children were in early help on the last day of the quarter?
-- Grain: one row for each period.
-- Columns: period; numerator, episodes open; numerator_status, why there is no number.
SELECT
    period,
    episodes_open AS numerator,
    episodes_open_status AS numerator_status
FROM returns.early_help
ORDER BY period
