-- Of the early help episodes that closed, how many went on to a social worker?
-- Grain: one row for each period.
-- Columns: period; numerator, episodes stepped up; denominator, episodes closed; the status of each.
SELECT
    period,
    stepped_up AS numerator,
    stepped_up_status AS numerator_status,
    episodes_closed AS denominator,
    episodes_closed_status AS denominator_status
FROM returns.early_help
ORDER BY period
