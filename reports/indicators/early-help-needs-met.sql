-- Of the early help episodes that closed, how many closed with the family's needs met?
-- Grain: one row for each period.
-- Columns: period; numerator, episodes closed with needs met; denominator, episodes closed; the status of each.
SELECT
    period,
    closed_needs_met AS numerator,
    closed_needs_met_status AS numerator_status,
    episodes_closed AS denominator,
    episodes_closed_status AS denominator_status
FROM returns.early_help
ORDER BY period
