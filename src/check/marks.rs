//! What a query is about, so that an explanation of it stands for a later file: the rule, the row's key and the figure.
//!
//! Only digests leave here. A row about one child has none: so little can be guessed.

use arrow::{array::RecordBatch, util::display::array_value_to_string};

use super::{Finding, Severity, Summed, TableContract, findings::rule, headings::plain, table::status_of};
use crate::domain::sha256;

/// The mark of a query about a row of the warehouse; none for anything else.
pub(super) fn of_row(table: &TableContract, finding: &Finding, batch: &RecordBatch, at: usize) -> Option<String> {
    if finding.severity != Severity::Query {
        return None;
    }
    let mut columns: Vec<&str> = table.unique.iter().map(String::as_str).collect();
    if columns.is_empty() {
        // Without a key, what is no figure in a row says which one it is.
        let told_apart = table.columns.iter().filter(|column| !column.kind.is_measure());
        columns.extend(told_apart.map(|column| column.name.as_str()));
        if columns.is_empty() && table.most_rows != Some(1) {
            return None;
        }
    }
    if let Some(rule) = table.rules.iter().find(|rule| rule.id == finding.rule) {
        columns
            .extend(table.columns.iter().map(|column| column.name.as_str()).filter(|name| speaks_of(&rule.sql, name)));
    } else if let Some(compare) = table.compares.iter().find(|compare| compare.id == finding.rule) {
        columns.extend(compare.key.iter().map(String::as_str).chain([compare.column.as_str()]));
    } else if let Some(sum) = table.totals.iter().find(|sum| sum.id == finding.rule) {
        match &sum.of {
            Summed::Columns { total, parts } => columns.extend(parts.iter().chain([total]).map(String::as_str)),
            // The figures of other rows are not known here.
            Summed::Rows { .. } => return None,
        }
    } else {
        let heading = plain(finding.heading.as_deref()?);
        let column = table.columns.iter().find(|column| column.headings.iter().any(|known| plain(known) == heading))?;
        columns.push(&column.name);
    }
    let mut parts = vec![table.name.clone(), finding.rule.clone()];
    for name in columns {
        for name in [name.to_owned(), status_of(name)] {
            if let Some(array) = batch.column_by_name(&name) {
                parts.push(format!("{name}={}", array_value_to_string(array, at).ok()?));
            }
        }
    }
    Some(sha256(parts.join("\0")))
}

/// The mark of a query about a heading that the contract does not know: it stays the same question. Of anything else about
/// a whole column or sheet the figures are not known here.
pub(super) fn of_whole(finding: &Finding) -> Option<String> {
    let heading = finding.heading.as_deref().map(plain).unwrap_or_default();
    let is_heading = finding.rule == rule::UNKNOWN || finding.rule == rule::NEW;
    let whole = finding.severity == Severity::Query && finding.row.is_none() && is_heading;
    whole.then(|| sha256([finding.table.as_str(), &finding.rule, &heading].join("\0")))
}

/// Whether a condition names a column.
fn speaks_of(sql: &str, column: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    sql.split(|c| !is_word(c)).any(|word| word.eq_ignore_ascii_case(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_speaks_of_the_columns_it_names() {
        assert!(speaks_of("interviews <= episodes_home", "interviews") && speaks_of("coalesce(\"N\",0)>1", "n"));
        assert!(!speaks_of("interviews_held <= 1", "interviews"));
    }
}
