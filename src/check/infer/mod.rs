//! What a return's contract could be, from one real file of it.
//!
//! The file is read once, row by row; of its values only those are kept that a code list needs and that stand in it often
//! enough to be nobody's. Whoever knows the return completes what no file can say: what it is for and on what ground.

mod column;
pub mod elements;
mod key;
mod write;
mod xml_sample;

use super::{ColumnType, headings::plain};
use crate::{
    decode::{DecodeError, Sheet, is_unnamed},
    domain::Period,
};

use column::{Observed, names_somebody};
use key::Rows;

pub use write::{definition, sample};
pub use xml_sample::xml_sample;

/// One table of a file, as its cells suggest it.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The workbook's sheet.
    pub sheet: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// The heading of the column that names the period, and the one period it names.
    pub period: Option<(String, Period)>,
    /// Columns that together are unique, by their names in SQL.
    pub unique: Vec<String>,
    /// Texts that stand where a number is missing, besides the usual symbols.
    pub missing: Vec<String>,
    /// The columns.
    pub columns: Vec<Guess>,
    /// Columns that cannot be told apart by a heading; they are left aside.
    pub left_aside: Vec<String>,
}

/// One column, as its cells suggest it.
#[derive(Debug, Clone)]
pub struct Guess {
    /// Its name in SQL.
    pub name: String,
    /// Its heading.
    pub heading: String,
    /// What its cells hold.
    pub kind: ColumnType,
    /// Whether every row has it.
    pub required: bool,
    /// Whether no number in it is below zero.
    pub no_less_than_zero: bool,
    /// The texts it may hold, where they are few and each stands there often.
    pub allowed: Vec<String>,
    /// The usual symbols found in it.
    pub symbols: Vec<String>,
}

/// Reads the sheets of a file to their ends; of XML the headings are paths.
///
/// # Errors
/// When a row cannot be read.
pub fn infer(sheets: Vec<Sheet>, is_xml: bool) -> Result<Vec<Shape>, DecodeError> {
    sheets.into_iter().map(|sheet| shape(sheet, is_xml)).collect()
}

fn shape(sheet: Sheet, is_xml: bool) -> Result<Shape, DecodeError> {
    let mut observed: Vec<Observed> = sheet.columns.iter().map(|_| Observed::default()).collect();
    let mut rows = Rows::default();
    for batch in sheet.rows {
        let batch = batch?;
        for (place, column) in observed.iter_mut().enumerate() {
            column.look(&batch, place + 1);
        }
        rows.look(&batch);
    }
    let total = rows.total();
    // A word in place of a number is one for the whole table.
    let mut missing: Vec<String> = observed.iter().flat_map(|column| column.missing(total)).collect();
    missing.sort();
    missing.dedup();
    let mut shape = Shape {
        sheet: sheet.name.map(|name| name.trim().to_owned()),
        rows: total,
        period: None,
        unique: Vec::new(),
        missing,
        columns: Vec::new(),
        left_aside: Vec::new(),
    };
    let mut taken: Vec<(String, String)> = Vec::new();
    let mut places = Vec::new();
    for (place, heading) in sheet.columns.iter().enumerate() {
        let is_loose_text = is_xml && heading.ends_with("text()");
        if is_loose_text || is_unnamed(heading) || taken.iter().any(|(known, _)| *known == plain(heading)) {
            shape.left_aside.push(heading.clone());
            continue;
        }
        let column = &observed[place];
        if let (None, Some(period)) = (&shape.period, column.only_period(total)) {
            shape.period = Some((heading.clone(), period));
            taken.push((plain(heading), String::new()));
            continue;
        }
        let called = match (is_xml, &shape.sheet) {
            (true, Some(rows)) => elements::name_of(rows, heading),
            _ => heading.clone(),
        };
        let kind = column.kind(&called, &shape.missing);
        let name = unused(&sql_name(&called), kind, &taken);
        taken.push((plain(heading), name.clone()));
        places.push(place);
        shape.columns.push(Guess {
            name,
            heading: heading.clone(),
            kind,
            required: column.is_required(total, kind, &shape.missing),
            no_less_than_zero: kind.is_measure() && column.no_less_than_zero(),
            allowed: match kind {
                ColumnType::Text if !names_somebody(&called) => column.few(&shape.missing),
                _ => Vec::new(),
            },
            symbols: if kind.is_measure() { column.symbols() } else { Vec::new() },
        });
    }
    let may_be_key =
        |column: &Guess| column.required && !matches!(column.kind, ColumnType::Decimal(_) | ColumnType::Boolean);
    let candidates: Vec<(usize, &Guess)> =
        places.iter().copied().zip(&shape.columns).filter(|(_, column)| may_be_key(column)).collect();
    shape.unique = rows.key(&candidates);
    Ok(shape)
}

/// A heading as a name in SQL.
pub(super) fn sql_name(heading: &str) -> String {
    let mut name = String::new();
    for c in heading.trim().chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            '%' if name.is_empty() || name.ends_with('_') => name.push_str("percent"),
            '%' => name.push_str("_percent"),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    let name: String = name.trim_end_matches('_').chars().take(48).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        Some(_) => format!("n_{name}"),
        None => "column".to_owned(),
    }
}

/// A name that neither another column nor the warehouse has.
fn unused(name: &str, kind: ColumnType, taken: &[(String, String)]) -> String {
    const OWN: [&str; 5] = ["return_id", "agency", "period", "submission", "row"];
    let name = if OWN.contains(&name) { format!("file_{name}") } else { name.to_owned() };
    let clashes = |name: &str| {
        let known = |wanted: &str| taken.iter().any(|(_, known)| known == wanted);
        let of_status = name.strip_suffix("_status").is_some_and(known);
        known(name) || of_status || (kind.is_measure() && known(&format!("{name}_status")))
    };
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !clashes(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_names_that_sql_takes() {
        for (heading, name) in [
            ("Children missing from home", "children_missing_from_home"),
            ("% within 72 hours", "percent_within_72_hours"),
            ("2019 count", "n_2019_count"),
            ("£", "column"),
            ("LA (code)", "la_code"),
        ] {
            assert_eq!(sql_name(heading), name);
        }
        let taken = vec![("rate".to_owned(), "rate".to_owned())];
        assert_eq!(unused("period", ColumnType::Text, &[]), "file_period");
        assert_eq!(unused("rate", ColumnType::Text, &taken), "rate_2");
        assert_eq!(unused("rate_status", ColumnType::Text, &taken), "rate_status_2");
    }
}
